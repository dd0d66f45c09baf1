"""Compute what the deck's text and charts need beyond the bundle's own fields."""

from dataclasses import dataclass
from typing import Any, Final

from schemas.evidence import Influence, Response
from schemas.manifest import MODEL, BundleManifest
from schemas.measures import Measure
from schemas.reports import JudgedEvaluation
from tasks.core.report.french import NAMES, value_of
from tasks.core.report.sentences import extremes, nearest

AHEAD, LEVEL, BEHIND = "devant", "à égalité", "derrière"

_STRONGEST: Final = 6
"""Groups of columns that the deck shows."""
_NAMED: Final = 2
"""A group with more columns is given a single name."""
_RESPONSES: Final = 3
"""Columns whose highest and lowest probability the deck shows."""
_STRICTER: Final = 0.6
"""The alternative threshold that the deck shows."""


@dataclass(frozen=True, kw_only=True)
class ValueShare:
    """A value of a column, and the share of customers who leave."""

    column: str
    value: str
    share: float


@dataclass(frozen=True, kw_only=True)
class NamedInfluence:
    """Columns that are shuffled together, under one French name."""

    name: str
    loss: Measure


def text_values(e: JudgedEvaluation, manifest: BundleManifest, *, in_service: bool) -> dict[str, Any]:
    """List the values that `slides.toml` refers to."""
    baselines = _baseline_differences(e)
    shares = [each for column in churn_shares(e).values() for each in column]
    return {
        "e": e,
        "manifest": manifest,
        "in_service": in_service,
        "model_kilobytes": round(manifest.files[MODEL].size / 1000),
        "riskiest": max(shares, key=lambda each: each.share),
        "baseline_differences": baselines,
        "differences": differences(e),
        "standings": standings,
        "influences": influences(e),
        "responses": _responses(e),
        "stricter": nearest(e.evidence.thresholds, _STRICTER),
        "groups": groups(e),
        "removal": _removal(e),
    }


def churn_shares(e: JudgedEvaluation) -> dict[str, list[ValueShare]]:
    """List the share of customers who left, by value of three columns."""
    return {
        column: [
            ValueShare(
                column=NAMES["columns"][column], value=value_of(column, value), share=audit.churn_share
            )
            for value, audit in e.audit.columns[column].values.items()
            if audit.churn_share is not None
        ]
        for column in ("Contract", "InternetService", "PaymentMethod")
    }


def differences(e: JudgedEvaluation) -> dict[str, Measure]:
    """Give the candidate's ROC-AUC minus that of each baseline, and of the champion."""
    return _baseline_differences(e) | _champion_difference(e)


def standings(differences: dict[str, Measure]) -> dict[str, list[str]]:
    """Group models by whether the candidate is ahead of them, level with them or behind them."""
    return {
        standing: [model for model, difference in differences.items() if _standing(difference) == standing]
        for standing in (AHEAD, LEVEL, BEHIND)
    }


def influences(e: JudgedEvaluation) -> list[NamedInfluence]:
    """Name the most influential columns, the strongest first."""
    return [
        NamedInfluence(name=_group_name(each), loss=each.loss) for each in e.evidence.influence[:_STRONGEST]
    ]


def groups(e: JudgedEvaluation) -> dict[str, tuple[float | None, float | None]]:
    """Give each protected group's flagged share and recall."""
    return {
        value_of(column, value): (group.flagged_share, group.recall.value)
        for column in ("gender", "SeniorCitizen")
        for value, group in e.slices[column].items()
    }


def _baseline_differences(e: JudgedEvaluation) -> dict[str, Measure]:
    return {_model(name): report.difference.roc_auc for name, report in e.compared.items()}


def _champion_difference(e: JudgedEvaluation) -> dict[str, Measure]:
    if e.champion is None or e.champion.same_model:
        return {}
    return {"champion d'alors": e.champion.difference.roc_auc}


def _standing(difference: Measure) -> str:
    """Compare by the interval for candidate minus other: level if it contains zero."""
    if difference.low is None or difference.high is None or difference.low <= 0 <= difference.high:
        return LEVEL
    return AHEAD if difference.low > 0 else BEHIND


def _responses(e: JudgedEvaluation) -> list[dict[str, Any]]:
    """Give the highest and the lowest mean probability of the most influential columns."""
    curves = {response.column: response for response in e.evidence.responses}
    strongest = [each.columns[0] for each in e.evidence.influence[:_STRONGEST] if len(each.columns) <= _NAMED]
    return [_extremes(curves[column]) for column in strongest[:_RESPONSES]]


def _extremes(response: Response) -> dict[str, Any]:
    column = NAMES["columns"][response.column]
    lowest, highest = (
        ValueShare(column=column, value=value_of(response.column, value), share=probability)
        for probability, value in extremes(response)
    )
    return {"column": column, "lowest": lowest, "highest": highest}


def _removal(e: JudgedEvaluation) -> dict[str, Any] | None:
    """Say what leaving out protected attributes changes: the negated difference from the refit."""
    if e.protected is None:
        return None
    cost = e.protected.difference.roc_auc
    value, low, high = (None if each is None else -each for each in (cost.value, cost.high, cost.low))
    return {"change": Measure(value=value, low=low, high=high), "standing": _standing(cost)}


def _model(name: str) -> str:
    return str(NAMES["models"].get(name, name))


def _group_name(found: Influence) -> str:
    if len(found.columns) > _NAMED:
        return "services internet"
    return " et ".join(NAMES["columns"][column] for column in found.columns)
