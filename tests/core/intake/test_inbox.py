import errno
import os
import shutil
from pathlib import Path

import pytest

from tasks.core.errors import ConfigError
from tasks.core.intake import inbox
from tasks.core.storage import atomic, move
from tests.harness.deliveries import Drain
from tests.harness.rights import another_file_system, bound_by_rights


@pytest.fixture
def drain(tmp_path: Path) -> Drain:
    """Make a home with an empty inbox."""
    drain = Drain(tmp_path / "home")
    atomic.make_folder(drain.places.inbox)
    return drain


def names(folder: Path) -> list[str]:
    """List what is not hidden."""
    return sorted(path.name for path in folder.glob("[!.]*"))


def test_what_still_changes_is_left(drain: Drain) -> None:
    """An extract that grows, is replaced, arrives or gets another sidecar in the meantime waits."""
    places = drain.places
    for name in ("grows.csv", "replaced.csv", "renewed.csv", "quiet.csv"):
        drain.deliver(name, b"a,b\n1,2\n")
    inbox.confirm(places.inbox, places.work)
    before = inbox.look(places.inbox), inbox.look(places.work)
    with (places.inbox / "grows.csv").open("ab") as file:
        file.write(b"3,4\n")
    drain.deliver(".aside", b"a,b\n1,3\n").rename(places.inbox / "replaced.csv")
    drain.deliver("renewed.csv.sha256", b"0" * 64)
    drain.deliver("arrives.csv", b"a")

    taken = inbox.take(places.inbox, places.work, before)

    assert [path.name for path in taken.paths] == ["quiet.csv"]
    assert taken.left == 4
    assert names(places.work) == ["quiet.csv"]
    assert (places.inbox / "grows.csv").read_bytes() == b"a,b\n1,2\n3,4\n"
    assert sorted(path.name for path in drain.take().paths) == [
        "arrives.csv", "grows.csv", "quiet.csv", "renewed.csv", "replaced.csv",
    ]  # fmt: skip


def test_what_an_unfinished_run_left_is_taken_again_unless_it_changes(drain: Drain) -> None:
    """A file in `work/` is taken again once its sender has stopped writing."""
    places = drain.places
    drain.deliver("a.csv", b"1")
    drain.take()
    before = inbox.look(places.inbox), inbox.look(places.work)
    (places.work / "a.csv").write_bytes(b"1,2")

    assert inbox.take(places.inbox, places.work, before) == inbox.Taken([], 1, 0, 0)
    assert drain.take().paths == [places.work / "a.csv"]


def test_a_name_in_work_is_not_overwritten(drain: Drain) -> None:
    """A delivery under the name of an unfinished extract waits for the next run."""
    drain.deliver("a.csv", b"first")
    drain.take()
    drain.deliver("a.csv", b"second")

    taken = drain.take()

    assert taken.left == 1
    assert [path.read_bytes() for path in taken.paths] == [b"first"]
    assert (drain.places.inbox / "a.csv").read_bytes() == b"second"


def test_sidecars_go_with_their_extracts(drain: Drain) -> None:
    """A sidecar is never an extract: it moves with its extract, or waits."""
    drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"of a")
    drain.deliver("b.csv.sha256", b"of b")
    drain.deliver(".hidden.csv", b"on its way")

    taken = drain.take()

    assert [path.name for path in taken.paths] == ["a.csv"]
    assert names(drain.places.work) == ["a.csv", "a.csv.sha256"]
    assert names(drain.places.inbox) == ["b.csv.sha256"]
    assert taken.lone_sidecars == 1
    (drain.places.work / "a.csv").unlink()
    assert drain.take().paths == []
    assert names(drain.places.work) == []


def test_an_unfinished_upload_waits_until_it_is_renamed(drain: Drain) -> None:
    """It is left with its sidecar however long it stands still, and taken by its own name."""
    for name in ("crm.csv.filepart", "~$crm.xlsx", "crm.csv.sha256.part", "crm.csv.filepart.sha256"):
        drain.deliver(name, b"1")
    for name in ("old.csv.tmp", "old.csv.tmp.sha256"):
        (atomic.make_folder(drain.places.work) / name).write_bytes(b"1")

    for _ in range(2):
        assert drain.take() == inbox.Taken([], 0, 0, 4)
    assert names(drain.places.inbox) == [
        "crm.csv.filepart", "crm.csv.filepart.sha256", "crm.csv.sha256.part", "~$crm.xlsx",
    ]  # fmt: skip
    assert names(drain.places.work) == ["old.csv.tmp", "old.csv.tmp.sha256"]

    (drain.places.inbox / "crm.csv.filepart").rename(drain.places.inbox / "crm.csv")
    taken = drain.take()
    assert [path.name for path in taken.paths] == ["crm.csv"]
    assert (taken.unfinished, taken.lone_sidecars) == (3, 1)


def test_a_kill_between_sidecar_and_extract_separates_nothing(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extract is moved to `work/` only after its sidecar, and the next run completes the move."""
    drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"of a")

    def killed(path: Path, target: Path) -> None:
        if path.name == "a.csv":
            raise KeyboardInterrupt
        path.rename(target)

    with monkeypatch.context() as deadly:
        deadly.setattr(inbox, "move", killed)
        with pytest.raises(KeyboardInterrupt):
            drain.take()
    assert names(drain.places.work) == ["a.csv.sha256"]

    drain.take()

    assert names(drain.places.work) == ["a.csv", "a.csv.sha256"]


def test_a_missing_inbox_is_not_an_empty_one(drain: Drain) -> None:
    """No folder, or another folder than the one seen before, stops the run; an empty one does not."""
    places = drain.places
    assert drain.take().paths == []
    assert (places.inbox / inbox.MARK).is_file()

    (places.inbox / inbox.MARK).unlink()
    with pytest.raises(ConfigError, match=r"has no file '\.inbox'.*touch"):
        drain.take()
    places.inbox.rmdir()
    with pytest.raises(ConfigError, match="there is no inbox"):
        drain.take()
    places.inbox.write_bytes(b"")
    with pytest.raises(ConfigError, match="there is no inbox"):
        drain.take()
    places.inbox.unlink()
    places.inbox.mkdir()
    (places.inbox / inbox.MARK).touch()
    assert drain.take().paths == []


def test_a_folder_of_ours_that_cannot_be_read_is_called_by_its_name(drain: Drain) -> None:
    """The message names the other folder, not the inbox."""
    drain.take()
    drain.places.work.chmod(0)
    with bound_by_rights(), pytest.raises(ConfigError, match=r"the folder '.*/work' cannot be used"):
        drain.take()
    drain.places.work.chmod(0o700)


def test_an_inbox_that_cannot_be_marked_is_the_operators(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is read-only or gone is said in one line."""

    def stale(*_: object) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(inbox, "replace_file", stale)
    with pytest.raises(ConfigError, match=r"cannot be used: Stale file handle\. Mount it"):
        drain.take()


def test_an_extract_taken_back_is_no_error(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender may rename or delete what it sent at any time before it is taken."""
    drain.deliver("a.csv", b"1")

    def gone(_: Path, __: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone")

    monkeypatch.setattr(inbox, "move", gone)

    assert drain.take() == inbox.Taken([], 1, 0, 0)


def guard(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Prevent a file of the inbox from being moved."""
    rename = Path.rename

    def guarded(path: Path, target: Path) -> Path:
        if path.name == name and path.parent.name == "inbox":
            raise OSError(code, os.strerror(code))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", guarded)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_what_may_not_be_moved_is_given_as_it_lies(
    code: int, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extract that cannot be moved does not block the others."""
    drain.deliver("a.csv", b"1")
    drain.deliver("locked.csv", b"2")
    guard(monkeypatch, "locked.csv", code)

    assert sorted(drain.take().paths) == [drain.places.inbox / "locked.csv", drain.places.work / "a.csv"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.ENOENT, errno.EBUSY])
def test_an_extract_that_stays_keeps_its_sidecar(
    code: int, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an extract is not taken, its sidecar is moved back, so it is still checked."""
    path = drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"of a")
    guard(monkeypatch, "a.csv", code)

    taken = drain.take()

    assert taken.paths == [path] * (code in (errno.EACCES, errno.EPERM))
    assert names(drain.places.inbox) == ["a.csv", "a.csv.sha256"]
    assert names(drain.places.work) == []


@pytest.mark.parametrize("sent_again", [False, True])
def test_an_extract_that_stays_gets_back_what_a_killed_run_took(
    sent_again: bool, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sidecar that reached `work/` before a kill comes back, unless a newer one was sent."""
    drain.deliver("a.csv", b"1")
    (atomic.make_folder(drain.places.work) / "a.csv.sha256").write_bytes(b"of a")
    if sent_again:
        drain.deliver("a.csv.sha256", b"newer")
    guard(monkeypatch, "a.csv", errno.EPERM)

    assert drain.take().paths == [drain.places.inbox / "a.csv"]
    assert (drain.places.inbox / "a.csv.sha256").read_bytes() == (b"newer" if sent_again else b"of a")
    assert names(drain.places.work) == []


def test_a_sidecar_that_may_not_be_moved_keeps_its_extract(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a sidecar cannot be moved, the extract is taken in place, and no older sidecar replaces it."""
    drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"newer")
    (atomic.make_folder(drain.places.work) / "a.csv.sha256").write_bytes(b"of a")
    guard(monkeypatch, "a.csv.sha256", errno.EPERM)

    assert drain.take().paths == [drain.places.inbox / "a.csv"]
    assert (drain.places.inbox / "a.csv.sha256").read_bytes() == b"newer"


def test_a_folder_left_where_a_sidecar_should_be_goes(drain: Drain) -> None:
    """Leftovers of a filed delivery are swept, of any type."""
    drain.deliver("b.csv", b"1")
    leftover = atomic.make_folder(drain.places.work / "a.csv.sha256")
    (leftover / "x").touch()

    assert [path.name for path in drain.take().paths] == ["b.csv"]
    assert names(drain.places.work) == ["b.csv"]


def test_an_inbox_on_another_file_system(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are copied with their date, whatever their names; anything else is left where it is."""
    another_file_system(monkeypatch, drain.places.inbox)
    long = "x" * 255
    path = drain.deliver(long, b"1")
    os.utime(path, ns=(10**18, 10**18))
    (drain.places.inbox / "folder").mkdir()
    (drain.places.inbox / "link").symlink_to("nowhere")
    os.mkfifo(drain.places.inbox / "pipe")

    taken = drain.take()

    assert sorted(path.parent.name for path in taken.paths) == ["inbox"] * 3 + ["work"]
    assert (drain.places.work / long).read_bytes() == b"1"
    assert (drain.places.work / long).stat().st_mtime_ns == 10**18
    assert names(drain.places.inbox) == ["folder", "link", "pipe"]
    assert names(drain.places.work) == [long]


@pytest.mark.parametrize("sent_again", [False, True])
def test_a_kill_between_copy_and_deletion_leaves_one(
    sent_again: bool, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy in `work/` is the extract; what was sent under its name meanwhile waits."""
    another_file_system(monkeypatch, drain.places.inbox)
    path = drain.deliver("a.csv", b"1")
    os.utime(path, ns=(10**18, 10**18))
    unlink = Path.unlink

    def killed(other: Path, missing_ok: bool = False) -> None:
        if other == path:
            raise KeyboardInterrupt
        unlink(other, missing_ok)

    with monkeypatch.context() as deadly:
        deadly.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            move.move(path, atomic.make_folder(drain.places.work) / "a.csv")
    if sent_again:
        path.write_bytes(b"2")
        os.utime(path, ns=(10**18, 10**18))

    taken = drain.take()

    assert taken.paths == [drain.places.work / "a.csv"]
    assert taken.paths[0].read_bytes() == b"1"
    assert taken.left == int(sent_again)
    assert names(drain.places.inbox) == ["a.csv"] * sent_again


@pytest.mark.parametrize("killed", [False, True])
def test_what_may_be_copied_and_not_deleted_is_given_as_it_lies(
    killed: bool, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given once with its sidecar, whatever a killed run left of it, and the others are taken."""
    path = drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"of a")
    drain.deliver("b.csv", b"2")
    if killed:
        atomic.make_folder(drain.places.work)
        for name in ("a.csv", "a.csv.sha256"):
            shutil.copy2(drain.places.inbox / name, drain.places.work)
        (drain.places.inbox / "a.csv.sha256").unlink()
    another_file_system(monkeypatch, drain.places.inbox, kept="a.csv")

    for _ in range(2):
        taken = drain.take()

        assert sorted(taken.paths) == [path, drain.places.work / "b.csv"]
        assert names(drain.places.inbox) == ["a.csv", "a.csv.sha256"]
        assert names(drain.places.work) == ["b.csv"]


def test_what_grows_while_it_is_copied_is_left_whole(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data appended during the copy is not lost."""
    another_file_system(monkeypatch, drain.places.inbox)
    path = drain.deliver("a.csv", b"1\n")
    copy = move.shutil.copyfileobj

    def appended(source: object, target: object) -> None:
        copy(source, target)
        with path.open("ab") as file:
            file.write(b"2\n")

    monkeypatch.setattr(move.shutil, "copyfileobj", appended)

    assert drain.take() == inbox.Taken([], 1, 0, 0)
    assert path.read_bytes() == b"1\n2\n"
    assert list(drain.places.work.glob(".stage*")) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_nothing_leaves_both_where_they_were(
    code: int, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is reported, and extract and sidecar stay together."""
    drain.deliver("a.csv", b"1")
    drain.deliver("a.csv.sha256", b"of a")
    guard(monkeypatch, "a.csv", code)

    with pytest.raises(OSError, match=os.strerror(code)):
        drain.take()

    assert names(drain.places.inbox) == ["a.csv", "a.csv.sha256"]
    assert names(drain.places.work) == []


def test_what_goes_while_it_is_looked_at_is_not_seen(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender may delete what it sent between the listing and the look; the rest is seen."""
    drain.deliver("a.csv", b"1")
    gone, lstat = drain.deliver("b.csv", b"2"), Path.lstat

    def seen(path: Path) -> os.stat_result:
        gone.unlink(missing_ok=True)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", seen)
    sight = inbox.look(drain.places.inbox)

    assert list(sight) == ["a.csv"]
    assert sight["a.csv"][1] == 1
