"""Summarise a training run on one screen, with the same text in the terminal, the log and the UI."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from schemas.manifest import BundleManifest, ScoresManifest
from schemas.measures import Measure
from schemas.reports import DataAudit, Evaluation, GateDecision, Measures, RowCounts
from tasks.core.errors import listing
from tasks.core.intervals import with_interval
from tasks.core.report.comparison import compare

_SHOWN = ("roc_auc", "pr_auc", "f1", "recall", "precision", "brier", "ece", "top_decile_lift")
_WIDTH = 120  # characters of a line of text, about those of the tables
SIMULATED = "SIMULATED customers: nothing here applies to real ones."
_OTHER_HORIZON = (
    "The horizons differ ({}), so the two are not compared. Declare the champion's (outcome.horizon_days), or"
    " switch the check off once you have decided on another one: --set 'gate.switched_off=[horizon]'."
)


def audit_table(audit: DataAudit) -> str:
    """Write a data audit as Markdown, with the values below the table: a page cuts off wide columns."""
    rows = audit.rows
    lines = [
        *([f"**{SIMULATED}**", ""] if audit.simulated else []),
        counts_line(rows) + ".",
        "",
        *([f"Churn share {audit.churn_share:.1%}.", ""] if audit.churn_share is not None else []),
        *([f"Ignored columns: {listing(audit.ignored_columns)}.", ""] if audit.ignored_columns else []),
        *([f"- quarantined as {code}: {count}" for code, count in audit.quarantined_by_reason.items()]),
        "",
    ]
    rows_shown, values_shown = [], []
    for name, column in audit.columns.items():
        span = "" if column.low is None or column.high is None else f"{column.low:g} to {column.high:g}"
        values = ", ".join(
            f"{value} {cell.count}" + ("" if cell.churn_share is None else f" ({cell.churn_share:.0%})")
            for value, cell in column.values.items()
        )
        rows_shown.append([name, str(column.count), str(column.blanks), str(column.distinct), span])
        values_shown += [f"- {name}: {values}"] if values else []
    table = markdown_table(["column", "filled", "blank", "distinct", "range"], rows_shown)
    return "\n".join([*lines, table, "", "Values (churn share):", "", *values_shown])


def counts_line(rows: RowCounts) -> str:
    """Account for every line."""
    return (
        f"{rows.received} lines received = {rows.accepted} accepted + {rows.quarantined} quarantined"
        f" + {rows.exact_duplicates} exact duplicates"
        f"{f' + {rows.objected} objected' if rows.objected else ''} + {rows.blank_lines} blank"
    )


def metrics_table(evaluation: Evaluation) -> str:
    """Write the metrics for candidate, champion and baselines as a Markdown table."""
    columns: dict[str, Measures] = {"candidate": evaluation.measures}
    if evaluation.teacher is not None:
        columns["teacher"] = evaluation.teacher.measures
    if evaluation.champion is not None:
        columns["champion"] = evaluation.champion.measures
    columns |= {name: report.measures for name, report in evaluation.baselines.items()}
    rows = []
    for metric in _SHOWN:
        cells = [_value(getattr(measures, metric)) for measures in columns.values()]
        rows.append([metric, with_interval(getattr(evaluation.measures, metric), missing="-"), *cells[1:]])
    table = markdown_table(["metric", *columns], rows)
    if evaluation.champion is None:
        return table
    unseen = evaluation.champion.difference.customers
    return f"{table}\n\nThe champion is measured on {unseen} customers that it has not seen."


def gate_table(decision: GateDecision) -> str:
    """Write the gate's decision, check by check, as Markdown; no page cuts off the verdict."""
    rows = [[check.name, check.verdict, check.observed, check.bound] for check in decision.checks]
    table = markdown_table(["check", "verdict", "observed", "bound"], rows)
    reason = gate_reason(decision)
    lines = [f"Gate: **{decision.outcome}**", *(["", reason] if reason else []), "", table]
    if decision.switched_off:
        lines += ["", f"Switched off by policy: {', '.join(decision.switched_off)}."]
    return "\n".join(lines)


def gate_reason(decision: GateDecision) -> str | None:
    """Say in a sentence why the gate did not simply pass the candidate; None if it did."""
    blocking = [check for check in decision.checks if check.kind == "block"]
    failed = [check.name for check in blocking if check.verdict == "fail"]
    compared = " and ".join(check.name for check in blocking if check.verdict == "not proven")
    unknown = f"whether the candidate is no worse than the {compared} is neither shown nor refuted"
    if decision.outcome == "not proven":
        return (
            f"{unknown[0].upper()}{unknown[1:]}: there are too few customers to tell. No check failed, and"
            " the policy accepts such a candidate all the same (gate.not_proven: promote)."
        )
    if failed:
        differ = [check.observed for check in blocking if check.name == "horizon" and check.verdict == "fail"]
        refused = f"Refused: checks failed: {', '.join(failed)}."
        return " ".join([refused, *map(_OTHER_HORIZON.format, differ)])
    if decision.outcome == "refused":
        return f"Refused: {unknown}; the policy refuses such a candidate (gate.not_proven: refuse)."
    return None


def training_summary(
    manifest: BundleManifest, evaluation: Evaluation, *, service: str, next_command: str
) -> str:
    """Write a training run's result: metrics, gate, the bundle in service, and what to run next."""
    training = evaluation.training
    better, not_worse = compare(evaluation, manifest.gate)
    few = ", too few to tell close models apart" if evaluation.cross_fit else ""
    networks = f"{len(training.epochs)} networks" if len(training.epochs) > 1 else "one network"
    distilled = ", distilled into a small one" if evaluation.teacher is not None else ""
    return "\n".join(
        [
            *([SIMULATED, ""] if evaluation.simulated else []),
            fill(better, _WIDTH),
            fill(not_worse, _WIDTH),
            "",
            fill(
                f"Trained on {training.training_customers + training.validation_customers} customers in"
                f" {manifest.training_seconds:.1f} processor seconds"
                f" ({networks}, {sum(training.epochs)} epochs in total{distilled})."
                f" On the {training.holdout_customers} customers of the holdout alone{few}:",
                _WIDTH,
            ),
            "",
            metrics_table(evaluation),
            "",
            gate_table(manifest.gate),
            "",
            f"{service}\n\nNext: {next_command}",
        ]
    )


def scores_table(published: Mapping[Path, ScoresManifest]) -> str:
    """Write the counts for published scores as a Markdown table, with their folders below."""
    rows = []
    for manifest in published.values():
        marks = " (SIMULATED)" if manifest.extract.simulated or manifest.bundle_simulated else ""
        counts = manifest.extract.counts
        rows.append(
            [
                f"{manifest.as_of_date} {manifest.extract.extract_id}{marks}",
                str(manifest.scored),
                str(manifest.flagged),
                str(manifest.out_of_domain),
                str(counts.quarantined),
                str(counts.exact_duplicates),
                str(counts.objected),
            ]
        )
    heads = ["extract", "scored", "flagged", "out of domain", "quarantined", "duplicates", "objected"]
    folders = [
        f"- {manifest.as_of_date} {manifest.extract.extract_id}: `{folder}`"
        for folder, manifest in published.items()
    ]
    return "\n".join([markdown_table(heads, rows), "", *folders])


def markdown_table(heads: list[str], rows: list[list[str]]) -> str:
    """Write a table that is readable both as Markdown and in a terminal."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


def _value(measure: Measure) -> str:
    return "-" if measure.value is None else f"{measure.value:.3f}"
