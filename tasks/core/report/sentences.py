"""Fill the sentences in the report and the card, `sentences.toml`, with numbers from evaluation.json."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from schemas.evidence import Response, ThresholdChoice, WorkedExample
from schemas.measures import Measure
from schemas.reports import JudgedEvaluation, Measures
from tasks.core.horizon import horizon_text
from tasks.core.intervals import with_interval
from tasks.core.report.comparison import compare
from tasks.core.report.plots import label_of
from tasks.core.report.summary import counts_line, gate_reason

_TEMPLATES: Final = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))


def number(measure: Measure, digits: int = 3) -> str:
    """Format a measure with its interval."""
    return with_interval(measure, missing="not measurable", digits=digits)


def percent(value: float, digits: int = 0) -> str:
    """Format a share in per cent."""
    return f"{value:.{digits}%}"


def share(measure: Measure) -> str:
    """Format a share with its interval, in per cent."""
    if measure.value is None or measure.low is None or measure.high is None:
        return "fewer than ten customers"
    return f"{percent(measure.value)} ({percent(measure.low)} to {percent(measure.high)})"


def extremes(response: Response) -> tuple[tuple[float, str], tuple[float, str]]:
    """Return the lowest and the highest mean probability, each with the column's value."""
    pairs = sorted(zip(response.probability, response.values, strict=True))
    return pairs[0], pairs[-1]


def nearest(choices: Sequence[ThresholdChoice], threshold: float) -> ThresholdChoice:
    """Return the choice whose threshold is nearest."""
    return min(choices, key=lambda choice: abs(choice.threshold - threshold))


_FILTERS: Final = {each.__name__: each for each in (number, percent, share, extremes, nearest, label_of)}
_HTML: Final = Environment(
    loader=PackageLoader("tasks.core.report", "."), autoescape=True, undefined=StrictUndefined
)
_TEXT: Final = _HTML.overlay(autoescape=False, trim_blocks=True)
_HTML.filters |= _FILTERS


def render(template: str, e: JudgedEvaluation, **values: Any) -> str:
    """Fill a template in this folder, `*.html.jinja` or another, with an evaluation and its sentences."""
    environment = _HTML if template.endswith(".html.jinja") else _TEXT
    return environment.get_template(template).render(
        e=e,
        s=sentences(e),
        counts=counts_line(e.audit.rows),
        metrics=list(Measures.model_fields),
        **values,
    )


def sentence(name: str, **values: Any) -> str:
    """Fill one template and put it on one line."""
    return " ".join(_TEXT.from_string(_TEMPLATES[name]).render(values).split())


def sentences(e: JudgedEvaluation) -> dict[str, str]:
    """Return every sentence about an evaluation, by name."""
    reason = gate_reason(e.gate)
    horizon = horizon_text(e.horizon)
    filled = {
        name: sentence(name, e=e, reason=reason, horizon=horizon) for name in _TEMPLATES if name != "example"
    }
    better, not_worse = compare(e, e.gate)
    return filled | {"better": better, "not_worse": not_worse}


def describe_example(example: WorkedExample) -> str:
    """Describe a made-up customer, the risk, and its reasons."""
    return sentence("example", example=example)
