from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.manifest import ContactsUsed
from tasks.core.contract.customer_ids import fold
from tasks.core.contract.objections import ListedObjections, fingerprint
from tasks.core.errors import ConfigError
from tasks.core.intake.contact_lists import PURPOSE, Contacts, objections_id
from tasks.core.intake.contact_rows import quarantined
from tasks.core.intake.kept_objections import FINGERPRINTS, keep_objections, read_day_kept, read_kept
from tasks.core.storage.secret import Secret
from tests.harness.environment import SECRET

NOW = datetime(2026, 3, 3, tzinfo=UTC)


def contacts(*ids: str) -> Contacts:
    """Return a list as it was read."""
    folded = [*map(fold, ids)]
    prints = sorted(fingerprint(SECRET.key(PURPOSE), each) for each in folded)
    used = ContactsUsed(objections_id=objections_id(prints), objections=len(ids))
    return Contacts(
        ListedObjections(folded), None, used, quarantined("objections", []), b"".join(prints), NOW.date()
    )


def test_the_newest_list_is_kept_as_fingerprints_alone(tmp_path: Path) -> None:
    """A run without a list leaves the same customers out, under the same id; no id is on the disk."""
    keep_objections(tmp_path, contacts("OLD-1"), SECRET, NOW)
    newest = contacts("NEW-1", "NEW-2")
    keep_objections(tmp_path, newest, SECRET, NOW + timedelta(seconds=1))
    kept = read_kept(tmp_path, SECRET)

    assert kept is not None
    assert kept.used == newest.used.model_copy(update={"kept": True})
    assert kept.objections.of_texts(["new-1", "NEW-2", "OLD-1"]).tolist() == [True, True, False]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"NEW-" not in written.upper()


def test_a_list_that_was_withdrawn_and_came_back_counts_again(tmp_path: Path) -> None:
    """The last list applies even if an equal one was kept before."""
    for second, ids in enumerate((("A",), ("B",), ("B",), ("A",))):
        keep_objections(tmp_path, contacts(*ids), SECRET, NOW + timedelta(seconds=second))
    assert len([*tmp_path.iterdir()]) == 3

    kept = read_kept(tmp_path, SECRET)
    assert kept is not None
    assert kept.objections.of_texts(["A", "B"]).tolist() == [True, False]


def test_where_nothing_was_kept_nobody_objected(tmp_path: Path) -> None:
    """A home that never had a list."""
    assert read_kept(tmp_path / "contacts", SECRET) is None


def test_who_objected_cannot_be_read_with_another_key(tmp_path: Path) -> None:
    """The run stops rather than score someone who objected."""
    keep_objections(tmp_path, contacts("A"), SECRET, NOW)
    with pytest.raises(ConfigError, match="made with another key"):
        read_kept(tmp_path, Secret(Path("unused"), "another key that is long enough for one"))


@pytest.mark.parametrize("damage", [b"", b"x" * 32])
def test_damaged_fingerprints_stop_the_run(damage: bytes, tmp_path: Path) -> None:
    """The same."""
    keep_objections(tmp_path, contacts("A"), SECRET, NOW)
    (path,) = tmp_path.rglob(FINGERPRINTS)
    path.write_bytes(damage)
    with pytest.raises(ConfigError, match="have changed since they were written"):
        read_kept(tmp_path, SECRET)


def test_the_same_customers_on_a_later_day_are_kept_once(tmp_path: Path) -> None:
    """Only the list's day is new, so that its age counts from the last one."""
    keep_objections(tmp_path, contacts("A"), SECRET, NOW)
    assert read_day_kept(tmp_path) == NOW.date()
    later = replace(contacts("A"), day=NOW.date() + timedelta(days=9))
    keep_objections(tmp_path, later, SECRET, NOW + timedelta(days=9))

    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("2026-03-12T")
    assert read_day_kept(tmp_path) == later.day


def test_what_is_damaged_is_kept_again(tmp_path: Path) -> None:
    """By the next run that is given a list, though its customers are the same."""
    keep_objections(tmp_path, contacts("A"), SECRET, NOW)
    (path,) = tmp_path.rglob(FINGERPRINTS)
    path.write_bytes(b"")
    with pytest.raises(ConfigError, match="have changed since they were written"):
        read_day_kept(tmp_path)
    keep_objections(tmp_path, contacts("A"), SECRET, NOW + timedelta(seconds=1))

    assert read_kept(tmp_path, SECRET) is not None


def test_what_is_not_ours_is_not_the_newest(tmp_path: Path) -> None:
    """A note beside the lists that were kept."""
    keep_objections(tmp_path, contacts("A"), SECRET, NOW)
    (tmp_path / "note.txt").touch()

    assert read_day_kept(tmp_path) == NOW.date()
    assert read_day_kept(tmp_path / "none") is None
