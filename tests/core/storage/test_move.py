import errno
import os
from pathlib import Path

import pytest

from tasks.core.storage import atomic, move
from tests.harness.rights import another_file_system


def test_what_crosses_file_systems_is_on_the_disk_before_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy's bytes and its name are synced before the original is deleted."""
    order: list[str] = []
    rename, unlink, sync = Path.rename, Path.unlink, atomic.sync_folder

    def crossing(path: Path, target: Path) -> Path:
        if path.parent.name == "there":
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        order.append("rename")
        return rename(path, target)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        order.extend(["unlink"] * path.exists())
        unlink(path, missing_ok)

    def synced(folder: Path) -> None:
        order.append(f"sync {folder.name}")
        sync(folder)

    monkeypatch.setattr(Path, "rename", crossing)
    monkeypatch.setattr(Path, "unlink", unlinked)
    monkeypatch.setattr(move, "sync_folder", synced)
    monkeypatch.setattr(atomic, "flush_to_disk", lambda file: (order.append("sync bytes"), file.flush()))
    there, here = (atomic.make_folder(tmp_path / name) for name in ("there", "here"))
    atomic.write_new(there / "a.csv", b"1")
    order.clear()

    move.move(there / "a.csv", here / "a.csv")

    assert order[:4] == ["sync bytes", "rename", "sync here", "unlink"]
    assert (here / "a.csv").read_bytes() == b"1"


def test_what_is_renamed_is_on_the_disk_in_its_new_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a move has returned, a power cut does not undo it: the new name is synced after the rename."""
    there, here = (atomic.make_folder(tmp_path / name) for name in ("there", "here"))
    atomic.write_new(there / "a.csv", b"1")
    found: list[tuple[Path, list[str]]] = []
    monkeypatch.setattr(
        move,
        "sync_folder",
        lambda folder: found.append((folder, [each.name for each in folder.iterdir()])),
    )

    move.move(there / "a.csv", here / "a.csv")

    assert found == [(here, ["a.csv"])]


@pytest.mark.parametrize("replaced", [False, True])
def test_what_may_not_be_deleted_across_file_systems_stays_alone(
    replaced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy is left beside it, but one that was there before is kept."""
    there, here = (atomic.make_folder(tmp_path / name) for name in ("there", "here"))
    atomic.write_new(there / "a.csv", b"1")
    if replaced:
        atomic.write_new(here / "a.csv", b"1")
    another_file_system(monkeypatch, there, kept="a.csv")

    with pytest.raises(PermissionError):
        move.move(there / "a.csv", here / "a.csv")

    assert (there / "a.csv").read_bytes() == b"1"
    assert [path.name for path in here.iterdir()] == ["a.csv"] * replaced
