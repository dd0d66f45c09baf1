import errno
import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from schemas.quarantine_reasons import HINTS
from tasks.core.errors import ChangedError, ExtractError
from tasks.core.intake import archive, move_extract, rejects
from tasks.core.intake.checksum_sidecar import sidecar_of
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import identify
from tasks.core.storage.atomic import make_folder
from tests.harness.deliveries import Drain
from tests.harness.rights import another_file_system

DAY = date(2026, 3, 1)
REFUSED = ExtractError("it is refused.")


@pytest.fixture
def drain(tmp_path: Path) -> Drain:
    """Make a home."""
    return Drain(tmp_path / "home")


def test_one_copy_is_archived_however_often_it_comes(drain: Drain) -> None:
    """The same bytes under other names and days are archived once, with the last sidecar."""
    for day in (1, 2, 3):
        path = drain.deliver(f"crm_2026-03-0{day}.csv", b"a,b\n1,2\n")
        drain.deliver(f"{path.name}.sha256", f"sidecar {day}".encode())
        delivery = identify(ExtractPath(path, delivered=True))

        target = archive.archive_extract(delivery, date(2026, 3, day), drain.places.archive)

        assert target.name == f"2026-03-01-{delivery.extract_id}.csv"
    assert drain.files("archive") == {
        f"archive/{target.name}": b"a,b\n1,2\n",
        f"archive/{target.name}.sha256": b"sidecar 3",
    }


def test_a_kill_while_it_is_copied_to_another_disk_leaves_no_rows(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run archives the extract and deletes the partial copy."""
    another_file_system(monkeypatch, make_folder(drain.places.archive))
    delivery = identify(ExtractPath(drain.deliver("crm.csv", b"a,b\n1,2\n"), delivered=True))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as deadly:
        deadly.setattr(os, "utime", killed)
        with pytest.raises(KeyboardInterrupt):
            archive.archive_extract(delivery, DAY, drain.places.archive)
    (leftover,) = drain.places.archive.iterdir()
    leftover.rename(leftover.with_name(".stage-1"))

    target = archive.archive_extract(delivery, DAY, drain.places.archive)

    assert list(drain.places.archive.iterdir()) == [target]


def test_what_changed_since_it_was_scored_is_not_archived(drain: Drain) -> None:
    """Bytes that were never scored do not replace scored ones."""
    path = drain.deliver("crm.csv", b"a,b\n1,2\n")
    delivery = identify(ExtractPath(path, delivered=True))
    path.write_bytes(b"a,b\n1,2\n3,4\n")

    with pytest.raises(ChangedError, match="changed while it was read"):
        archive.archive_extract(delivery, DAY, drain.places.archive)
    path.unlink()
    with pytest.raises(ChangedError):
        delivery.confirm()

    assert drain.files("archive") == {}


def test_one_copy_of_a_rejected_extract_is_kept(drain: Drain) -> None:
    """The same bytes are rejected into the same place, with their sidecar and the last reason."""
    for name in ("a.csv", "b.csv"):
        drain.deliver(f"{name}.sha256", name.encode())
        place = rejects.reject(
            ExtractPath(drain.deliver(name, b"no extract"), delivered=True), REFUSED, drain.places.rejected
        )

    assert {path.name for path in place.iterdir()} == {
        "extract",
        "extract.sha256",
        "reason.txt",
        "status.txt",
    }
    assert (place / "extract.sha256").read_text() == "b.csv"
    assert drain.files("inbox") == {}


def test_what_the_operator_named_stays_where_it_is(drain: Drain) -> None:
    """A delivered extract is moved and named only in its reason; the operator's file stays."""
    refused = ExtractError("extract 'Mary.csv' is refused.")
    named = ExtractPath(drain.deliver("Mary.csv", b"a,b\n"), delivered=False)

    place = rejects.reject(named, refused, drain.places.rejected)

    assert {each.name for each in place.iterdir()} == {"reason.txt", "status.txt"}
    assert (place / "reason.txt").read_text() == (place / "status.txt").read_text() == f"{refused}\n"
    given = ExtractPath(named.path, delivered=True)
    place = rejects.reject(given, ExtractError(f"{given.alias} is refused."), drain.places.rejected)
    assert (place / "reason.txt").read_text() == "Mary.csv is refused.\n"
    assert (place / "status.txt").read_text() == f"{given.alias} is refused.\n"
    assert (place / "extract").read_bytes() == b"a,b\n"
    assert not named.path.exists()


def test_things_of_one_name_that_are_no_files_are_all_kept(drain: Drain) -> None:
    """A folder, a link and a pipe under one name do not replace each other."""
    path = drain.deliver("it", b"")
    path.unlink()
    for make in (path.mkdir, lambda: path.symlink_to("nowhere"), lambda: os.mkfifo(path)):
        make()
        place = rejects.reject(ExtractPath(path, delivered=True), REFUSED, drain.places.rejected)

    assert {each.name for each in place.iterdir()} == {
        "reason.txt", "status.txt", "extract", "extract-2", "extract-3",
    }  # fmt: skip


def test_a_folder_as_sidecar_replaces_nothing(drain: Drain) -> None:
    """An extract with a folder in place of its sidecar is rejected every time."""
    for _ in range(3):
        path = drain.deliver("crm.csv", b"a,b\n")
        (make_folder(sidecar_of(path)) / "x").touch()
        place = rejects.reject(ExtractPath(path, delivered=True), REFUSED, drain.places.rejected)

    assert {each.name for each in place.iterdir()} == {
        "reason.txt", "status.txt", "extract", "extract.sha256", "extract.sha256-2", "extract.sha256-3",
    }  # fmt: skip
    assert not os.path.lexists(path)
    assert not os.path.lexists(sidecar_of(path))


def test_what_is_no_file_on_another_file_system(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reason is filed; a pipe or a link, which hold no data, is removed, and a folder stays."""

    def crossing(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(move_extract, "move", crossing)
    pipe, link, folder = (drain.home / name for name in ("pipe", "link", "folder"))
    folder.mkdir(parents=True)
    os.mkfifo(pipe)
    link.symlink_to(folder)
    for path in (pipe, link, folder):
        place = rejects.reject(ExtractPath(path, delivered=True), REFUSED, drain.places.rejected)
        assert (place / "reason.txt").read_text() == "it is refused.\n"

    assert [path for path in (pipe, link, folder) if os.path.lexists(path)] == [folder]


def test_a_sidecar_that_comes_late_is_filed_with_its_extract(drain: Drain) -> None:
    """A sidecar that matches an archived extract is archived; any other one waits."""
    path = drain.deliver("crm.csv", b"a,b\n1,2\n")
    delivery = identify(ExtractPath(path, delivered=True))
    target = archive.archive_extract(delivery, DAY, drain.places.archive)
    drain.deliver("crm.csv.sha256", f"{delivery.sha256}  crm.csv\n".encode())
    drain.deliver("other.csv.sha256", b"0" * 64)
    drain.deliver("unreadable.csv.sha256", b"")
    drain.deliver("present.csv", b"")
    drain.deliver("present.csv.sha256", delivery.sha256.encode())

    assert archive.file_late_sidecars(drain.places.inbox, drain.places.archive) == 0

    assert {path.name for path in drain.places.archive.iterdir()} == {target.name, f"{target.name}.sha256"}
    assert {path.name for path in drain.places.inbox.glob("*.sha256")} == {
        "other.csv.sha256", "unreadable.csv.sha256", "present.csv.sha256",
    }  # fmt: skip


def test_a_late_sidecar_that_may_not_be_moved_keeps_no_other(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays and is counted; the others are filed."""
    for name in ("a", "b", "c"):
        delivery = identify(ExtractPath(drain.deliver(f"{name}.csv", name.encode()), delivered=True))
        archive.archive_extract(delivery, DAY, drain.places.archive)
        drain.deliver(f"{name}.csv.sha256", delivery.sha256.encode())
    rename = Path.rename

    def guarded(path: Path, target: Path) -> Path:
        if path.name == "b.csv.sha256":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", guarded)

    assert archive.file_late_sidecars(drain.places.inbox, drain.places.archive) == 1
    assert [path.name for path in drain.places.inbox.iterdir()] == ["b.csv.sha256"]
    assert len(list(drain.places.archive.glob("*.sha256"))) == 2


def test_a_hard_link_is_refused(drain: Drain) -> None:
    """A file that can be changed under another name is not accepted."""
    path = drain.deliver("crm.csv", b"a,b\n")
    os.link(path, drain.home / "elsewhere")

    with pytest.raises(ExtractError, match=r"has other names \(hard links\).*Deliver a copy instead"):
        identify(ExtractPath(path, delivered=True))
    assert identify(ExtractPath(path, delivered=False)).size == 4


def test_what_is_filed_is_private(drain: Drain) -> None:
    """The file becomes private whatever its mode; hard links keep theirs."""
    for name in ("a.csv", "a.csv.sha256", "b.csv"):
        drain.deliver(name, name.encode()).chmod(0o644)
    kept = drain.home / "elsewhere"
    drain.deliver("c.csv", b"c").chmod(0o644)
    os.link(drain.places.inbox / "c.csv", kept)
    inbox = drain.places.inbox
    archive.archive_extract(identify(ExtractPath(inbox / "a.csv", delivered=True)), DAY, drain.places.archive)
    for name in ("b.csv", "c.csv"):
        rejects.reject(ExtractPath(inbox / name, delivered=True), REFUSED, drain.places.rejected)

    filed = [path for place in ("archive", "rejected") for path in (drain.home / place).rglob("*")]
    modes = {path.stat().st_mode & 0o777 for path in filed if path.is_file() and path.stat().st_nlink == 1}
    assert modes == {0o600}
    assert kept.stat().st_mode & 0o777 == 0o644


def test_the_bad_rows_of_a_refused_extract_are_filed_with_its_reason(drain: Drain) -> None:
    """If rows were judged, their faults are listed in a table next to the reason."""
    row = {"line": 2, "column": "Contract", "reason": "unknown_category", "hint": HINTS["unknown_category"]}
    error = ExtractError("too many bad rows.", quarantine=pd.DataFrame([row]))
    given = ExtractPath(drain.deliver("crm.csv", b"a,b\n"), delivered=True)

    place = rejects.reject(given, error, drain.places.rejected)

    assert {each.name for each in place.iterdir()} == {
        "reason.txt", "status.txt", "quarantine.csv", "extract",
    }  # fmt: skip
    header, fault = (place / "quarantine.csv").read_text().splitlines()
    assert header == "line,column,reason,hint"
    assert fault.startswith("2,Contract,unknown_category,")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_nothing_keeps_the_extract(
    drain: Drain, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Its error is reported, and what could not be filed stays where it is."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(move_extract, "move", fail)
    path = drain.deliver("crm.csv", b"a,b\n")

    with pytest.raises(OSError, match=os.strerror(code)):
        archive.archive_extract(identify(ExtractPath(path, delivered=True)), DAY, drain.places.archive)

    assert path.read_bytes() == b"a,b\n"
    assert drain.files("archive") == {}
