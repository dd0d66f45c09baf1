import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from tasks.core.storage import atomic, locks, spill
from tests.harness.rights import bound_by_rights


def test_replace_keeps_the_old_file_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails leaves the old content and no leftovers."""
    path = tmp_path / "pointer"
    atomic.replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.replace_file(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_folder_and_those_above_it_are_private_and_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each new folder is private, and its name is synced in its parent."""
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)

    (tmp_path / "other").touch()

    made = atomic.make_folder(tmp_path / "above" / "folder")
    (made / "content").touch()
    atomic.make_folder(made)

    assert [oct(each.stat().st_mode & 0o777) for each in (made, made.parent)] == ["0o700"] * 2
    assert synced == [tmp_path, made.parent]


def test_a_folder_whose_making_was_killed_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between making a folder and syncing its name leaves it empty: then the next run syncs it."""
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)
    folder = tmp_path / "folder"
    folder.mkdir()

    atomic.make_folder(folder)
    (folder / "content").touch()
    atomic.make_folder(folder)

    assert synced == [tmp_path]


def test_an_empty_folder_may_lie_where_we_may_not_look(tmp_path: Path) -> None:
    """An operator's folder is taken as it is; nothing below it was made, so nothing is synced."""
    folder = tmp_path / "theirs" / "folder"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o100)

    with bound_by_rights():
        assert atomic.make_folder(folder) == folder

    folder.parent.chmod(0o700)
    folder.chmod(0o300)
    with bound_by_rights():
        assert atomic.make_folder(folder) == folder


def test_a_disk_that_does_not_take_an_empty_folders_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only errors of folders that are not ours are ignored, not disk errors."""

    def broken(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(atomic, "sync_folder", broken)

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        atomic.make_folder(tmp_path / "folder")


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    """Whatever the umask, nobody else can read what is written."""
    before = os.umask(0)
    try:
        folder = atomic.make_folder(tmp_path / "new")
        atomic.write_new(folder / "file", b"x")
        atomic.replace_file(folder / "other", b"x")
    finally:
        os.umask(before)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "file").stat().st_mode & 0o777 == 0o600
    assert (folder / "other").stat().st_mode & 0o777 == 0o600


def test_the_first_to_reveal_wins(tmp_path: Path) -> None:
    """A folder that is there already is kept, and the late stage is discarded."""
    for content in (b"first", b"late"):
        stage = atomic.new_stage(tmp_path, "result")
        atomic.write_new(stage / "file", content)
        assert atomic.reveal(stage, tmp_path / "result") is (content == b"first")

    assert (tmp_path / "result" / "file").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_what_is_revealed_is_on_the_disk_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder's entries are synced before its rename: after a power cut it is complete or absent."""
    order: list[str] = []
    rename, sync = Path.rename, atomic.sync_folder

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    def synced(folder: Path) -> None:
        order.append(f"sync {folder.name}")
        sync(folder)

    stage = atomic.new_stage(tmp_path / "results", "result")
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(atomic, "sync_folder", synced)

    assert atomic.reveal(stage, tmp_path / "results" / "result")
    assert order == [f"sync {stage.name}", "rename", "sync results"]


def test_leftovers_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden leftovers of killed runs are deleted; everything else stays and is synced."""
    atomic.write_new(atomic.new_stage(tmp_path, "killed") / "file", b"half")
    (tmp_path / "kept").mkdir()
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)

    assert atomic.sweep_stages(tmp_path / "not there") == 0
    assert atomic.sweep_stages(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert synced == [tmp_path]


def _count(folder: Path, rounds: int) -> None:
    for _ in range(rounds):
        with locks.locked(folder):
            number = int((folder / "number").read_text())
            (folder / "number").write_text(str(number + 1))


def test_one_at_a_time_holds_the_lock(tmp_path: Path) -> None:
    """Four processes that count under the lock lose no count."""
    (tmp_path / "number").write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_count, args=(tmp_path, 50)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert (tmp_path / "number").read_text() == "200"


def test_a_shared_folder_is_gone_afterwards_and_swept_after_a_kill(tmp_path: Path) -> None:
    """The shared folder is hidden, private and deleted; a killed run's is deleted by the next."""
    (tmp_path / f"{atomic.STAGE_PREFIX}killed").mkdir()
    (tmp_path / "kept").mkdir()

    with spill.shared_folder(tmp_path, "records") as folder:
        (folder / "record").touch()
        assert folder.name.startswith(atomic.STAGE_PREFIX)
        assert folder.stat().st_mode & 0o777 == atomic.FOLDER_MODE
        assert not (tmp_path / f"{atomic.STAGE_PREFIX}killed").exists()

    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_file_where_a_folder_belongs_is_no_earlier_result(tmp_path: Path) -> None:
    """Anything at the target but a folder is reported; it stays, and so does the stage."""
    stage = atomic.new_stage(tmp_path, "result")
    atomic.write_new(stage / "file", b"whole")
    (tmp_path / "result").write_bytes(b"in the way")

    with pytest.raises(NotADirectoryError):
        atomic.reveal(stage, tmp_path / "result")

    assert (tmp_path / "result").read_bytes() == b"in the way"
    assert (stage / "file").read_bytes() == b"whole"


def test_who_looks_at_a_lock_makes_none(tmp_path: Path) -> None:
    """A lock is reported only while it is held, and not if it cannot be read."""
    assert not locks.is_locked(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
    with locks.locked(tmp_path / "folder"):
        assert locks.is_locked(tmp_path / "folder")
        (tmp_path / "folder" / ".lock").chmod(0o000)
        with bound_by_rights():
            assert not locks.is_locked(tmp_path / "folder")
        (tmp_path / "folder" / ".lock").chmod(0o600)
    assert not locks.is_locked(tmp_path / "folder")
