"""Draw the deck's charts: few marks, large French labels, the same colours as the report's plots."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from schemas.evidence import CalibrationBin, Decile
from schemas.measures import Measure
from tasks.core.presentation.facts import NamedInfluence, ValueShare
from tasks.core.report.french import NAMES, decimal, percent, signed, typeset
from tasks.core.report.plots import BLUE, ORANGE, STYLE, error_bars, plot_calibration, plot_gains

BESIDE: Final = (5.9, 4.5)
"""Width and height, in inches, of a chart beside text."""
ABOVE: Final = (12.1, 2.7)
"""Width and height, in inches, of a chart above text."""

_GREY: Final = "#8A97A3"
_STYLE: Final = {
    **STYLE,
    "font.family": "DejaVu Sans",
    "font.size": 14,
    "axes.grid": False,
    "text.color": "#1B2733",
    "axes.edgecolor": _GREY,
}
_PEOPLE: Final = 100
_BOX: Final = (0.84, 0.56)


def png(figure: Figure) -> bytes:
    """Render a chart as a picture that is sharp enough for paper."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    return buffer.getvalue()


def svg(figure: Figure) -> str:
    """Render a chart as SVG whose text stays text."""
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def people(share: float) -> Figure:
    """Draw a hundred people, those who left in another colour and shape."""
    left = round(_PEOPLE * share)
    spots = [(i % 10, 9 - i // 10) for i in range(_PEOPLE)]
    with _chart() as (figure, axes):
        for some, colour, marker, size in ((spots[:left], ORANGE, "X", 190), (spots[left:], BLUE, "o", 120)):
            axes.scatter([x for x, _ in some], [y for _, y in some], color=colour, marker=marker, s=size)
        title = f"Sur {_PEOPLE} clients : {left} partis, {_PEOPLE - left} restés"
        axes.set_title(typeset(title), fontsize=16, pad=12)
        axes.set(xlim=(-0.7, 9.7), ylim=(-0.7, 9.7), aspect="equal")
        axes.axis("off")
    return figure


def shares(found: Mapping[str, Sequence[ValueShare]]) -> Figure:
    """Draw a share for each value in some columns, column by column, the largest in another colour."""
    largest = max(each.share for values in found.values() for each in values)
    with _chart() as (figure, axes):
        ticks: list[str] = []
        for column, values in found.items():
            name = NAMES["columns"][column]
            axes.text(0, len(ticks) + 0.12, name, va="center", fontweight="bold", fontsize=13)
            ticks.append("")
            for each in values:
                place = len(ticks)
                axes.barh(place, each.share, color=ORANGE if each.share == largest else BLUE, height=0.72)
                axes.text(each.share + 0.008, place, percent(each.share), va="center", fontsize=13)
                ticks.append(each.value)
        axes.set_yticks(range(len(ticks)), ticks)
        axes.set(xlim=(0, 1.15 * largest), ylim=(-0.5, len(ticks) - 0.5))
        axes.set_title("Part des clients partis", fontsize=15, loc="left")
        _bars_only(axes)
    return figure


def calibration(bins: Sequence[CalibrationBin]) -> Figure:
    """Draw predicted probabilities against what happened, with intervals."""
    with _chart() as (figure, axes):
        plot_calibration(axes, bins, diagonal="annonce parfaite", seen="clients de test, par dixièmes")
        axes.set(xlabel="probabilité annoncée", ylabel="part réellement partie")
        _in_percent(axes)
        axes.legend(frameon=False, loc="upper left", fontsize=13)
    return figure


def comparison(found: Mapping[str, Measure]) -> Figure:
    """Draw the candidate's difference from each other model, with its interval and a line at zero."""
    with _chart() as (figure, axes):
        axes.axvline(0, color=_GREY, linewidth=1.5)
        for i, measure in enumerate(found.values()):
            value = measure.value or 0.0
            style: dict[str, Any] = {
                "fmt": "D",
                "color": BLUE,
                "capsize": 5,
                "markersize": 9,
                "linewidth": 2.5,
            }
            axes.errorbar(value, i, xerr=error_bars([measure]), **style)
            axes.text(value, i - 0.22, signed(value, 4), ha="center", fontsize=14, fontweight="bold")
        axes.set(ylim=(len(found) - 0.4, -0.65), xlabel=typeset("à droite de zéro, le réseau est meilleur"))
        axes.set_yticks(range(len(found)), [name.replace(" ", "\n", 1) for name in found], fontsize=13)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value, 3)))
        axes.spines["left"].set_visible(False)
    return figure


def influence(found: Sequence[NamedInfluence]) -> Figure:
    """Draw the ROC-AUC lost when a column's values are shuffled, most influential on top."""
    losses = [each.loss for each in found]
    values = [loss.value or 0.0 for loss in losses]
    ends = [max(loss.high or 0.0, value) for loss, value in zip(losses, values, strict=True)]
    names = [typeset(each.name) for each in found]
    with _chart() as (figure, axes):
        axes.barh(
            names, values, xerr=error_bars(losses), color=BLUE, ecolor="#444444", capsize=3, height=0.65
        )
        for place, (value, end) in enumerate(zip(values, ends, strict=True)):
            axes.text(end + 0.003, place, decimal(value), va="center", fontsize=13)
        axes.set(xlabel=typeset("ROC-AUC perdue si l'on mélange"), xlim=(0, 1.22 * max(ends)))
        _bars_only(axes)
    return figure


def gains(deciles: Sequence[Decile]) -> Figure:
    """Draw the share of churners found when the riskiest customers are called first."""
    x, y = deciles[1].decile / 10, deciles[1].gain
    with _chart() as (figure, axes):
        plot_gains(axes, deciles, chance="appels au hasard", ranked="par ordre de risque")
        axes.plot([x, x, 0], [0, y, y], color=ORANGE, linestyle="--", linewidth=1.8)
        axes.plot(x, y, "D", color=ORANGE, markersize=10)
        axes.text(x + 0.04, y - 0.03, percent(y), va="top", fontsize=16, fontweight="bold")
        axes.set(xlabel="clients appelés", ylabel="départs repérés")
        _in_percent(axes)
        axes.legend(frameon=False, loc="lower right", fontsize=13)
    return figure


def groups(found: Mapping[str, tuple[float | None, float | None]]) -> Figure:
    """Draw each group's flagged share and recall."""
    flagged: dict[str, Any] = {"color": BLUE}
    recall: dict[str, Any] = {"color": ORANGE, "hatch": "///", "edgecolor": "white"}
    with _chart() as (figure, axes):
        for i, pair in enumerate(found.values()):
            for offset, value, style in zip((-0.2, 0.2), pair, (flagged, recall), strict=True):
                if value is not None:
                    axes.barh(i + offset, value, 0.36, **style)
                    axes.text(value + 0.015, i + offset, percent(value), va="center", fontsize=13)
        axes.barh(0, 0, label="signalés, parmi tous", **flagged)
        axes.barh(0, 0, label="repérés, parmi les partis", **recall)
        axes.set_yticks(range(len(found)), list(found))
        axes.set(xlim=(0, 1.1))
        _bars_only(axes)
        figure.legend(loc="outside lower center", frameon=False, fontsize=13, ncols=2, columnspacing=1.2)
    return figure


def chain(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw rows of steps as boxes joined by arrows; the last step of a row leads to the row below.

    Args:
        rows: Each row's `steps`, and optionally its `name` and first column (`offset`).
    """
    columns = max(row.get("offset", 0) + len(row["steps"]) for row in rows)
    wide, high = _BOX
    with _chart(ABOVE) as (figure, axes):
        for y, row in enumerate(rows):
            first = row.get("offset", 0)
            axes.text(first - wide / 2, y - 0.34, row.get("name", ""), fontweight="bold", va="bottom")
            for x, step in enumerate(row["steps"], start=first):
                _box(axes, (x, y), typeset(step), fontsize=min(100 / columns, 20))
                if x > first:
                    _arrow(axes, (x - 1 + wide / 2, y), (x - wide / 2, y))
            if y:
                last = rows[y - 1].get("offset", 0) + len(rows[y - 1]["steps"]) - 1
                _arrow(axes, (last, y - 1 + high / 2), (last, y - high / 2))
        top = -0.62 if "name" in rows[0] else -0.32
        axes.set(xlim=(-0.45, columns - 0.55), ylim=(len(rows) - 0.68, top))
        axes.axis("off")
    return figure


@contextmanager
def _chart(size: tuple[float, float] = BESIDE) -> Iterator[tuple[Figure, Axes]]:
    """Give axes to draw on, and fix the layout at the end: every rendering is the same."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, figure.subplots()
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def _bars_only(axes: Axes) -> None:
    """Put the first bar on top, and hide the axis whose numbers the bars' labels have."""
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)


def _in_percent(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))


def _box(axes: Axes, middle: tuple[float, float], text: str, fontsize: float) -> None:
    (x, y), (wide, high) = middle, _BOX
    shape = FancyBboxPatch(
        (x - wide / 2, y - high / 2),
        wide,
        high,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor="#E8F1F8",
        edgecolor=BLUE,
        linewidth=1.8,
    )
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", fontsize=fontsize)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": ORANGE, "linewidth": 2})
