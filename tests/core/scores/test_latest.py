from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.scores.folders import published_folders, read_manifest
from tasks.core.scores.latest import LATEST, find_latest, read_latest, superseded_by, swap_latest
from tests.harness.deliveries import BUNDLE, publish_scores

DAY = date(2026, 3, 2)
NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)
V1, V2, V3 = ("1" * 16, "2" * 16, "3" * 16)
OTHER = "a" * 16


def publish(scores: Path, extract: str, hour: int = 0, day: date = DAY, bundle: str = BUNDLE) -> str:
    """Publish scores; return the name of their folder."""
    return publish_scores(scores, day, extract, NIGHT + timedelta(hours=hour), bundle=bundle).name


def supersedes(scores: Path, folder: str) -> tuple[str, ...]:
    """Return the folders that a manifest supersedes."""
    manifest = read_manifest(scores / folder)
    assert manifest is not None
    return manifest.supersedes


def pointed(scores: Path, champion: str = BUNDLE) -> str | None:
    """Swap the pointer; return the name of the folder it points to."""
    latest = swap_latest(scores, champion)
    assert latest == read_latest(scores)
    return latest.folder if latest else None


def test_nothing_published_has_no_latest(tmp_path: Path) -> None:
    """Without scores there is no pointer."""
    assert pointed(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_corrected_extract_supersedes_all_before_it(tmp_path: Path) -> None:
    """Each correction names the folders of its day that came before it, and becomes the latest."""
    first = publish(tmp_path, V1)
    second = publish(tmp_path, V2, 1)
    publish(tmp_path, OTHER, day=DAY - timedelta(days=1))
    third = publish(tmp_path, V3, -5)  # the clock was set back

    assert supersedes(tmp_path, first) == ()
    assert supersedes(tmp_path, second) == (first,)
    assert supersedes(tmp_path, third) == (first, second)
    assert pointed(tmp_path) == third


@pytest.mark.parametrize("lost", [(), (V1,), (V2,), (V1, V2)])
def test_an_extract_that_was_superseded_stays_so(lost: tuple[str, ...], tmp_path: Path) -> None:
    """Scored again by another bundle, or after its folder was lost, it never becomes the latest again."""
    folders = {extract: publish(tmp_path, extract, hour) for hour, extract in enumerate((V1, V2, V3))}
    for extract in lost:
        (tmp_path / folders[extract]).rename(tmp_path / f".{extract}")

    for hour, extract in enumerate((V2, V1), start=7):
        again = publish(tmp_path, extract, hour, bundle=OTHER)
        assert folders[V3] not in supersedes(tmp_path, again)
        assert pointed(tmp_path, OTHER) == folders[V3]
    assert superseded_by(tmp_path, DAY, V3) == (folders[V1], folders[V2])


def test_the_latest_never_goes_back_to_an_older_day(tmp_path: Path) -> None:
    """A day that comes late is scored, and the pointer stays."""
    newer = publish(tmp_path, V1)
    publish(tmp_path, V2, 1, day=DAY - timedelta(days=3))

    assert pointed(tmp_path) == newer


def test_a_damaged_manifest_does_not_turn_the_pointer_back(tmp_path: Path) -> None:
    """While its folder is there the pointer stays; when it is gone, the next newest is the latest."""
    older, newer = publish(tmp_path, V1, day=DAY - timedelta(days=1)), publish(tmp_path, V2)
    assert pointed(tmp_path) == newer
    (tmp_path / newer / "manifest.json").write_bytes(b"{")

    assert pointed(tmp_path) == newer
    (tmp_path / newer).rename(tmp_path / ".away")
    assert pointed(tmp_path) == older


def test_the_champion_in_service_is_preferred(tmp_path: Path) -> None:
    """Of one extract's scores by two bundles the champion's are the latest, else the last ones made."""
    by_one, by_other = publish(tmp_path, V1), publish(tmp_path, V1, 1, bundle=OTHER)

    assert pointed(tmp_path, BUNDLE) == by_one
    assert pointed(tmp_path, OTHER) == by_other
    assert pointed(tmp_path, "f" * 16) == by_other


def test_the_pointer_is_rebuilt_from_the_manifests(tmp_path: Path) -> None:
    """Deleted or damaged, it is written again with the same bytes; unchanged, it is not touched."""
    for day in range(3):
        publish(tmp_path, f"{day}" * 16, day=DAY + timedelta(days=day))
    swap_latest(tmp_path, BUNDLE)
    pointer = tmp_path / LATEST
    whole, inode = pointer.read_bytes(), pointer.stat().st_ino
    swap_latest(tmp_path, BUNDLE)
    assert pointer.stat().st_ino == inode

    for damage in (b"", b"{}", whole[:-9]):
        pointer.write_bytes(damage)
        swap_latest(tmp_path, BUNDLE)
        assert pointer.read_bytes() == whole
    pointer.unlink()
    assert find_latest(tmp_path, BUNDLE) == swap_latest(tmp_path, BUNDLE)
    assert pointer.read_bytes() == whole
    assert pointer.stat().st_mode & 0o777 == 0o600


def test_only_folders_of_scores_are_looked_at(tmp_path: Path) -> None:
    """Stages, unknown folders, copies under other names and the pointer are left out."""
    folder = publish(tmp_path, V1)
    for name in (f".stage-{folder}-1", "notes", "2026-03-09-copy", f"{folder}.old"):
        (tmp_path / name).mkdir()
    swap_latest(tmp_path, BUNDLE)

    assert [path.name for path in published_folders(tmp_path)] == [folder]


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    """A half-written pointer is deleted by the next swap."""
    folder = publish(tmp_path, V1)
    (tmp_path / ".stage-latest.json-1").write_text("{")

    assert pointed(tmp_path) == folder
    assert list(tmp_path.glob(".stage*")) == []
