"""Write what was measured: a table of models, paired differences, and a plot of them."""

import math
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.peers.peer import DEFAULT, PACKAGES, Peer

Results = dict[str, dict[int, dict[str, Any]]]
"""By model, then by seed."""

METRICS = ("roc_auc", "pr_auc", "f1", "recall", "brier", "log_loss", "ece")
HEADS = ("ROC-AUC", "PR-AUC", "F1", "recall", "Brier", "log loss", "ECE")
PLOT = "quality.png"
_SMALL = 1e-3
"""Differences below this are shown with one digit more."""


def standard_error(differences: Sequence[float], *, held_out_to_learnt: float) -> float:
    """Compute the standard error of a mean over overlapping splits.

    Source: Nadeau & Bengio 2003, "Inference for the Generalization Error".
    """
    n = len(differences)
    return math.sqrt(1 / n + held_out_to_learnt) * float(np.std(differences, ddof=1)) if n > 1 else math.nan


def write_report(
    lines: list[dict[str, Any]], peers: Sequence[Peer], seeds: Sequence[int], folder: Path
) -> None:
    """Write `quality.md` and its plot from result lines; only the asked models and seeds count."""
    found: Results = {
        peer.name: {
            line["seed"]: line
            for line in lines
            if (line["model"], line["settings"]) == (peer.name, peer.settings) and line["seed"] in seeds
        }
        for peer in peers
    }
    results = {name: by_seed for name, by_seed in found.items() if by_seed}
    order = sorted(results, key=lambda name: -_rank(results, name))
    folder.mkdir(parents=True, exist_ok=True)
    text = [
        "# Quality, measured",
        "",
        "Written by `make benchmark-quality` (`tests/benchmarks/quality.py`) on the real extract.",
        f"Split seeds {_spans(seeds)}; nothing was tuned on seeds 10 and above.",
        (
            "Each split: 60 % training, 20 % validation (stopping, tuning, Platt scaling, threshold), "
            "20 % holdout, by class and by a hash of the customers' ids."
        ),
        (
            "The default network is the student; its teacher is trained on both parts and calibrated on "
            "out-of-fold predictions. Every peer has validation for its early stopping and its settings."
        ),
        (
            "Every model is calibrated alike; seconds are processor seconds of one core, tuning included; "
            "rows/s is the exported graph's, on one thread, 4,096 customers a run."
        ),
        "",
        *_shortfall(results, seeds),
        "## Models, by mean ROC-AUC against the default",
        "",
        _row("model", "seeds", *HEADS, "seconds", "rows/s"),
        _row("---", *["---:"] * (len(HEADS) + 3)),
        *(_model_row(results, name) for name in order),
        "",
        f"## {DEFAULT.capitalize()} minus model, paired over the splits",
        "",
        (
            "± is the Nadeau-Bengio standard error, sqrt(1/n + holdout/training) times the deviation "
            "of the differences; a win is a split with the higher ROC-AUC."
        ),
        "For Brier score, log loss and ECE, negative is better for the default.",
        "",
        _row("model", "seeds", "ROC-AUC", "wins", "F1", "Brier", "log loss", "ECE"),
        _row("---", *["---:"] * 7),
        *(_paired_row(results, name) for name in order if name != DEFAULT and DEFAULT in results),
        "",
        f"![paired differences of ROC-AUC]({PLOT})",
        "",
        "## Without calibration",
        "",
        _row("model", "Brier", "log loss", "ECE"),
        _row("---", *["---:"] * 3),
        *(_row(name, *(_mean(results[name], f"{m}_raw") for m in METRICS[-3:])) for name in order),
        "",
        "## Settings",
        "",
        *(f"- {peer.name}: {peer.settings}." for peer in peers),
        "",
        f"Packages: {', '.join(f'{name} {version(name)}' for name in PACKAGES)}.",
    ]
    (folder / "quality.md").write_text("\n".join(text) + "\n")
    _plot(results, order, folder / PLOT)


def _differences(results: Results, name: str, metric: str) -> list[float]:
    """Subtract a model from the default on every split that both were measured on."""
    default, other = results.get(DEFAULT, {}), results[name]
    return [default[seed][metric] - other[seed][metric] for seed in sorted(default.keys() & other.keys())]


def _rank(results: Results, name: str) -> float:
    """Order by the paired difference, which models of fewer seeds share; by the mean without a default."""
    if DEFAULT in results:
        found = _differences(results, name, "roc_auc")
        return -float(np.mean(found)) if found else -math.inf
    return float(np.mean([line["roc_auc"] for line in results[name].values()]))


def _with_error(results: Results, name: str, metric: str) -> tuple[float, float]:
    lines = list(results[name].values())
    ratio = lines[0]["customers_held_out"] / lines[0]["customers_learnt"]
    differences = _differences(results, name, metric)
    return float(np.mean(differences)), standard_error(differences, held_out_to_learnt=ratio)


def _model_row(results: Results, name: str) -> str:
    lines = results[name]
    seconds = np.mean([line["seconds"] for line in lines.values()])
    rows = [line["rows_per_second"] for line in lines.values() if line["rows_per_second"]]
    speed = f"{np.median(rows):,.0f}" if rows else ""
    shown = f"**{name}**" if name == DEFAULT else name
    return _row(
        shown, str(len(lines)), *(_mean(lines, metric) for metric in METRICS), f"{seconds:.1f}", speed
    )


def _paired_row(results: Results, name: str) -> str:
    differences = _differences(results, name, "roc_auc")
    cells = []
    for metric in ("roc_auc", "f1", "brier", "log_loss", "ece"):
        mean, error = _with_error(results, name, metric)
        digits = 5 if max(abs(mean), error) < _SMALL else 4
        cells.append(f"{_short(mean, sign=True, digits=digits)} ± {_short(error, digits=digits)}")
    wins = f"{sum(d > 0 for d in differences)} of {len(differences)}"
    return _row(name, str(len(differences)), cells[0], wins, *cells[1:])


def _shortfall(results: Results, seeds: Sequence[int]) -> list[str]:
    short = [
        f"{name} ({_spans(sorted(lines))})" for name, lines in results.items() if len(lines) < len(seeds)
    ]
    if not short:
        return []
    return [
        (
            f"Measured on fewer than {len(seeds)} seeds: {', '.join(short)}. Their means are of "
            "other splits and do not compare with the column above them; their paired differences do."
        ),
        "",
    ]


def _mean(lines: dict[int, dict[str, Any]], metric: str) -> str:
    return _short(float(np.mean([line[metric] for line in lines.values()])))


def _short(number: float, *, sign: bool = False, digits: int = 4) -> str:
    rounded = round(number, digits) + 0.0  # no negative zero
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("0.", ".", 1)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _spans(seeds: Sequence[int]) -> str:
    if list(seeds) == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1:
        return f"{seeds[0]}-{seeds[-1]}"
    return ", ".join(map(str, seeds))


def _plot(results: Results, order: Sequence[str], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 slow, and not needed to measure

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    names = [name for name in order if name != DEFAULT and DEFAULT in results]
    pairs = [_with_error(results, name, "roc_auc") for name in names]
    figure, axes = plt.subplots(figsize=(7, 0.6 + 0.32 * len(names)))
    axes.errorbar(
        [mean for mean, _ in pairs], range(len(names)), xerr=[error for _, error in pairs], fmt="o", capsize=3
    )
    axes.axvline(0, color="grey", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"lead of the {DEFAULT} in ROC-AUC, ± standard error")
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)
