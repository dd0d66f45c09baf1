"""Permission is permission: a real other user meets files of root, and learns whose they are."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.config import Locations, ScoreConfig
from schemas.operations import AlarmPolicy
from tasks.core import access, errors
from tasks.core.access import cause_of, explain
from tasks.core.bundle.registry import find_bundle, open_champion, read_champion, read_history
from tasks.core.errors import AccessError, ChurnError, as_user_error
from tasks.core.operations.status import collect_status
from tasks.core.scores.folders import find_scores, published_folders, read_manifest
from tasks.core.scores.latest import read_latest
from tasks.core.settings import load_config
from tasks.core.steps import step
from tasks.core.storage.locks import locked
from tests.harness.another_user import NOBODY, only_root, open_folder, said_to_nobody
from tests.harness.deliveries import BUNDLE, INPUTS, publish_scores
from tests.harness.home import Home
from tests.harness.rights import bound_by_rights

ID = "a" * 16
NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def home(trained_home: Home) -> Iterator[Path]:
    """Make a home of root's, with a champion and scores, in a folder that others may enter."""
    with open_folder() as folder:
        shutil.copytree(trained_home.registry, folder / "registry")
        publish_scores(folder / "scores", NOW.date(), ID, NOW)
        (folder / "scores" / "latest.json").write_text("{}")
        for name in ("", "registry", "registry/bundles", "scores", "work"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o755)
        (folder / "work" / ".lock").touch(0o600)
        (folder / "night.yaml").touch(0o600)
        yield folder


def bundle_of(home: Path) -> Path:
    """Give the folder of the champion's bundle."""
    return next((home / "registry" / "bundles").iterdir())


def scores_of(home: Path) -> Path:
    """Give the folder of scores."""
    return next(path for path in (home / "scores").iterdir() if path.is_dir())


def lock(home: Path) -> None:
    """Take the lock of a home."""
    with locked(home / "work"):
        pass


READERS: dict[str, tuple[Callable[[Path], object], Callable[[Path], Path]]] = {
    "pointer": (lambda home: read_champion(home / "registry"), lambda home: home / "registry/champion.json"),
    "champion": (lambda home: open_champion(home / "registry"), lambda home: home / "registry/champion.json"),
    "history": (lambda home: read_history(home / "registry"), lambda home: home / "registry/history.jsonl"),
    "bundle": (
        lambda home: find_bundle(home / "registry", bundle_of(home).name),
        lambda home: bundle_of(home) / "manifest.json",
    ),
    "model": (lambda home: find_bundle(home / "registry", "0" * 16), bundle_of),
    "manifest": (lambda home: read_manifest(scores_of(home)), lambda home: scores_of(home) / "manifest.json"),
    "scores": (
        lambda home: find_scores(home / "scores", ID, BUNDLE, INPUTS.inputs_id),
        lambda home: scores_of(home) / "manifest.json",
    ),
    "latest": (lambda home: read_latest(home / "scores"), lambda home: home / "scores/latest.json"),
    "lock": (lock, lambda home: home / "work/.lock"),
}


@only_root
@pytest.mark.parametrize("reader", READERS)
def test_another_users_file_is_neither_damaged_nor_missing(reader: str, home: Path) -> None:
    """Path, owner and user are in the line, whatever is read; the code is that of permissions."""
    read, path_of = READERS[reader]
    path = path_of(home)
    for each in (
        home / "registry/champion.json",
        home / "registry/history.jsonl",
        home / "scores/latest.json",
    ):
        each.chmod(0o644 if path != each else 0o600)

    said = said_to_nobody(partial(read, home))

    assert isinstance(said, AccessError), said
    assert said.exit_code == 50
    assert str(said).startswith(f"'{path}' cannot be used: Permission denied. ")
    assert "belongs to 'root' (" in str(said)
    assert str(said).endswith(", and this runs as 'nobody'. Give 'nobody' the right to use it.")


@only_root
@pytest.mark.parametrize("name", ["registry", "registry/bundles", "scores"])
def test_a_folder_that_may_not_be_listed_is_not_empty(name: str, home: Path) -> None:
    """Neither is the registry without champions, nor are there no scores."""
    (home / "registry/champion.json").chmod(0o644)
    (home / name).chmod(0o711 if name != "registry" else 0o700)
    readers: dict[str, Callable[[], object]] = {
        "registry": partial(open_champion, home / "registry"),
        "registry/bundles": partial(find_bundle, home / "registry", "0" * 16),
        "scores": partial(published_folders, home / "scores"),
    }

    said = said_to_nobody(readers[name])

    assert isinstance(said, AccessError), said
    assert f"'{home / name}" in str(said)
    assert "belongs to 'root'" in str(said)


@only_root
def test_the_status_of_another_users_home_is_a_page_with_reasons(home: Path) -> None:
    """Each alarm says whose the file is; none advises to promote or to move anything away."""
    (home / "scores" / "latest.json").chmod(0o644)  # whatever the umask of this process
    status: Any = said_to_nobody(partial(collect_status, Locations(home=home), AlarmPolicy(), NOW))
    said = {alarm.code: alarm.message for alarm in status.alarms}

    assert {"champion_damaged", "scores_damaged"} <= said.keys()
    assert f"'{home}/registry/champion.json' cannot be used" in said["champion_damaged"]
    assert f"'{scores_of(home)}/manifest.json' cannot be used" in said["scores_damaged"]
    for code in ("champion_damaged", "scores_damaged"):
        assert "belongs to 'root'" in said[code]
        assert "promote" not in said[code]
        assert "ove" not in said[code].replace("above", "")


@only_root
def test_settings_of_another_user(home: Path) -> None:
    """A flag's file is refused as a setting, and said to be root's."""
    said = said_to_nobody(partial(load_config, ScoreConfig, home / "night.yaml", []))

    assert isinstance(said, errors.ConfigError)
    assert f"--config '{home}/night.yaml' cannot be used: Permission denied. It belongs to 'root'" in str(
        said
    )


@step("write")
def write(path: Path) -> None:
    """Write a file, as a step."""
    path.write_bytes(b"")


@only_root
def test_a_step_names_the_folder_and_never_the_file(home: Path) -> None:
    """The name of an extract may be personal; that of the folder it lies in is not."""
    (home / "work" / "Mary Smith.csv").touch(0o600)

    for name in ("New Smith.csv", "Mary Smith.csv"):
        said = said_to_nobody(partial(write, home / "work" / name))
        assert isinstance(said, ChurnError)
        assert f"'{home}/work'" in str(said)
        assert "belongs to 'root'" in str(said)
        assert "this runs as 'nobody'" in str(said)
        assert "Smith" not in str(said)


@only_root
def test_the_owner_is_named_where_it_is_not_root(home: Path) -> None:
    """Whoever may run as the owner may do so; nobody is sent to root."""
    os.chown(home / "work", NOBODY, NOBODY)
    error = PermissionError(errno.EACCES, "Permission denied")

    assert cause_of(error, home / "work/x").endswith(
        f"'{home}/work' belongs to 'nobody' (drwxr-xr-x), and this runs as 'root'."
        " Run as 'nobody', or give 'root' the right to use it."
    )
    os.chown(home / "work", 4_000_000, 0)
    assert "It belongs to 'user 4000000'" in cause_of(error, home / "work")


def test_other_errors_of_the_disk_have_other_advice(tmp_path: Path) -> None:
    """A read-only or a broken disk is not said to be a matter of rights."""
    path = tmp_path / "x"
    read_only = OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
    broken = OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    assert cause_of(read_only, path) == (
        f"'{path}' cannot be used: Read-only file system. Mount it for writing, or set CHURN_HOME to another"
        " folder."
    )
    assert cause_of(broken, path).endswith("Mount it, or free or repair its disk, then run again.")
    assert f"'{tmp_path}' is read-only" in explain(read_only)
    assert f"'{tmp_path}' is read-only" in str(as_user_error(read_only))
    assert explain(broken) == explain(PermissionError(errno.EACCES, "x")) == ""


def test_a_refusal_is_explained_without_the_name_of_the_file(tmp_path: Path) -> None:
    """By the file where it may not be read, by its folder where that is closed, or else by the file again."""
    folder, file = tmp_path / "work", tmp_path / "work" / "Mary Smith.csv"
    folder.mkdir()
    file.touch(0o000)
    refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    moved = OSError(errno.EACCES, os.strerror(errno.EACCES), str(file), None, str(tmp_path / "x"))
    with bound_by_rights():
        said = [explain(refused)]
        file.chmod(0o600)
        said += [explain(refused), explain(moved)]
        folder.chmod(0o500)
        said += [explain(refused), explain(moved)]
        folder.chmod(0o000)
        said.append(cause_of(refused, file))
    folder.chmod(0o700)

    assert [each.split(" belongs to")[0] for each in said] == [
        f"A file in '{folder}'",
        f"A file in '{folder}'",
        f"A file in '{folder}'",
        f"'{folder}'",
        f"'{folder}'",
        f"'{file}' cannot be used: Permission denied. '{folder}'",
    ]
    assert "Smith" not in "".join(said[:-1])


def test_what_cannot_be_seen_at_all_is_explained_by_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an owner to name, who runs is named."""
    monkeypatch.setattr(access, "_seen", lambda _: None)
    error = PermissionError(errno.EACCES, "Permission denied")

    assert ". This runs as '" in cause_of(error, Path("/x/y"))


def test_what_is_missing_stays_missing(tmp_path: Path) -> None:
    """A file that is not there is the reader's matter."""
    with pytest.raises(FileNotFoundError), errors.accessing(tmp_path / "x"):
        (tmp_path / "x").read_bytes()
    with pytest.raises(AccessError, match="Input/output error") as raised, errors.accessing(tmp_path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert isinstance(raised.value.__context__, OSError)  # by which a step is tried again
