import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.errors import BundleError, RegistryError
from tasks.core.registry import open_champion, promote, read_champion, read_history
from tests.harness.home import Home

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_compare_and_swap(trained_home: Home) -> None:
    """A promotion that expects another champion than the one in service is refused."""
    champion = trained_home.champion
    assert champion is not None

    with pytest.raises(RegistryError, match="another promotion came first"):
        promote(trained_home.registry, champion, expected=None, forced=False, at=NOW)


def _promote(registry: Path, winners: "multiprocessing.Queue[int]") -> None:
    champion = open_champion(registry)
    assert champion is not None
    pointer = read_champion(registry)
    assert pointer is not None
    (registry / "ready").mkdir(exist_ok=True)
    try:
        moved = promote(registry, champion, expected=champion.manifest.bundle_id, forced=False, at=NOW)
    except RegistryError:
        return
    winners.put(moved.sequence)


def test_promotions_at_once_are_told_apart(trained_home: Home) -> None:
    """Eight processes that promote at once each get a move of their own; none is lost."""
    context = multiprocessing.get_context("fork")
    winners: multiprocessing.Queue[int] = context.Queue()
    processes = [context.Process(target=_promote, args=(trained_home.registry, winners)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert sorted(winners.get() for _ in processes) == list(range(2, 10))
    assert [move.sequence for move in read_history(trained_home.registry)] == list(range(1, 10))


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
