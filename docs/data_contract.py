"""Generate the data-contract document from the models that judge extracts.

Regenerate it with `python -m docs.data_contract > docs/data-contract.md`; a test compares.
"""

import inspect
import sys

from schemas import rules
from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, TARGET
from schemas.extract import TrainingExtract
from schemas.quarantine_reasons import HINTS, RULES


def contract_document() -> str:
    """Write the contract as Markdown: columns, rules across columns, reason codes."""
    schema = TrainingExtract.to_schema()
    columns = []
    for name in EXTRACT_ORDER:
        checks = [
            check
            for part in (name, f"{name}_form")
            if part in schema.columns
            for check in schema.columns[part].checks
        ]
        columns.append(f"| `{name}` | {_kind(name)} | {'; '.join(_describe(check) for check in checks)} |")
    crossing = [
        f"| `{check.name}` | {_first_line(RULES[str(check.name)].holds)} |" for check in schema.checks
    ]
    reasons = [f"| `{code}` | {hint} |" for code, hint in HINTS.items()]
    low, high = rules.TOTAL_RATIO_BOUNDS
    return "\n".join(
        [
            "# Data contract for CRM extracts",
            "",
            "Generated from `schemas/extract.py`; do not edit. To regenerate it, run",
            "`python -m docs.data_contract > docs/data-contract.md`.",
            f"`{TARGET}` is needed for training only, and is never read for scoring.",
            "",
            "## Columns",
            "",
            "| column | type | checks |",
            "|---|---|---|",
            *columns,
            "",
            "The *form* of a number describes its text:",
            "`whole` (digits), `decimal` (with a point), `blank`, `infinite`, `decimal comma` or `text`.",
            "",
            "## Rules across columns and rows",
            "",
            "| reason | rule |",
            "|---|---|",
            *crossing,
            "",
            f"Coherent totals are between {low:g} and {high:g} times tenure x MonthlyCharges.",
            "Exact duplicates of a row are not a fault: one is kept, the others are counted.",
            "Rows that differ only in spelling (`YES`, `50.0`) are duplicates too.",
            "",
            "## Reason codes in quarantine.csv",
            "",
            "| reason | hint |",
            "|---|---|",
            *reasons,
            "",
        ]
    )


def _kind(name: str) -> str:
    if name == ID:
        return "text, as is"
    return "category" if name in CATEGORIES or name == TARGET else "number"


def _describe(check: "object") -> str:
    statistics = getattr(check, "statistics", {})
    kind = str(getattr(check, "name", ""))
    if kind == "isin":
        values = ", ".join(f"`{value}`" for value in statistics["allowed_values"])
        forms = set(statistics["allowed_values"]) <= {"whole", "decimal", "blank"}
        return f"form is one of {values}" if forms else f"one of {values}"
    if kind == "in_range":
        return f"{statistics['min_value']} to {statistics['max_value']}"
    if kind == "greater_than_or_equal_to":
        return f"at least {statistics['min_value']}"
    if kind == "less_than_or_equal_to":
        return f"at most {statistics['max_value']:,}"
    if kind == "str_length":
        return f"at most {statistics['max_value']} characters"
    return "not blank"


def _first_line(rule: object) -> str:
    return (inspect.getdoc(rule) or "").splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(contract_document())
