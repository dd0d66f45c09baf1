import errno
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from schemas.config import Locations, ScoreConfig
from tasks.core.bundle import registry
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.errors import BundleError, ChurnError, ConfigError, ExtractError, PublishError, RegistryError
from tasks.core.jobs.move_champion import move_champion
from tasks.core.jobs.score_night import score_night
from tasks.core.scores import latest
from tasks.core.steps import watched_by
from tests.harness.bundles import REFUSED, seal_another
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.home import Home

NOW = datetime(2026, 3, 3, 4, tzinfo=UTC)
CONFIG = ScoreConfig(settle_seconds=0)


class Pages:
    """Collects the pages that a run shows."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}

    def began(self, step: str) -> None:
        """Let it begin."""

    def ended(self, error: BaseException | None) -> None:
        """Let it end."""

    def progress(self, what: str, share: float, rows: int) -> None:
        """Let it go on."""

    def announce(self, event: str, resource: str, facts: Mapping[str, str | int]) -> None:
        """Nothing is announced."""

    def conclude(self, result: str) -> None:
        """Keep what it came to."""
        self.shown["result"] = result

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """Keep a page."""
        self.shown[f"{key}: {description}"] = markdown


@pytest.fixture
def other(trained_home: Home) -> Bundle:
    """Seal a second bundle next to the champion; it flags almost nobody."""
    return seal_another(trained_home)


def champion_of(home: Home) -> str:
    """Name the bundle in service."""
    assert home.champion is not None
    return home.champion.manifest.bundle_id


def move(home: Home, bundle: str | None = None, *, rescore: bool = False, force: bool = False) -> str:
    """Move the pointer of a home."""
    return move_champion(
        secret=SECRET,
        home=Locations(home=home.path),
        now=lambda: NOW,
        bundle=bundle,
        force=force,
        rescore=CONFIG if rescore else None,
    )


def scored_before(home: Home) -> Path:
    """Score and archive an extract of sixty customers in a night; return the folder of the scores."""
    places = Locations(home=home.path)
    places.inbox.mkdir()
    make_customers(60, seed=3).to_csv(places.inbox / "crm_2026-03-01.csv", index=False)
    (folder,) = score_night(secret=SECRET, home=places, config=CONFIG, now=lambda: NOW).scored
    return folder


def moves(home: Home) -> list[tuple[str, str]]:
    """List the moves of the pointer."""
    return [(move.action, move.bundle_id) for move in registry.read_history(home.registry)]


def test_a_bundle_is_promoted_and_the_one_before_comes_back(trained_home: Home, other: Bundle) -> None:
    """The message says what is in service and what was; rolling back restores it."""
    first, second = champion_of(trained_home), other.manifest.bundle_id

    assert move(trained_home, second) == f"In service: {second} (before: {first})."
    assert champion_of(trained_home) == second
    assert move(trained_home) == f"In service: {first} (before: {second})."
    assert champion_of(trained_home) == first
    with pytest.raises(RegistryError, match="no earlier champion"):
        move(trained_home)
    assert moves(trained_home) == [("promote", first), ("promote", second), ("roll back", first)]


def test_the_first_promotion_of_a_registry_has_nothing_before_it(trained_home: Home) -> None:
    """A pointer moved away by the operator is created again."""
    first = champion_of(trained_home)
    for name in (registry.POINTER, registry.HISTORY):
        (trained_home.registry / name).unlink()

    assert move(trained_home, first) == f"In service: {first} (before: nothing)."
    assert moves(trained_home) == [("promote", first)]


def test_only_force_moves_to_a_refused_bundle(trained_home: Home) -> None:
    """The refusal names the check that failed and moves nothing; forced moves are marked in the history."""
    first = champion_of(trained_home)
    refused = seal_another(trained_home, gate=REFUSED).manifest.bundle_id

    with pytest.raises(RegistryError, match=r"refused by its gate \(headline\)"):
        move(trained_home, refused)
    assert champion_of(trained_home) == first
    move(trained_home, refused, force=True)

    assert champion_of(trained_home) == refused
    assert [each.forced for each in registry.read_history(trained_home.registry)] == [False, True]


def test_the_last_extract_is_scored_again_and_what_moved_is_counted(
    trained_home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """The scores of the new champion become the latest; a line, a page and the log count what moved."""
    before = scored_before(trained_home)
    old = pd.read_csv(before / "scores.csv")
    bar = float(old["churn_probability"].sort_values().iloc[25])
    first, second = champion_of(trained_home), seal_another(trained_home, cut_at=bar).manifest.bundle_id
    reached = old["churn_probability"] >= bar
    raised = int((reached & (old["churn_flag"] == 0)).sum())
    lowered = int((~reached & (old["churn_flag"] == 1)).sum())
    moved = int((old["decile"] != np.where(reached, 1, 10)).sum())
    pages = Pages()

    with watched_by(pages), caplog.at_level("INFO", "churn"):
        said = move(trained_home, second, rescore=True)

    pointer = latest.read_latest(trained_home.path / "scores")
    assert pointer is not None
    assert (pointer.bundle_id, pointer.as_of_date) == (second, date(2026, 3, 1))
    assert raised != lowered
    assert moved > 0
    assert said == (
        f"In service: {second} (before: {first}). Flags changed: {raised + lowered} of 60,"
        f" deciles moved: {moved}, mean change of probability: 0.0000."
    )
    page = pages.shown["movement: What changed"]
    assert page.startswith(
        f"- before `{before}`\n- now `{trained_home.path / 'scores' / pointer.folder}`\n\n"
    )
    table = page.partition("\n\n")[2]
    assert [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines()[2:]] == [
        ["customers", "60"],
        ["flagged now, not before", f"{raised}"],
        ["flagged before, not now", f"{lowered}"],
        ["in another decile", f"{moved}"],
        ["mean absolute change of probability", "0.000000"],
        ["95th percentile of it", "0.000000"],
    ]
    assert f"\n{table}" in caplog.messages


def test_scores_that_are_there_already_are_compared_and_not_made_again(
    trained_home: Home, other: Bundle
) -> None:
    """Moving there and back creates no third folder, and the latest scores are the champion's."""
    before = scored_before(trained_home)
    move(trained_home, other.manifest.bundle_id, rescore=True)
    made = trained_home.published()

    said = move(trained_home, rescore=True)

    assert "Flags changed: " in said
    assert trained_home.published() == made
    pointer = latest.read_latest(trained_home.path / "scores")
    assert pointer is not None
    assert pointer.folder == before.name


def test_what_cannot_be_scored_again_moves_nothing(trained_home: Home, other: Bundle) -> None:
    """Without an archived extract, or without the scores to compare with, the pointer stays."""
    first = champion_of(trained_home)
    with pytest.raises(ConfigError, match=r"cannot be scored again\. Nothing was moved"):
        move(trained_home, other.manifest.bundle_id, rescore=True)
    folder = scored_before(trained_home)
    (folder / "scores.csv").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"have changed since they were published.*Nothing was moved"):
        move(trained_home, other.manifest.bundle_id, rescore=True)

    assert champion_of(trained_home) == first


@pytest.mark.parametrize(
    ("cause", "raised", "said"),
    [
        (PublishError("the disk is full."), PublishError, "the disk is full."),
        (OSError(errno.ENOSPC, "No space left on device"), PublishError, "No space left on device"),
        (ExtractError("extract 'x' is bad."), ExtractError, "extract 'x' is bad."),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_who_cannot_score_again_says_what_is_in_service_and_how_to_finish(
    trained_home: Home,
    other: Bundle,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    raised: type[ChurnError],
    said: str,
    force: bool,
) -> None:
    """The pointer has moved: the suggested command does not move it again."""
    scored_before(trained_home)
    first, second = champion_of(trained_home), other.manifest.bundle_id

    def fail(*_: object) -> Path:
        raise cause

    monkeypatch.setattr("tasks.core.jobs.move_champion.publish", fail)
    with pytest.raises(raised) as error:
        move(trained_home, second, rescore=True, force=force)

    message = str(error.value)
    assert message.startswith(f"In service: {second} (before: {first}). Not rescored: ")
    assert said in message
    again = f"--bundle {second} --rescore{' --force' if force else ''}"
    assert message.endswith(f"Finish with `{again}`, not with --rollback, which would go further back.")
    assert champion_of(trained_home) == second


def test_a_bug_keeps_its_traceback_and_is_told_what_is_in_service(
    trained_home: Home, other: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other errors are raised unchanged, with a note."""
    scored_before(trained_home)
    first, second = champion_of(trained_home), other.manifest.bundle_id

    def fail(*_: object) -> Path:
        raise ZeroDivisionError

    monkeypatch.setattr("tasks.core.jobs.move_champion.publish", fail)
    with pytest.raises(ZeroDivisionError) as error:
        move(trained_home, second, rescore=True)

    (note,) = error.value.__notes__
    assert note == (
        f"In service: {second} (before: {first}). Not rescored."
        f" Finish with `--bundle {second} --rescore`, not with --rollback, which would go further back."
    )


def test_a_bundle_that_does_not_verify_is_not_moved_to(trained_home: Home, other: Bundle) -> None:
    """Not even by force."""
    first = champion_of(trained_home)
    (trained_home.registry / "bundles" / other.manifest.bundle_id / "model.onnx").write_bytes(b"")

    for force in (False, True):
        with pytest.raises(BundleError, match=r"\['model.onnx'\] was changed"):
            move(trained_home, other.manifest.bundle_id, force=force)

    assert champion_of(trained_home) == first
