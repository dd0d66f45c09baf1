import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.config import SplitConfig
from tasks.core.training.data.split import Split, split_customers
from tests.benchmarks import quality, quality_report
from tests.benchmarks.peers.peer import DEFAULT, Judged, Peer, label
from tests.harness.customers import make_customers


def _peer(name: str, noise: float, usual: bool = True) -> Peer:
    def judge(parts: Split, seed: int) -> Judged:
        rng = np.random.default_rng(seed)
        validation, holdout = (
            label(part) + rng.normal(0, noise, len(part)) for part in (parts.validation, parts.holdout)
        )
        return Judged(
            calibration_logits=validation,
            calibration_label=label(parts.validation),
            holdout_logits=holdout,
        )

    return Peer(name=name, settings="none", judge=judge, usual=usual)


PEERS = (_peer(DEFAULT, 0.5), _peer("coin", 9.0), _peer("rare", 1.0, usual=False))


@pytest.mark.parametrize(("text", "seeds"), [("10-12", (10, 11, 12)), ("3", (3,)), ("3,5,4-6", (3, 5, 4, 6))])
def test_seeds_are_lists_and_spans(text: str, seeds: tuple[int, ...]) -> None:
    """Single seeds and spans may be mixed; each counts once."""
    assert quality.parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("models", "names"), [("", [DEFAULT, "coin"]), ("rar", ["rare"]), ("COIN, rare", ["coin", "rare"])]
)
def test_models_are_chosen_by_parts_of_names(
    monkeypatch: pytest.MonkeyPatch, models: str, names: list[str]
) -> None:
    """By default the usual models are measured."""
    monkeypatch.setattr(quality, "all_peers", lambda: PEERS)

    assert [peer.name for peer in quality.chosen(models)] == names


def test_standard_error_is_nadeau_and_bengios() -> None:
    """Computed by hand: differences 1, 2, 3 have deviation 1; the holdout is a third of training."""
    error = quality_report.standard_error([1.0, 2.0, 3.0], held_out_to_learnt=1 / 3)

    assert error == pytest.approx(math.sqrt(2 / 3))


def test_a_perfect_ranking_is_measured_as_such() -> None:
    """Metrics are the product's own; calibration makes probabilities of logits."""
    parts = split_customers(make_customers(600), SplitConfig(seed=3))
    result = quality.judge(_peer("oracle", 1e-6), parts, 3)

    assert (result["roc_auc"], result["f1"], result["seed"]) == (1.0, 1.0, 3)
    assert result["brier"] < 0.01 < result["brier_raw"]


def test_an_interrupted_benchmark_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Existing results are not measured again, except a line cut off by a kill."""
    make_customers(600).to_csv(tmp_path / "crm.csv", index=False)
    monkeypatch.setattr(quality, "all_peers", lambda: PEERS)
    lines = tmp_path / "out" / "results.jsonl"

    def run(*more: str) -> list[dict[str, Any]]:
        arguments = ["--extract", str(tmp_path / "crm.csv"), "--seeds", "1-3", "--out", str(lines.parent)]
        monkeypatch.setattr("sys.argv", ["quality.py", *arguments, *more])
        quality.main()
        return list(quality.read_results(lines))

    first = run()
    whole = lines.read_text()
    lines.write_text(whole[:-20])
    capsys.readouterr()
    again = run()

    assert "1/1 seed 3 coin" in capsys.readouterr().out
    assert [_figures(line) for line in again] == [_figures(line) for line in first]


def _figures(line: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in line.items() if name != "seconds"})


def test_report_pairs_models_over_the_splits_they_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default's lead, its wins, and models with fewer seeds than requested."""
    monkeypatch.setattr(quality_report, "_plot", lambda *_: None)
    monkeypatch.setattr(quality_report, "PACKAGES", ("torch",))
    parts = {seed: split_customers(make_customers(600), SplitConfig(seed=seed)) for seed in (1, 2, 3)}
    lines = [quality.judge(peer, parts[seed], seed) for peer in PEERS for seed in parts]
    lines = [line for line in lines if (line["model"], line["seed"]) != ("coin", 2)]
    quality_report.write_report(lines, PEERS, (1, 2, 3), tmp_path)
    text = (tmp_path / "quality.md").read_text()
    gains = [
        lines[seed - 1]["roc_auc"]
        - next(x for x in lines if (x["model"], x["seed"]) == ("coin", seed))["roc_auc"]
        for seed in (1, 3)
    ]

    assert "fewer than 3 seeds: coin (1, 3)." in text
    assert f"| coin | 2 | {np.mean(gains):+.4f} ± ".replace("0.", ".") in text
    assert "| 2 of 2 |" in text
