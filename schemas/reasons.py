"""Why a row is quarantined: a closed list of codes, each with what the sender can do."""

from typing import Final

from schemas import rules

HINTS: Final[dict[str, str]] = {
    "short_row": "The line has fewer fields than the header: send every column, blank where unknown.",
    "long_row": "The line has more fields than the header: quote fields that hold the separator.",
    "stray_quote": "Quotes must come in pairs around a whole field, on one line.",
    "control_character": "The line holds a control character: remove it from the export.",
    "invalid_encoding": "The line is not UTF-8: export the file as UTF-8.",
    "repeated_header": "The header stands again among the rows: send one header, on the first line.",
    "missing_value": "The cell is blank: every customer needs a value here.",
    "unknown_category": "The value is not in the contract: use a listed one, or declare a value map.",
    "not_a_number": (
        "Expected digits with an optional point, such as 29.85, without blanks around them,"
        " thousands separators or units."
    ),
    "decimal_comma": "The number has a decimal comma: export numbers with a point, such as 29.85.",
    "not_finite": "The number is infinite: send the real amount.",
    "negative": "The amount is negative: charges are zero or more.",
    "not_whole": "The number has a fraction: tenure is whole months.",
    "out_of_range": (
        f"Expected tenure of 0 to {rules.MAX_TENURE_MONTHS} months, MonthlyCharges of at most"
        f" {rules.MAX_MONTHLY_CHARGES:,} and TotalCharges of at most {rules.MAX_TOTAL_CHARGES:,}."
    ),
    "total_blank": "TotalCharges may be blank only where tenure is 0.",
    "total_incoherent": "TotalCharges must lie within half and twice tenure x MonthlyCharges.",
    "internet_incoherent": "'No internet service' must stand in every internet service, or in none.",
    "phone_incoherent": "'No phone service' must stand in MultipleLines exactly where PhoneService is No.",
    "missing_id": "customerID is blank: every customer needs one.",
    "long_id": f"customerID has more than {rules.MAX_ID_CHARACTERS} characters: send the id alone.",
    "conflicting_id": "The same customerID stands on lines that differ: send one line a customer.",
}
"""Reason code -> plain-language hint. Both are written to quarantine.csv; values never are."""
