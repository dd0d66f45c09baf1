"""Why a row is quarantined: a closed list, each reason with its code and what the sender can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from schemas import rules
from schemas.columns import ID, INTERNET_SERVICES


@dataclass(frozen=True)
class Rule:
    """A rule across columns or rows: `holds` says which rows of a parsed frame keep it.

    It needs only the columns it `reads`; a row that breaks it has a fault in `column`.
    """

    holds: Callable[[pd.DataFrame], "pd.Series[bool]"]
    column: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """One reason: its `code` and a plain-language `hint` are written to quarantine.csv, values never are.

    It is given to a cell that breaks one of pandera's `checks`, to a number cell of that `form`, or to a
    row that breaks the `rule`. A reason with none of these is for a line that is no row.
    """

    code: str
    hint: str
    checks: tuple[str, ...] = ()
    form: str | None = None
    rule: Rule | None = None


REASONS: Final = (
    Reason("short_row", "The line has fewer fields than the header: send every column, blank where unknown."),
    Reason("long_row", "The line has more fields than the header: quote fields that hold the separator."),
    Reason("stray_quote", "Quotes must come in pairs around a whole field, on one line."),
    Reason("control_character", "The line holds a control character: remove it from the export."),
    Reason("invalid_encoding", "The line is not UTF-8: export the file as UTF-8."),
    Reason("repeated_header", "The header stands again among the rows: send one header, on the first line."),
    Reason("missing_value", "The cell is blank: every customer needs a value here.", form="blank"),
    Reason(
        "unknown_category",
        "The value is not in the contract: use a listed one, or declare a value map.",
        checks=("isin",),
    ),
    Reason(
        "not_a_number",
        "Expected digits with an optional point, such as 29.85, without blanks around them,"
        " thousands separators or units.",
        form="text",
    ),
    Reason(
        "decimal_comma",
        "The number has a decimal comma: export numbers with a point, such as 29.85.",
        form="decimal comma",
    ),
    Reason("not_finite", "The number is infinite: send the real amount.", form="infinite"),
    Reason(
        "negative", "The amount is negative: charges are zero or more.", checks=("greater_than_or_equal_to",)
    ),
    Reason("not_whole", "The number has a fraction: tenure is whole months.", form="decimal"),
    Reason(
        "out_of_range",
        f"Expected tenure of 0 to {rules.MAX_TENURE_MONTHS} months, MonthlyCharges of at most"
        f" {rules.MAX_MONTHLY_CHARGES:,} and TotalCharges of at most {rules.MAX_TOTAL_CHARGES:,}.",
        checks=("in_range", "less_than_or_equal_to"),
    ),
    Reason(
        "total_blank",
        "TotalCharges may be blank only where tenure is 0.",
        rule=Rule(rules.total_is_present, "TotalCharges", ("tenure", "tenure_form", "TotalCharges_form")),
    ),
    Reason(
        "total_incoherent",
        "TotalCharges must lie within half and twice tenure x MonthlyCharges.",
        rule=Rule(
            rules.total_is_coherent,
            "TotalCharges",
            ("tenure", "tenure_form", "MonthlyCharges", "TotalCharges"),
        ),
    ),
    Reason(
        "internet_incoherent",
        "'No internet service' must stand in every internet service, or in none.",
        rule=Rule(rules.internet_is_coherent, "InternetService", ("InternetService", *INTERNET_SERVICES)),
    ),
    Reason(
        "phone_incoherent",
        "'No phone service' must stand in MultipleLines exactly where PhoneService is No.",
        rule=Rule(rules.phone_is_coherent, "PhoneService", ("PhoneService", "MultipleLines")),
    ),
    Reason("missing_id", "customerID is blank: every customer needs one.", checks=("str_contains",)),
    Reason(
        "long_id",
        f"customerID has more than {rules.MAX_ID_CHARACTERS} characters: send the id alone.",
        checks=("str_length",),
    ),
    Reason(
        "damaged_id",
        "customerID was damaged by a spreadsheet or a conversion: format the column as text, read it as text"
        " and never as numbers, and export again.",
        checks=("damaged_id",),
    ),
    Reason(
        "conflicting_id",
        "The same customerID stands on lines that differ: send one line a customer.",
        rule=Rule(rules.id_is_unique, ID, (ID,)),
    ),
)
"""Every reason there is, in the order of docs/data-contract.md."""

HINTS: Final = {reason.code: reason.hint for reason in REASONS}
"""The hint of each code."""
CODE_BY_CHECK: Final = {check: reason.code for reason in REASONS for check in reason.checks}
"""The code of a cell that breaks a check of pandera's, by the check's name."""
CODE_BY_FORM: Final = {reason.form: reason.code for reason in REASONS if reason.form}
"""The code of a number whose form the contract does not allow."""
RULES: Final = {reason.code: reason.rule for reason in REASONS if reason.rule}
"""The rule of each code that has one."""
