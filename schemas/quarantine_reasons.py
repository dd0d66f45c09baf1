"""Why a row is quarantined: a closed list, each reason with its code and what the sender can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from schemas import rules
from schemas.columns import ID, INTERNET_SERVICES


@dataclass(frozen=True)
class Rule:
    """A rule across columns or rows: `holds` says which rows of a parsed frame satisfy it, (N,) bool.

    It needs only the columns it `reads`; a row that breaks it has a fault in `column`.
    """

    holds: Callable[[Any], Any]
    column: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """One reason: its `code` and a plain-language `hint` are written to quarantine.csv, but never values.

    It applies to a cell that breaks one of pandera's `checks`, to a number cell of that `form`, or to a
    row that breaks the `rule`. A reason with none of these is for a line that is not a row, or for a value
    that looks like a listed one.
    """

    code: str
    hint: str
    checks: tuple[str, ...] = ()
    form: str | None = None
    rule: Rule | None = None


DISGUISED: Final = "disguised_value"

REASONS: Final = (
    Reason("short_row", "The line has fewer fields than the header. Send every column, blank if unknown."),
    Reason("long_row", "The line has more fields than the header. Quote fields that contain the separator."),
    Reason(
        "stray_quote",
        "Quotes must come in pairs around a whole field, on one line. Export texts without line breaks, or"
        " leave their columns out if they are not in the contract.",
    ),
    Reason(
        "control_character",
        "The line contains a control character, such as a carriage return, U+0085 or U+2028. Remove"
        " it from the export, and end lines with LF or CRLF.",
    ),
    Reason("invalid_encoding", "The line is not UTF-8. Export the file as UTF-8."),
    Reason("repeated_header", "The header is repeated among the rows. Send one header, on the first line."),
    Reason(
        "missing_value",
        "The cell is blank, or has a word for a missing number. Every customer needs a value here.",
        form="blank",
    ),
    Reason(
        "unknown_category",
        "The value is not in the contract. Use a listed one, or configure a value map.",
        checks=("isin",),
    ),
    Reason(
        DISGUISED,
        "The value looks like a listed one but contains a no-break, zero-width or doubled blank, a byte-order"
        " mark or a typographic dash. Export it with ordinary blanks and hyphens.",
    ),
    Reason(
        "not_a_number",
        "Expected digits with an optional point, such as 29.85, without thousands separators, units or"
        " invisible characters.",
        form="text",
    ),
    Reason(
        "decimal_comma",
        "The number has a decimal comma. Export numbers with a point and no thousands separators, such as"
        " 29.85.",
        form="decimal comma",
    ),
    Reason("not_finite", "The number is infinite. Send the real amount.", form="infinite"),
    Reason(
        "negative", "The amount is negative. Charges are zero or more.", checks=("greater_than_or_equal_to",)
    ),
    Reason("not_whole", "The number has a fraction. Tenure is in whole months.", form="decimal"),
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
        "TotalCharges must be between half and twice tenure x MonthlyCharges.",
        rule=Rule(
            rules.total_is_coherent,
            "TotalCharges",
            ("tenure", "tenure_form", "MonthlyCharges", "TotalCharges"),
        ),
    ),
    Reason(
        "internet_incoherent",
        "Either every internet service is 'No internet service', or none is.",
        rule=Rule(rules.internet_is_coherent, "InternetService", ("InternetService", *INTERNET_SERVICES)),
    ),
    Reason(
        "phone_incoherent",
        "MultipleLines must be 'No phone service' exactly when PhoneService is No.",
        rule=Rule(rules.phone_is_coherent, "PhoneService", ("PhoneService", "MultipleLines")),
    ),
    Reason("missing_id", "customerID is blank. Every customer needs one.", checks=("str_contains",)),
    Reason(
        "long_id",
        f"customerID has more than {rules.MAX_ID_CHARACTERS} characters. Send only the id.",
        checks=("str_length",),
    ),
    Reason(
        "damaged_id",
        "customerID was damaged by a spreadsheet or a conversion: format the column as text, read it as text"
        " and never as numbers, and export again from the CRM, not from the damaged sheet.",
        checks=("damaged_id",),
    ),
    Reason(
        "conflicting_id",
        "Lines with the same customerID differ. Send one line per customer.",
        rule=Rule(rules.id_is_unique, ID, (ID,)),
    ),
)
"""All reasons, in the order of docs/data-contract.md."""

HINTS: Final = {reason.code: reason.hint for reason in REASONS}
"""The hint for each code."""
CODE_BY_CHECK: Final = {check: reason.code for reason in REASONS for check in reason.checks}
"""The code for a cell that breaks a pandera check, by the check's name."""
CODE_BY_FORM: Final = {reason.form: reason.code for reason in REASONS if reason.form}
"""The code for a number whose form the contract does not allow."""
RULES: Final = {reason.code: reason.rule for reason in REASONS if reason.rule}
"""The rule behind each code that has one."""
