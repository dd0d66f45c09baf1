"""Judge parsed rows by the pandera contract and name each fault; decide nothing beside it."""

from typing import Final

import pandas as pd
import pandera.pandas as pa

from schemas.columns import ID

FAULT_COLUMNS: Final = ["line", "column", "reason"]

_REASON_BY_CHECK: Final = {
    "isin": "unknown_category",
    "in_range": "out_of_range",
    "greater_than_or_equal_to": "negative",
    "less_than_or_equal_to": "out_of_range",
    "str_contains": "missing_id",
}
_REASON_BY_FORM: Final = {
    "blank": "missing_value",
    "infinite": "not_finite",
    "decimal comma": "decimal_comma",
    "text": "not_a_number",
    "decimal": "not_whole",
}
_RULE_COLUMN: Final = {
    "total_blank": "TotalCharges",
    "total_incoherent": "TotalCharges",
    "internet_incoherent": "InternetService",
    "phone_incoherent": "PhoneService",
    "conflicting_id": ID,
}


def judge(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """List every fault of a parsed frame as `line`, `column`, `reason`, ordered by line.

    All checks see all rows: the parse left nothing that could stop one (see `schemas.extract`).
    """
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return pd.DataFrame(columns=FAULT_COLUMNS)
    broken = cases[cases["index"].isna()]
    if len(broken):
        checks = sorted(set(broken["check"].astype(str)))
        raise AssertionError(f"the parse broke its promise to the contract: {checks}")
    rules = cases["schema_context"] == "DataFrameSchema"
    by_rule = cases[rules].drop_duplicates(["check", "index"])
    faults = [
        (line, _RULE_COLUMN[check], check)
        for line, check in zip(by_rule["index"], by_rule["check"], strict=True)
    ]
    by_cell = cases[~rules]
    faults += [
        (line, column.removesuffix("_form"), _cell_reason(column, check, case))
        for line, column, check, case in zip(
            by_cell["index"], by_cell["column"], by_cell["check"], by_cell["failure_case"], strict=True
        )
    ]
    listed = pd.DataFrame(faults, columns=FAULT_COLUMNS)
    return listed.astype({"line": "int64"}).sort_values(FAULT_COLUMNS, ignore_index=True)


def _cell_reason(column: str, check: str, case: object) -> str:
    if column.endswith("_form"):
        return _REASON_BY_FORM[str(case)]
    if case == "":
        return "missing_id" if column == ID else "missing_value"
    return _REASON_BY_CHECK[check.partition("(")[0]]
