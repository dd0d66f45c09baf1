from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from schemas.manifest import MANIFEST, ScoresManifest
from schemas.reports import GateCheck, GateDecision
from tasks.core.report.summary import gate_reason, gate_table, scores_table
from tests.harness.deliveries import publish_scores


def decided(outcome: str, **verdicts: str) -> GateDecision:
    """Make a decision from the verdicts of the checks that block."""
    checks = tuple(
        GateCheck.model_construct(name=name, kind="block", observed="", bound="", verdict=verdict)
        for name, verdict in verdicts.items()
    )
    return GateDecision.model_construct(
        outcome=outcome, checks=checks, switched_off=(), promotes=outcome != "refused"
    )


UNKNOWN = "whether the candidate is no worse than the champion is neither shown nor refuted"


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (decided("passed", champion="pass"), None),
        (
            decided("not proven", baseline="pass", champion="not proven"),
            (
                f"{UNKNOWN[0].upper()}{UNKNOWN[1:]}: there are too few customers to tell. No check failed,"
                " and the policy accepts such a candidate all the same (gate.not_proven: promote)."
            ),
        ),
        (
            decided("refused", champion="not proven"),
            f"Refused: {UNKNOWN}; the policy refuses such a candidate (gate.not_proven: refuse).",
        ),
        (
            decided("refused", headline="fail", parity="fail", champion="not proven"),
            "Refused: checks failed: headline, parity.",
        ),
    ],
)
def test_the_gate_gives_its_reason_in_a_sentence(decision: GateDecision, reason: str | None) -> None:
    """A candidate that is not proven and enters service all the same does so by the policy."""
    assert gate_reason(decision) == reason
    assert (reason or "| check ") in gate_table(decision)


def test_a_refusal_for_its_horizon_says_what_to_do() -> None:
    """Both horizons, and the two ways out, stand in the sentence."""
    both = "candidate 90 days (declared), champion 30 days (declared)"
    check = GateCheck(name="horizon", kind="block", observed=both, bound="the same", verdict="fail")
    refused = GateDecision(outcome="refused", checks=(check,), switched_off=(), promotes=False)

    assert gate_reason(refused) == (
        f"Refused: checks failed: horizon. The horizons differ ({both}), so the two are not compared. Declare"
        " the champion's (outcome.horizon_days), or switch the check off once you have decided on another"
        " one: --set 'gate.switched_off=[horizon]'."
    )


def test_the_verdict_stands_where_a_page_shows_it() -> None:
    """Prefect cuts off what is right of its page; the other columns may be wide."""
    table = gate_table(decided("refused", parity="fail"))

    assert "| parity | fail    |" in table


def test_a_folder_of_scores_stands_below_the_table(tmp_path: Path) -> None:
    """It is too wide for a column of a page: it is shown whole, on a line of its own."""
    day = date(2026, 3, 1)
    publish_scores(tmp_path, day, "0" * 16, datetime(2026, 3, 2, 4, tzinfo=UTC))
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    manifest = ScoresManifest.model_validate_json((folder / MANIFEST).read_bytes())

    table = scores_table({folder: manifest})

    assert table.splitlines()[-1] == f"- 2026-03-01 {'0' * 16}: `{folder}`"
    assert table.count(str(folder)) == 1
