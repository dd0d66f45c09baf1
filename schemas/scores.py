"""The contract of what is published: scores.csv and quarantine.csv."""

from typing import Final

from schemas.absent import absent

# isort: split
with absent("dask", "hypothesis"):  # extras of ours, which pandera would load for over a second
    import pandera.backends.pandas.builtin_checks
    import pandera.pandas as pa
    import pandera.typing.dask  # noqa: F401 later, it would find dask
    from pandera.typing.pandas import Series

from schemas.columns import FEATURES, PROTECTED
from schemas.quarantine_reasons import HINTS

REASONS: Final = ("reason_1", "reason_2", "reason_3")
SCORE_COLUMNS: Final = (
    "customerID",
    "churn_probability",
    "churn_flag",
    "decile",
    "risk_band",
    *REASONS,
    "in_domain",
    "model_version",
)
REASON_CODES: Final = ("", *(column for column in FEATURES if column not in PROTECTED))
"""A column that raises the customer's risk, by its CRM name; empty if there are no more."""

PROBABILITY_DECIMALS: Final = 6
"""Decimals of every published probability; flags, deciles and bands are cut from the rounded value."""

QUARANTINE_COLUMNS: Final = ("line", "column", "reason", "hint")


class Scores(pa.DataFrameModel):
    """scores.csv: one row per accepted customer, in the extract's order; pseudonymous."""

    customerID: Series[str] = pa.Field(str_contains=r"\S", unique=True)
    churn_probability: Series[float] = pa.Field(in_range={"min_value": 0, "max_value": 1})
    churn_flag: Series[int] = pa.Field(isin=[0, 1])
    decile: Series[int] = pa.Field(in_range={"min_value": 1, "max_value": 10})
    risk_band: Series[str] = pa.Field(isin=["high", "medium", "low"])
    reason_1: Series[str] = pa.Field(isin=REASON_CODES)
    reason_2: Series[str] = pa.Field(isin=REASON_CODES)
    reason_3: Series[str] = pa.Field(isin=REASON_CODES)
    in_domain: Series[int] = pa.Field(isin=[0, 1])
    model_version: Series[str] = pa.Field(str_length={"min_value": 1})

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        coerce = False


class Quarantine(pa.DataFrameModel):
    """quarantine.csv: one row per fault in a quarantined line, without values."""

    line: Series[int] = pa.Field(ge=2)
    column: Series[str]
    reason: Series[str] = pa.Field(isin=list(HINTS))
    hint: Series[str] = pa.Field(isin=list(HINTS.values()))

    class Config:
        """Exactly these columns, in this order."""

        strict = True
        ordered = True
        coerce = False
