import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import (
    find_bundle,
    in_service,
    open_champion,
    promote_bundle,
    read_champion,
    read_history,
    roll_back,
    sweep,
)
from tasks.core.errors import BundleError, RegistryError
from tests.harness.bundles import REFUSED, seal_another
from tests.harness.home import Home

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_compare_and_swap(trained_home: Home) -> None:
    """A promotion that expects another champion than the one in service is refused."""
    champion = trained_home.champion
    assert champion is not None

    with pytest.raises(RegistryError, match="another promotion came first"):
        promote_bundle(trained_home.registry, named(champion, "0" * 16), expected=None, forced=False, at=NOW)


def named(bundle: Bundle, bundle_id: str) -> Bundle:
    """Give a bundle another id."""
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"bundle_id": bundle_id}))


def _promote(registry: Path, bundle: Bundle, expected: str, winners: "multiprocessing.Queue[str]") -> None:
    try:
        promote_bundle(registry, bundle, expected=expected, forced=False, at=NOW)
    except RegistryError:
        return
    winners.put(bundle.manifest.bundle_id)


def test_of_promotions_at_once_one_wins(trained_home: Home) -> None:
    """Of eight processes that try to replace the same champion exactly one succeeds; none is half-done."""
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
    """Repeating a successful promotion is neither an error nor a second move."""
    champion = trained_home.champion
    assert champion is not None

    promote_bundle(trained_home.registry, champion, expected=None, forced=False, at=NOW)

    assert len(read_history(trained_home.registry)) == 1


def test_history_and_pointer_of_different_times(trained_home: Home) -> None:
    """A pointer restored without its history is refused, not followed."""
    history = trained_home.registry / "history.jsonl"
    line = history.read_bytes()
    history.write_bytes(line + line.replace(b'"sequence":1', b'"sequence":2'))

    with pytest.raises(RegistryError, match="same backup"):
        read_history(trained_home.registry)


def test_leftovers_of_a_killed_promotion_are_swept(trained_home: Home) -> None:
    """The next promotion deletes a killed one's leftovers."""
    champion = trained_home.champion
    assert champion is not None
    leftover = trained_home.registry / ".stage-champion.json-99999"
    leftover.write_text("half")

    promote_bundle(trained_home.registry, champion, expected=None, forced=False, at=NOW)

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

    with pytest.raises(BundleError, match="has changed since it was promoted"):
        open_champion(trained_home.registry)


def test_a_torn_history(trained_home: Home) -> None:
    """A history that cannot be read is an error."""
    (trained_home.registry / "history.jsonl").write_text("{")

    with pytest.raises(RegistryError, match=r"history\.jsonl"):
        read_history(trained_home.registry)


def champion_of(home: Home) -> Bundle:
    """Give the bundle in service."""
    assert home.champion is not None
    return home.champion


def test_a_registry_without_a_pointer_has_no_champion(tmp_path: Path) -> None:
    """No champion and no moves are not errors; a dangling link counts as a damaged pointer."""
    assert read_champion(tmp_path) is None
    assert open_champion(tmp_path) is None
    assert read_history(tmp_path) == []
    (tmp_path / "champion.json").symlink_to("nowhere")
    with pytest.raises(RegistryError, match="is not a valid champion pointer"):
        read_champion(tmp_path)


def test_a_pointer_to_a_bundle_that_is_gone(trained_home: Home) -> None:
    """The message names its id; it does not count as 'no champion'."""
    folder = trained_home.registry / "bundles" / champion_of(trained_home).manifest.bundle_id
    folder.rename(trained_home.path / "elsewhere")

    with pytest.raises(
        RegistryError, match=f"points to bundle '{folder.name}', which is not in the registry"
    ):
        open_champion(trained_home.registry)


@pytest.mark.parametrize("bundle_id", ["0" * 16, "", "../bundles", ".", "0" * 15 + "X"])
def test_an_unknown_bundle_is_not_found(trained_home: Home, bundle_id: str) -> None:
    """An unknown id is refused with the list of known ones."""
    known = champion_of(trained_home)
    (trained_home.registry / "bundles" / f"{'0' * 15}X").mkdir()

    with pytest.raises(RegistryError, match=f"no such bundle; .*'{known.manifest.bundle_id}'"):
        find_bundle(trained_home.registry, bundle_id)
    assert find_bundle(trained_home.registry, known.manifest.bundle_id) == known


def test_whoever_holds_the_report_finds_the_bundle(trained_home: Home) -> None:
    """The id at the head of report and card finds the bundle, or lists all bundles with that model."""
    champion = champion_of(trained_home)
    model_id = champion.manifest.model_id

    folder = trained_home.registry / "bundles" / champion.manifest.bundle_id
    assert model_id in (folder / "report.html").read_text()
    assert model_id in (folder / "model_card.md").read_text()
    assert find_bundle(trained_home.registry, model_id) == champion
    pointer = read_champion(trained_home.registry)
    assert pointer is not None
    assert pointer.model_id == model_id

    other = seal_another(trained_home)
    with pytest.raises(RegistryError, match=f"several bundles hold this model: .*{other.manifest.bundle_id}"):
        find_bundle(trained_home.registry, model_id)


def test_a_pointer_without_its_line_is_the_last_move(trained_home: Home) -> None:
    """A kill between pointer and history loses nothing, and the next move counts on from it."""
    first, other = champion_of(trained_home), seal_another(trained_home)
    (trained_home.registry / "history.jsonl").unlink()

    assert [move.bundle_id for move in read_history(trained_home.registry)] == [first.manifest.bundle_id]
    moved = promote_bundle(
        trained_home.registry, other, expected=first.manifest.bundle_id, forced=False, at=NOW
    )

    assert moved.sequence == 2
    assert [move.sequence for move in read_history(trained_home.registry)] == [1, 2]


def test_roll_backs_go_back_and_never_in_a_circle(trained_home: Home) -> None:
    """From the third champion to the second, then to the first, then no further; each is one move."""
    registry = trained_home.registry
    first, second = champion_of(trained_home), seal_another(trained_home)
    third = seal_another(trained_home, cut_at=0.9)
    ids = [bundle.manifest.bundle_id for bundle in (first, second, third)]
    for before, bundle in ((ids[0], second), (ids[1], third)):
        promote_bundle(registry, bundle, expected=before, forced=False, at=NOW)

    moves = [roll_back(registry, forced=False, at=NOW) for _ in range(2)]

    assert [(move.bundle_id, move.previous, move.action) for move in moves] == [
        (ids[1], ids[2], "roll back"),
        (ids[0], ids[1], "roll back"),
    ]
    history = read_history(registry)
    assert [move.sequence for move in history] == [1, 2, 3, 4, 5]
    assert [move.bundle_id for move in in_service(history)] == ids[:1]
    with pytest.raises(RegistryError, match="no earlier champion"):
        roll_back(registry, forced=False, at=NOW)
    assert read_champion(registry) == history[-1]


def test_without_a_champion_there_is_no_way_back(tmp_path: Path) -> None:
    """A registry that never had one, and one whose pointer was moved away, say so."""
    with pytest.raises(RegistryError, match="no earlier champion"):
        roll_back(tmp_path, forced=False, at=NOW)


def test_a_roll_back_goes_to_what_was_in_service(trained_home: Home) -> None:
    """A valid but changed manifest is refused, and nothing moves."""
    first, second = champion_of(trained_home), seal_another(trained_home)
    promote_bundle(trained_home.registry, second, expected=first.manifest.bundle_id, forced=False, at=NOW)
    manifest = trained_home.registry / "bundles" / first.manifest.bundle_id / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"training_seconds": ', b'"training_seconds": 1'))

    with pytest.raises(BundleError, match="has changed since it was promoted"):
        roll_back(trained_home.registry, forced=True, at=NOW)

    assert champion_of(trained_home) == second


def test_a_refused_bundle_is_promoted_and_rolled_back_to_only_by_force(trained_home: Home) -> None:
    """Only the failed check is named; each move records whether it was forced."""
    registry, first = trained_home.registry, champion_of(trained_home)
    refused = seal_another(trained_home, gate=REFUSED)
    ids = first.manifest.bundle_id, refused.manifest.bundle_id
    with pytest.raises(RegistryError, match=rf"'{ids[1]}' was refused by its gate \(headline\)"):
        promote_bundle(registry, refused, expected=ids[0], forced=False, at=NOW)
    promote_bundle(registry, refused, expected=ids[0], forced=True, at=NOW)
    promote_bundle(registry, first, expected=ids[1], forced=False, at=NOW)

    with pytest.raises(RegistryError, match=r"refused by its gate \(headline\)"):
        roll_back(registry, forced=False, at=NOW)
    roll_back(registry, forced=True, at=NOW)

    assert [move.forced for move in read_history(registry)] == [False, True, False, True]
    assert champion_of(trained_home) == refused


def test_simulated_replaces_simulated_and_never_real(trained_home: Home) -> None:
    """Not even by force; it may if there is no champion or a simulated one."""
    registry, real = trained_home.registry, champion_of(trained_home)
    simulated = seal_another(trained_home, simulated=True)
    real_id, simulated_id = real.manifest.bundle_id, simulated.manifest.bundle_id
    with pytest.raises(RegistryError, match=f"'{simulated_id}' was trained .* replace '{real_id}'"):
        promote_bundle(registry, simulated, expected=real_id, forced=True, at=NOW)
    assert champion_of(trained_home) == real

    another = seal_another(trained_home, simulated=True, cut_at=0.9)
    for name in ("champion.json", "history.jsonl"):
        (registry / name).unlink()
    promote_bundle(registry, simulated, expected=None, forced=False, at=NOW)
    promote_bundle(registry, another, expected=simulated_id, forced=False, at=NOW)

    assert champion_of(trained_home) == another


def test_a_bundle_that_scores_otherwise_than_when_it_was_made_is_not_promoted(trained_home: Home) -> None:
    """It fails its own examples, whether forced or not."""
    first, other = champion_of(trained_home), seal_another(trained_home)
    example = other.examples.examples[0]
    wrong = example.model_copy(update={"probability": 1 - example.probability})
    broken = replace(other, examples=other.examples.model_copy(update={"examples": (wrong,)}))

    with pytest.raises(BundleError, match=r"examples\.json are scored differently"):
        promote_bundle(trained_home.registry, broken, expected=first.manifest.bundle_id, forced=True, at=NOW)

    assert champion_of(trained_home) == first


def test_a_sweep_takes_leftovers_and_nothing_else(trained_home: Home) -> None:
    """Leftovers of a killed promotion are deleted; pointer, history and bundles stay."""
    before = {path: path.read_bytes() for path in trained_home.registry.rglob("*") if path.is_file()}
    (trained_home.registry / ".stage-history.jsonl-99999").write_text("half")

    sweep(trained_home.registry)

    after = {path: path.read_bytes() for path in trained_home.registry.rglob("*") if path.is_file()}
    assert after == before | {trained_home.registry / ".lock": b""}
