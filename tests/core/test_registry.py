import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.bundle import Bundle
from tasks.core.errors import BundleError, RegistryError
from tasks.core.registry import open_champion, promote, read_champion, read_history
from tests.harness.home import Home

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_compare_and_swap(trained_home: Home) -> None:
    """A promotion that expects another champion than the one in service is refused."""
    champion = trained_home.champion
    assert champion is not None

    with pytest.raises(RegistryError, match="another promotion came first"):
        promote(trained_home.registry, named(champion, "0" * 16), expected=None, forced=False, at=NOW)


def named(bundle: Bundle, bundle_id: str) -> Bundle:
    """Give a bundle another id."""
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"bundle_id": bundle_id}))


def _promote(registry: Path, bundle: Bundle, expected: str, winners: "multiprocessing.Queue[str]") -> None:
    try:
        promote(registry, bundle, expected=expected, forced=False, at=NOW)
    except RegistryError:
        return
    winners.put(bundle.manifest.bundle_id)


def test_of_promotions_at_once_one_wins(trained_home: Home) -> None:
    """Of eight processes that would replace the same champion exactly one does; none is half-done."""
    champion = trained_home.champion
    assert champion is not None
    before = champion.manifest.bundle_id
    context = multiprocessing.get_context("fork")
    winners: multiprocessing.Queue[str] = context.Queue()
    candidates = [named(champion, f"{i:016x}") for i in range(8)]
    processes = [
        context.Process(target=_promote, args=(trained_home.registry, candidate, before, winners))
        for candidate in candidates
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    winner = winners.get()
    assert winners.empty()
    assert [move.bundle_id for move in read_history(trained_home.registry)] == [before, winner]
    pointer = read_champion(trained_home.registry)
    assert pointer is not None
    assert pointer.bundle_id == winner


def test_promoting_what_is_in_service_changes_nothing(trained_home: Home) -> None:
    """A second try of a promotion that went through is no error and no second move."""
    champion = trained_home.champion
    assert champion is not None

    promote(trained_home.registry, champion, expected=None, forced=False, at=NOW)

    assert len(read_history(trained_home.registry)) == 1


def test_history_and_pointer_of_different_times(trained_home: Home) -> None:
    """A pointer restored without its history is refused, not followed."""
    history = trained_home.registry / "history.jsonl"
    line = history.read_bytes()
    history.write_bytes(line + line.replace(b'"sequence":1', b'"sequence":2'))

    with pytest.raises(RegistryError, match="same back-up"):
        read_history(trained_home.registry)


def test_leftovers_of_a_killed_promotion_are_swept(trained_home: Home) -> None:
    """The next promotion deletes what a kill left aside."""
    champion = trained_home.champion
    assert champion is not None
    leftover = trained_home.registry / ".stage-champion.json-99999"
    leftover.write_text("half")

    promote(trained_home.registry, champion, expected=None, forced=False, at=NOW)

    assert not leftover.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"format_version": 2}', b"null"])
def test_a_pointer_that_cannot_be_read(trained_home: Home, content: bytes) -> None:
    """An unreadable pointer is an error, never 'no champion'."""
    (trained_home.registry / "champion.json").write_bytes(content)

    with pytest.raises(RegistryError) as error:
        open_champion(trained_home.registry)
    assert error.value.exit_code == 40


def test_another_manifest_than_was_promoted(trained_home: Home) -> None:
    """A manifest that is valid in itself but not the promoted one is found."""
    champion = trained_home.champion
    assert champion is not None
    manifest = trained_home.registry / "bundles" / champion.manifest.bundle_id / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"training_seconds": ', b'"training_seconds": 1'))

    with pytest.raises(BundleError, match="not the one that was promoted"):
        open_champion(trained_home.registry)


def test_a_torn_history(trained_home: Home) -> None:
    """A history that cannot be read is said, not skipped."""
    (trained_home.registry / "history.jsonl").write_text("{")

    with pytest.raises(RegistryError, match=r"history\.jsonl"):
        read_history(trained_home.registry)
