import stat
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from tasks.core.errors import ConfigError
from tasks.core.storage.secret import Secret


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Several processes that start at once agree on one key; nothing else is left beside it."""
    path = tmp_path / "settings" / "key"
    with ThreadPool(8) as pool:
        keys = set(pool.map(lambda _: Secret(path).key("a purpose"), range(16)))

    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert Secret(path).key("a purpose") in keys


def test_a_key_differs_by_purpose_and_is_never_shown() -> None:
    """Whoever learns one derived key knows nothing of the others."""
    secret = Secret(Path("unused"), "0123456789" * 4)

    assert secret.key("objections") != secret.key("experiment")
    assert "0123456789" not in repr(secret)
    assert secret.key_id == Secret(Path("elsewhere"), " " + "0123456789" * 4 + "\n").key_id


@pytest.mark.parametrize("given", ["", "short"])
def test_a_key_that_can_be_guessed_is_refused(given: str, tmp_path: Path) -> None:
    """Given or from a file, with the place and what to do."""
    with pytest.raises(ConfigError, match="CHURN_KEY has fewer than 32 characters"):
        Secret(tmp_path / "key", given).key("x")
    (tmp_path / "key").write_text(given)
    with pytest.raises(ConfigError, match=r"the key file .*key has fewer than 32"):
        Secret(tmp_path / "key").key("x")


def test_a_key_file_that_cannot_be_made_says_what_else_helps(tmp_path: Path) -> None:
    """Its folder is a file."""
    (tmp_path / "settings").write_text("")
    with pytest.raises(ConfigError, match="Or set CHURN_KEY"):
        Secret(tmp_path / "settings" / "key").key("x")


def test_where_no_key_can_be_made_one_must_be_given() -> None:
    """A user without a home folder."""
    with pytest.raises(ConfigError, match=r"no home folder .* Set CHURN_KEY\.$"):
        Secret(None).key("x")
