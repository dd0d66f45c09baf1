import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.config import Locations
from tasks.core.operations.expiry import find_expired
from tasks.core.operations.sweep import sweep as delete_expired
from tasks.core.storage.atomic import make_folder
from tests.harness.aged_home import NOW, POLICY, TODAY, ages, make_aged_home, sweep
from tests.harness.deliveries import BUNDLE
from tests.harness.rights import bound_by_rights


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    """Make a home with data of all ages."""
    return make_aged_home(tmp_path / "home")


def test_a_folder_without_rights_goes(places: Locations) -> None:
    """Folders within an extract are deleted whatever their mode, and their size is logged."""
    rejected = places.rejected / f"{91:016d}"
    for mode in (0o555, 0o444, 0o000):
        folder = make_folder(rejected / f"{mode:o}" / "within")
        (folder / "part.csv").write_bytes(b"x" * 1_000)
        folder.chmod(mode)
        folder.parent.chmod(mode)

    with bound_by_rights():
        proof = sweep(places)

    assert not rejected.exists()
    assert not list(places.home.rglob(".expired-*"))
    assert sum(each.bytes or 0 for each in proof if each.kind == "rejected") > 3_000


def test_a_link_to_a_folder_goes_alone(places: Locations, tmp_path: Path) -> None:
    """The target of a link keeps its mode and content."""
    outside = make_folder(tmp_path / "outside")
    (outside / "file").write_bytes(b"x" * 50_000)
    outside.chmod(0o750)
    (places.rejected / f"{91:016d}" / "link").symlink_to(outside)

    proof = sweep(places)

    assert (outside / "file").exists()
    assert outside.stat().st_mode & 0o777 == 0o750
    assert all((each.bytes or 0) < 50_000 for each in proof)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("rename", PermissionError(1, "Operation not permitted")),
        ("rmtree", PermissionError(1, "Operation not permitted")),
        ("rmtree", RecursionError()),
    ],
)
def test_what_does_not_go_keeps_nothing_else(
    function: str, error: Exception, places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is deleted; what stays is listed, and deleted by the first sweep that can."""
    module = Path if function == "rename" else shutil
    original, refused = getattr(module, function), f"{31:016d}"

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if refused in path.name and not options.get("ignore_errors"):
            raise error
        return None if refused in path.name else original(path, *args, **options)

    with monkeypatch.context() as refusing:
        refusing.setattr(module, function, refuse)
        proof, left = delete_expired(places, find_expired(places, POLICY, BUNDLE, NOW), NOW)
    assert [each.kind for each in left] == ["rejected"]
    assert [path.name.removeprefix(".expired-") for path in places.rejected.glob(f"*{31:016d}")] == [refused]
    assert ages(places.runs) == [0, 30]
    assert [(each.kind, each.deleted, each.failed) for each in proof] == [
        ("archive", 2, 0),
        ("rejected", 2, 1),
        ("scores", 1, 0),
        ("runs", 3, 0),
        ("truth", 2, 0),
        ("contacts", 1, 0),
        ("proposals", 1, 0),
        ("campaigns", 1, 0),
        ("prefect_files", 6, 0),
    ]

    assert [each.deleted for each in sweep(places)] == [0, 1, 0, 0, 0, 0, 0, 0, 0]

    assert not list(places.rejected.glob(f"*{31:016d}"))


def test_a_name_that_an_earlier_sweep_hid_is_left_alone(places: Locations) -> None:
    """A redelivered item that expires again gets another hidden name; each is counted once."""
    for number in ("", ".1"):
        make_folder(places.rejected / f".expired-{31:016d}{number}")
    (places.archive / f".expired-{TODAY - timedelta(days=91)}-{91:016d}.csv").write_text("0000-AAAAA")

    proof = sweep(places)

    assert {each.kind: each.deleted for each in proof} == {
        "archive": 3,
        "rejected": 5,
        "scores": 1,
        "runs": 3,
        "truth": 2,
        "contacts": 1,
        "proposals": 1,
        "campaigns": 1,
        "prefect_files": 6,
    }
    assert not list(places.home.rglob(".expired-*"))
