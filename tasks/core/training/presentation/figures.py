"""Draw the slides' figures: few marks, large French labels, the colours of the report's plots."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Concatenate, Final, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter

from schemas.evidence import CalibrationBin, Decile, Influence
from schemas.measures import Measure
from tasks.core.training.presentation.french import decimal, percent, typeset
from tasks.core.training.report.plots import BLUE, ORANGE, STYLE

P = ParamSpec("P")

SIDE: Final = (5.9, 4.5)
"""Width and height, in inches, of a figure beside text."""

WIDE: Final = 12.1
"""Width, in inches, of a figure above text."""

INK: Final = "#1B2733"
GREY: Final = "#8A97A3"
PALE: Final = "#E8F1F8"
_PEOPLE: Final = 100
_STYLE: Final = {**STYLE, "font.size": 14, "axes.grid": False, "text.color": INK, "axes.edgecolor": GREY}


def _figure(
    size: tuple[float, float],
) -> Callable[[Callable[Concatenate[Axes, P], None]], Callable[P, Figure]]:
    """Make a function that draws on axes into one that gives a figure of this size."""

    def decorate(draw: Callable[Concatenate[Axes, P], None]) -> Callable[P, Figure]:
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
            with mpl.rc_context(_STYLE):
                figure = Figure(figsize=size, layout="constrained")
                draw(figure.subplots(), *args, **kwargs)
                figure.draw_without_rendering()
                figure.set_layout_engine("none")  # laid out once: every rendering is the same
            return figure

        return drawn

    return decorate


@_figure(SIDE)
def people(axes: Axes, share: float) -> None:
    """Draw a hundred people, those who left in another colour and shape."""
    left = round(_PEOPLE * share)
    spots = [(i % 10, 9 - i // 10) for i in range(_PEOPLE)]
    for some, colour, marker, size in ((spots[:left], ORANGE, "X", 190), (spots[left:], BLUE, "o", 120)):
        x, y = [place[0] for place in some], [place[1] for place in some]
        axes.scatter(x, y, color=colour, marker=marker, s=size)
    axes.set_title(
        typeset(f"Sur {_PEOPLE} clients : {left} partis, {_PEOPLE - left} restés"), fontsize=16, pad=12
    )
    axes.set(xlim=(-0.7, 9.7), ylim=(-0.7, 9.7), aspect="equal")
    axes.axis("off")


@_figure(SIDE)
def shares(axes: Axes, groups: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Draw a share for each value of some columns, column by column, the largest of all marked."""
    names: list[str] = []
    values: list[float] = []
    breaks: list[tuple[int, str]] = []
    for column, found in groups.items():
        breaks.append((len(names), column))
        names += ["", *found]
        values += [0.0, *found.values()]
    places = list(range(len(names)))
    colours = [ORANGE if value == max(values) else BLUE for value in values]
    axes.barh(places, values, color=colours, height=0.72)
    for place, value in zip(places, values, strict=True):
        if names[place]:
            axes.text(value + 0.008, place, percent(value), va="center", fontsize=13)
    for place, column in breaks:
        axes.text(0, place + 0.12, column, va="center", fontweight="bold", fontsize=13)
    axes.set_yticks([place for place in places if names[place]], [name for name in names if name])
    axes.set(xlim=(0, 1.15 * max(values)), xticks=[])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    axes.set_title(typeset(title), fontsize=15, loc="left")


@_figure(SIDE)
def calibration(axes: Axes, bins: Sequence[CalibrationBin]) -> None:
    """Draw what was said against what happened, with intervals."""
    shown = [
        (each.probability, each.churn_share.value, each.churn_share.low or 0.0, each.churn_share.high or 0.0)
        for each in bins
        if each.churn_share.value is not None
    ]
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.5, label="annonce parfaite")
    axes.errorbar(
        [said for said, *_ in shown],
        [seen for _, seen, *_ in shown],
        yerr=[[seen - low for _, seen, low, _ in shown], [high - seen for _, seen, _, high in shown]],
        fmt="o",
        color=BLUE,
        capsize=4,
        markersize=8,
        label="clients de test, par dixièmes",
    )
    axes.set(xlabel="probabilité annoncée", ylabel="part réellement partie", xlim=(0, 1), ylim=(0, 1))
    _in_percent(axes, "xy")
    axes.legend(frameon=False, loc="upper left", fontsize=13)


@_figure(SIDE)
def comparison(axes: Axes, found: Mapping[str, Measure]) -> None:
    """Draw a measure of each model with its interval; the first one is ours."""
    for i, (name, measure) in enumerate(found.items()):
        value = measure.value or 0.0
        below, above = value - (measure.low or value), (measure.high or value) - value
        colour = ORANGE if i == 0 else BLUE
        axes.errorbar(
            value,
            i,
            xerr=[[below], [above]],
            fmt="D" if i == 0 else "o",
            color=colour,
            capsize=5,
            markersize=10,
            linewidth=2.5,
        )
        axes.text(value, i - 0.3, decimal(value), ha="center", fontsize=14, fontweight="bold", color=INK)
        axes.text(value, i + 0.36, name, ha="center", fontsize=13, color=INK)
    axes.set(ylim=(len(found) - 0.4, -0.65), yticks=[], xlabel="ROC-AUC et intervalle à 95 %")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, 2)))
    axes.spines["left"].set_visible(False)


@_figure(SIDE)
def influence(axes: Axes, found: Sequence[Influence], names: Sequence[str]) -> None:
    """Draw the ROC-AUC lost when a column's values are shuffled, most influential on top."""
    values = [each.loss.value or 0.0 for each in found]
    high = [each.loss.high or 0.0 for each in found]
    errors = [
        [value - (each.loss.low or 0.0) for value, each in zip(values, found, strict=True)],
        [end - value for value, end in zip(values, high, strict=True)],
    ]
    axes.barh(list(names), values, xerr=errors, color=BLUE, ecolor="#444444", capsize=3, height=0.65)
    for place, (value, end) in enumerate(zip(values, high, strict=True)):
        axes.text(max(value, end) + 0.003, place, decimal(value), va="center", fontsize=13)
    axes.set(
        xlabel=typeset("ROC-AUC perdue si l'on mélange"), xlim=(0, 1.22 * max(*high, *values)), xticks=[]
    )
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)


@_figure(SIDE)
def gains(axes: Axes, deciles: Sequence[Decile]) -> None:
    """Draw the share of churners found when the riskiest customers are called first."""
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.5, label="appels au hasard")
    x = [0.0, *(each.decile / 10 for each in deciles)]
    y = [0.0, *(each.gain for each in deciles)]
    axes.plot(x, y, "o-", color=BLUE, linewidth=2.5, markersize=6, label="par ordre de risque")
    axes.plot([x[2], x[2], 0], [0, y[2], y[2]], color=ORANGE, linestyle="--", linewidth=1.8)
    axes.plot(x[2], y[2], "D", color=ORANGE, markersize=10)
    axes.text(x[2] + 0.04, y[2] - 0.03, percent(y[2]), va="top", fontsize=16, fontweight="bold")
    axes.set(xlabel="clients appelés", ylabel="départs repérés", xlim=(0, 1), ylim=(0, 1.02))
    _in_percent(axes, "xy")
    axes.legend(frameon=False, loc="lower right", fontsize=13)


@_figure(SIDE)
def groups(axes: Axes, found: Mapping[str, tuple[float | None, Measure]]) -> None:
    """Draw who is flagged and who is found, group by group."""
    for i, (flagged, recall) in enumerate(found.values()):
        for offset, value, colour, hatch in (
            (-0.2, flagged, BLUE, None),
            (0.2, recall.value, ORANGE, "///"),
        ):
            if value is None:
                continue
            axes.barh(i + offset, value, 0.36, color=colour, hatch=hatch, edgecolor="white")
            axes.text(value + 0.015, i + offset, percent(value), va="center", fontsize=13)
    axes.barh(0, 0, color=BLUE, label="signalés, parmi tous")
    axes.barh(0, 0, color=ORANGE, hatch="///", edgecolor="white", label="repérés, parmi les partis")
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlim=(0, 1.1), xticks=[])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)
    axes.figure.legend(loc="outside lower center", frameon=False, fontsize=13, ncols=2, columnspacing=1.2)


def chain(rows: Sequence[tuple[int, str, Sequence[str]]], joins: Sequence[int] = ()) -> Figure:
    """Draw steps as boxes joined by arrows, over the whole width.

    Args:
        rows: Each row's first column, counted from 0, its name and its steps.
        joins: Columns in which a step of the first row leads to the one below it.
    """
    return _figure((WIDE, max(1.9, 1.35 * len(rows))))(_chain)(rows, joins)


def _chain(axes: Axes, rows: Sequence[tuple[int, str, Sequence[str]]], joins: Sequence[int]) -> None:
    columns = max(first + len(steps) for first, _, steps in rows)
    wide, high = 0.84, 0.56
    size = 13.5 if columns > 6 else 17  # noqa: PLR2004
    for row, (first, name, steps) in enumerate(rows):
        axes.text(first - wide / 2, row - 0.34, name, fontsize=14, fontweight="bold", va="bottom")
        for i, step in enumerate(steps):
            x = first + i
            corner = (x - wide / 2, row - high / 2)
            style = "round,pad=0,rounding_size=0.06"
            axes.add_patch(
                FancyBboxPatch(
                    corner, wide, high, boxstyle=style, facecolor=PALE, edgecolor=BLUE, linewidth=1.8
                )
            )
            axes.text(x, row, typeset(step), ha="center", va="center", fontsize=size)
            if i:
                _arrow(axes, (x - 1 + wide / 2, row), (x - wide / 2, row))
    for column in joins:
        _arrow(axes, (column, high / 2), (column, 1 - high / 2))
    axes.set(xlim=(-0.45, columns - 0.55), ylim=(len(rows) - 0.68, -0.62))
    axes.axis("off")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": ORANGE, "linewidth": 2})


def _in_percent(axes: Axes, which: str) -> None:
    for axis in (getattr(axes, f"{each}axis") for each in which):
        axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
