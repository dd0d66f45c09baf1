"""Draw a report's plots as inline SVG; colours that colour-blind readers can tell apart.

Source of the colours: Okabe & Ito 2008, "Color Universal Design".
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from schemas.evidence import (
    CalibrationBin,
    ColumnWeight,
    Curve,
    Decile,
    Influence,
    LearningCurve,
    Response,
    ScoreBin,
    ThresholdChoice,
    WorkedExample,
)
from schemas.measures import Measure
from schemas.reports import CrossFit

BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
_OTHERS: Final = ("#E69F00", "#009E73", "#CC79A7", "#56B4E9")
_DASHES: Final = ("--", "-.", ":", (0, (5, 1)))
STYLE: Final[Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "svg.fonttype": "none",
    "svg.hashsalt": "churn",  # the same numbers give the same bytes
    "font.family": "sans-serif",
}


def curves(drawn: Mapping[str, Curve], *, x: str, y: str, diagonal: bool) -> str:
    """Draw the candidate's curve with its band, and the other models' in the same axes."""
    figure, axes = _axes()
    if diagonal:
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="chance")
    for i, (name, curve) in enumerate(drawn.items()):
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=BLUE, alpha=0.2, linewidth=0)
            axes.plot(curve.x, curve.y, color=BLUE, linewidth=2.2, label=name)
        else:
            style: dict[str, Any] = {"color": _OTHERS[(i - 1) % 4], "linestyle": _DASHES[(i - 1) % 4]}
            axes.plot(curve.x, curve.y, linewidth=1.3, label=name, **style)
    axes.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.01))
    axes.legend(frameon=False)
    return _svg(figure, f"{y} against {x}")


def evidence(found: CrossFit, margin: float) -> str:
    """Draw the candidate's difference from every other model: each fold, and the mean with its interval."""
    others = found.baselines | ({"its teacher": found.teacher} if found.teacher else {})
    figure, axes = _axes(height=0.55 * len(others) + 1.1)
    axes.axvline(0, color="black", linewidth=1)
    axes.axvline(-margin, color="black", linestyle="--", linewidth=1)
    for i, each in enumerate(others.values()):
        axes.plot(each.by_fold, [i + 0.2] * len(each.by_fold), "o", color=ORANGE, markersize=4, alpha=0.8)
        mean = each.difference.roc_auc
        style: dict[str, Any] = {"fmt": "D", "color": BLUE, "capsize": 4, "markersize": 7, "linewidth": 2}
        axes.errorbar(mean.value or 0.0, i - 0.1, xerr=error_bars([mean]), **style)
    axes.set(
        xlabel="ROC-AUC of the network minus the other's",
        yticks=range(len(others)),
        ylim=(len(others) - 0.5, -0.5),
    )
    axes.set_yticklabels(list(others))
    return _svg(figure, "Network minus other models, by fold")


def calibration(bins: tuple[CalibrationBin, ...]) -> str:
    """Draw predicted against observed churn, with intervals."""
    figure, axes = _axes()
    plot_calibration(axes, bins, diagonal="perfect calibration", seen="holdout, by decile")
    axes.set(xlabel="predicted probability", ylabel="observed churn share")
    axes.legend(frameon=False)
    return _svg(figure, "Calibration")


def plot_calibration(axes: Axes, bins: Sequence[CalibrationBin], *, diagonal: str, seen: str) -> None:
    """Plot the bins with their intervals and the diagonal, under these names in the legend."""
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label=diagonal)
    shown = [each for each in bins if each.churn_share.value is not None]
    axes.errorbar(
        [each.probability for each in shown],
        [each.churn_share.value or 0.0 for each in shown],
        yerr=error_bars([each.churn_share for each in shown]),
        fmt="o-",
        color=BLUE,
        capsize=3,
        label=seen,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1))


def scores(bins: tuple[ScoreBin, ...], threshold: float) -> str:
    """Draw the distribution of probabilities by outcome."""
    figure, axes = _axes()
    width = 0.42 * (bins[0].high - bins[0].low)
    middles = [(each.low + each.high) / 2 for each in bins]
    hatched: dict[str, Any] = {"hatch": "///", "edgecolor": "white"}
    for name, side, colour, style in (("stayed", -1, BLUE, {}), ("left", 1, ORANGE, hatched)):
        places = [middle + side * width / 2 for middle in middles]
        counts = [getattr(each, name) or 0 for each in bins]
        axes.bar(places, counts, width, color=colour, label=name, **style)
    axes.axvline(threshold, color="black", linestyle="--", linewidth=1, label=f"threshold {threshold:.2f}")
    axes.set(xlabel="churn probability", ylabel="customers", xlim=(0, 1))
    axes.legend(frameon=False)
    return _svg(figure, "Scores by outcome")


def gains(deciles: tuple[Decile, ...]) -> str:
    """Draw the share of churners found when the riskiest customers are contacted first."""
    figure, axes = _axes()
    plot_gains(axes, deciles, chance="random order", ranked="riskiest first")
    axes.set(xlabel="share of customers contacted", ylabel="share of churners found")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(frameon=False, loc="lower right")
    return _svg(figure, "Cumulative gains")


def plot_gains(axes: Axes, deciles: Sequence[Decile], *, chance: str, ranked: str) -> None:
    """Plot the cumulative gains and the diagonal, under these names in the legend."""
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label=chance)
    axes.plot(
        [0, *(each.decile / 10 for each in deciles)],
        [0, *(each.gain for each in deciles)],
        "o-",
        color=BLUE,
        label=ranked,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.01))


def lift(deciles: tuple[Decile, ...]) -> str:
    """Draw each decile's churn share relative to everyone's."""
    figure, axes = _axes()
    axes.bar([each.decile for each in deciles], [each.lift for each in deciles], color=BLUE)
    axes.axhline(1, color="#999999", linewidth=1)
    axes.set(xlabel="decile (1 = highest risk)", ylabel="lift", xticks=range(1, 11))
    return _svg(figure, "Lift by decile")


def thresholds(choices: tuple[ThresholdChoice, ...], threshold: float) -> str:
    """Draw precision, recall and the share of customers contacted by threshold."""
    figure, axes = _axes()
    x = [each.threshold for each in choices]
    precise = [each for each in choices if each.precision is not None]
    axes.plot(x, [each.recall for each in choices], color=BLUE, label="recall")
    axes.plot(
        [each.threshold for each in precise],
        [each.precision or 0.0 for each in precise],
        color=ORANGE,
        linestyle="--",
        label="precision",
    )
    axes.plot(
        x, [each.contacted_share for each in choices], color="#009E73", linestyle=":", label="contacted"
    )
    axes.axvline(threshold, color="black", linestyle="--", linewidth=1)
    axes.set(xlabel="threshold", xlim=(0, 1), ylim=(0, 1.01))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(frameon=False)
    return _svg(figure, "Moving the threshold")


def influence(found: tuple[Influence, ...]) -> str:
    """Draw the loss in ROC-AUC when columns are shuffled, most influential on top."""
    figure, axes = _axes(height=0.32 * len(found) + 1)
    names = [label_of(each) for each in found][::-1]
    losses = [each.loss for each in found][::-1]
    values = [loss.value or 0.0 for loss in losses]
    axes.barh(names, values, xerr=error_bars(losses), color=BLUE, ecolor="#444444", capsize=2)
    axes.set(xlabel="ROC-AUC lost when shuffled")
    return _svg(figure, "Influence")


def weights(columns: tuple[ColumnWeight, ...]) -> str:
    """Draw each column's mean absolute contribution, largest on top."""
    figure, axes = _axes(height=0.26 * len(columns) + 1)
    drawn = columns[::-1]
    axes.barh([each.column for each in drawn], [each.mean_contribution for each in drawn], color=BLUE)
    axes.set(xlabel="mean |contribution|, logits")
    return _svg(figure, "Mean contribution by column")


def worked(example: WorkedExample) -> str:
    """Draw a made-up customer's contributions: columns that raise the risk, then those that lower it."""
    figure, axes = _axes(width=3.8, height=0.2 * len(example.contributions) + 0.8)
    names, values = [*example.contributions][::-1], [*example.contributions.values()][::-1]
    axes.barh(names, values, color=[ORANGE if value > 0 else BLUE for value in values])
    axes.axvline(0, color="#444444", linewidth=1)
    axes.set(xlabel="contribution, logits")
    axes.tick_params(axis="y", labelsize=8)
    return _svg(figure, "Contributions of a made-up customer")


def response(drawn: Response) -> str:
    """Draw the mean probability if everyone had each value of a column."""
    figure, axes = _axes(width=3.6, height=2.6)
    if all(value.replace(".", "", 1).isdigit() for value in drawn.values) and len(drawn.values) > 3:  # noqa: PLR2004
        axes.plot([float(value) for value in drawn.values], drawn.probability, "o-", color=BLUE, markersize=3)
    else:
        axes.bar(range(len(drawn.values)), drawn.probability, color=BLUE)
        axes.set_xticks(range(len(drawn.values)), drawn.values, rotation=25, ha="right")
    axes.set(title=drawn.column, ylim=(0, None))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return _svg(figure, f"Response to {drawn.column}")


def learning(
    curves_of_members: tuple[LearningCurve, ...], best: tuple[int, ...], metric: str, title: str
) -> str:
    """Draw a metric by epoch, one line per network; the best epoch is marked."""
    figure, axes = _axes(width=3.6, height=2.8)
    for i, (curve, kept) in enumerate(zip(curves_of_members, best, strict=True)):
        training, validation = (getattr(curve, f"{part}_{metric}") for part in ("training", "validation"))
        epochs = range(1, len(training) + 1)
        axes.plot(epochs, training, color=BLUE, alpha=0.5, linewidth=1, label="training" if i == 0 else None)
        axes.plot(epochs, validation, color=ORANGE, linewidth=1.2, label="stopping" if i == 0 else None)
        axes.plot(kept, validation[kept - 1], "k|", markersize=12, label="best epoch" if i == 0 else None)
    axes.set(title=title, xlabel="epoch")
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure, f"Learning curve: {title}")


def label_of(found: Influence) -> str:
    """Name columns that are shuffled together."""
    return " + ".join(found.columns) if len(found.columns) < 3 else f"{len(found.columns)} internet services"  # noqa: PLR2004


def error_bars(measures: Sequence[Measure]) -> tuple[list[float], list[float]]:
    """Return the distances from each value to the ends of its interval, as matplotlib expects them."""
    values = [measure.value or 0.0 for measure in measures]
    low = [max(value - (measure.low or 0.0), 0.0) for value, measure in zip(values, measures, strict=True)]
    high = [max((measure.high or 0.0) - value, 0.0) for value, measure in zip(values, measures, strict=True)]
    return low, high


def _axes(width: float = 5.6, height: float = 3.6) -> tuple[Figure, Axes]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _svg(figure: Figure, title: str) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
