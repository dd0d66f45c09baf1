"""Generate the data-contract document from the models that judge extracts.

Regenerate it with `python -m docs.data_contract > docs/data-contract.md`; a test compares.
"""

import inspect
import sys

from schemas import rules
from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, TARGET
from schemas.contact_lists import REASONS, Bases, Objections
from schemas.customer_ids import DAMAGES
from schemas.extract import TrainingExtract
from schemas.quarantine_reasons import HINTS, RULES
from tasks.core.contract.quirks import MISSING_WORDS

_CRM = "CRM team"
_EITHER = "CRM team or operator"
_REFUSALS = (
    (
        "is empty, has no customers, is damaged, has changed",
        _CRM,
        "export and deliver it again",
    ),
    ("is an Excel workbook, JSON, compressed with xz, not UTF-8, ...", _CRM, "export it as the line says"),
    (
        "has no header, is missing columns",
        _EITHER,
        "export the columns; or check the suggested `ingest.aliases` line, and copy it into the settings",
    ),
    ("has duplicate columns, has rows of another width", _CRM, "correct the export"),
    (
        "contains personal data",
        _EITHER,
        "export without it; or list a false positive in `ingest.allow_personal_columns`",
    ),
    ("has no values in a column", _CRM, "export the values"),
    (
        "uses unknown values in most rows",
        _EITHER,
        "export the listed values; or map the sender's in `ingest.value_maps`",
    ),
    ("rows are bad", _CRM, "correct the reasons named, then those in `quarantine.csv`"),
    ("mixes simulated customers with others", "operator", "deliver them in separate files"),
    ("unpacks to more than the limit", _EITHER, "deliver it in parts; or raise `ingest.max_unpacked_bytes`"),
    ("has too few customers to train on, has only one class", "ML owner", "ask for a larger extract"),
)
"""Kinds of refusals as their lines begin, who acts, and how."""


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
    words = ", ".join(f"`{word.upper()}`" for word in sorted(MISSING_WORDS))
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
            "## What a customerID may look like",
            "",
            "An id is whatever the CRM issues: letters and digits of any kind, with signs between them.",
            "It is published as sent, blanks around it included. A row is quarantined as `damaged_id` if",
            "something else stands where the id should be:",
            "",
            *(f"- {damage.what}" for damage in DAMAGES),
            "",
            "An id that starts with `+` or `-` is legal (`+33612345678`, `-5`), but a spreadsheet reads it",
            "as a formula. The log counts such ids: import `customerID` as text.",
            "Digits that a spreadsheet has rounded (455000000001230000 for 455000000001234567) look like an",
            "id and cannot be recognised.",
            "",
            "## Numbers",
            "",
            "The *form* of a number describes its text:",
            "`whole` (digits), `decimal` (with a point), `blank`, `infinite`, `decimal comma` or `text`.",
            "",
            "## Quirks",
            "",
            "What is not written as above, but can be read in only one way, is read; the log counts it:",
            "",
            "- blanks around a number, also no-break ones, and no-break blanks around a value",
            f"- a word for a missing number, in any case, which counts as blank: {words}",
            "- a code written as a decimal: `1.0` for `1` in `SeniorCitizen`",
            "- a first line that only tells Excel the separator (`sep=;`), and repeated byte-order marks",
            "- lines that end with CR CR LF, or with CR in a file to which a tool has added a last LF",
            "- a line that cannot be a customer, which counts as a blank line: a count of rows",
            "  (`(10 rows affected)`, `Total: 10 rows`), sums without a customer, a ruled line (`---,---`),",
            "  an end mark (`end of file`, the DOS character 26). A number that is joined to a word or",
            "  starts with a zero may be an id, so `LINE-000123` is a row that was cut off",
            "- a file without a single byte beside others that have customers, as Spark writes them",
            "",
            "A line break within quotes is not among them: a quote that was never closed looks the same, and",
            "reading both lines as one could swallow customers. They are quarantined as `stray_quote` or",
            "`short_row`.",
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
            "The CRM team reads `quarantine.csv`, corrects the export as the hint says, and sends it again.",
            "For `unknown_category` the operator may instead map the sender's values in `ingest.value_maps`.",
            "",
            "## When a whole extract is refused",
            "",
            "One line says all that is wrong at once, numbered if it is several faults. If the header cannot",
            "be used, the first 1,000 lines below it are judged as well.",
            "",
            "| refusal | who reads it | what they do next |",
            "|---|---|---|",
            *(f"| {refusal} | {reader} | {action} |" for refusal, reader, action in _REFUSALS),
            "",
            *_contact_lists(),
        ]
    )


def _contact_lists() -> list[str]:
    """Write the contracts of the two contact lists: columns, what a fault means, reason codes."""
    lines = [
        "## Contact lists",
        "",
        "Generated from `schemas/contact_lists.py`. Two CSV files beside the extract say who objected, and",
        "on what basis a customer may be contacted; [operations](operations.md#who-objected) explains how to",
        "configure them. They are UTF-8, separated by commas, semicolons, tabs or bars, and have exactly",
        "these columns, in any order; a file with another header is refused. Ids match whatever their case",
        "and the blanks in them: ` sim-0000001` is `SIM-0000001`.",
        "",
    ]
    for name, contract in (("objections", Objections), ("basis", Bases)):
        lines += [f"`{name}`:", "", "| column | checks |", "|---|---|"]
        lines += [
            f"| `{column}` | {'; '.join(dict.fromkeys(map(_describe, found.checks)))} |"
            for column, found in contract.to_schema().columns.items()
        ]
        lines.append("")
    return [
        *lines,
        "Doubt means no:",
        "",
        "- Every scope leaves the customer out of scoring, and so does a bad row whose id can be read.",
        "- A bad row gives no basis, nor does one that begins in the future.",
        "- Rows with the same customer and channel that differ give no basis for that channel.",
        "",
        "Bad rows are listed in `contacts_quarantine.csv` beside the scores, by `contact_list`, line,",
        "column, reason and hint, without values. A list with too many of them is refused (exit code 20).",
        "",
        "| reason | hint |",
        "|---|---|",
        *(f"| `{code}` | {hint} |" for code, hint in REASONS.items()),
        "",
    ]


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
    return _FIXED[kind]


_FIXED = {
    "str_contains": "not blank",
    "damaged_id": "not damaged ([rule](#what-a-customerid-may-look-like))",
    "str_matches": "a day that exists, such as `2026-03-01`",
    "impossible_day": "a day that exists, such as `2026-03-01`",
}
"""Descriptions of the checks that have no settings to show."""


def _first_line(rule: object) -> str:
    return (inspect.getdoc(rule) or "").splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(contract_document())
