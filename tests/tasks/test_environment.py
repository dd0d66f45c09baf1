from pathlib import Path

import pytest

from tasks.core.errors import ConfigError
from tasks.environment import read_environment


def test_variables_and_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not set has its default; other variables are nothing to us."""
    monkeypatch.delenv("CHURN_HOME", raising=False)
    monkeypatch.delenv("CHURN_PREFECT_WAIT_SECONDS", raising=False)
    monkeypatch.setenv("CHURN_OF_ANOTHER_PROGRAM", "1")
    assert (read_environment().home, read_environment().prefect_wait_seconds) == (Path("var"), 8.0)

    monkeypatch.setenv("CHURN_HOME", "/srv/churn")
    monkeypatch.setenv("PREFECT_HOME", "/srv/prefect")
    monkeypatch.setenv("CHURN_PREFECT_WAIT_SECONDS", "0.5")
    assert (read_environment().home, read_environment().prefect_wait_seconds) == (Path("/srv/churn"), 0.5)
    assert read_environment().prefect_home == Path("/srv/prefect")


def test_prefects_folder_is_read_as_prefect_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is expanded."""
    monkeypatch.setenv("HOME", "/home/churn")
    monkeypatch.setenv("PREFECT_HOME", "~/pf")
    assert read_environment().prefect_home == Path("/home/churn/pf")


@pytest.mark.parametrize(
    ("given", "folder"),
    [(None, "/home/churn/.config"), ("", "/home/churn/.config"), ("settings", "/home/churn/.config"),
     ("/etc/xdg", "/etc/xdg"), ("~/s", "/home/churn/s")],
)  # fmt: skip
def test_a_key_is_made_among_the_users_settings(
    given: str | None, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty or relative XDG_CONFIG_HOME counts as not set."""
    monkeypatch.setenv("HOME", "/home/churn")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if given is not None:
        monkeypatch.setenv("XDG_CONFIG_HOME", given)

    assert read_environment().key_file == Path(folder, "telconova-churn", "key")


def test_a_user_without_a_home_folder_has_no_key_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container: the other variables are read."""
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])

    assert read_environment().key_file is None


@pytest.mark.parametrize("name", ["CHURN_HOME", "PREFECT_HOME"])
def test_an_empty_folder_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be the current folder."""
    monkeypatch.setenv(name, "")

    with pytest.raises(ConfigError, match=rf"^{name}: .*is empty.*\. Correct or unset it\.$"):
        read_environment()


@pytest.mark.parametrize("given", ["abc", "-1", "", "99999", "1e9", "nan"])
def test_a_variable_out_of_bounds_is_named(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the variable and what to do."""
    monkeypatch.setenv("CHURN_PREFECT_WAIT_SECONDS", given)

    with pytest.raises(ConfigError, match=r"^CHURN_PREFECT_WAIT_SECONDS: .*\. Correct or unset it\.$"):
        read_environment()
