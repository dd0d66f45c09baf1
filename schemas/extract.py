"""The data contract of a CRM extract: these two pandera models decide which rows are accepted.

They judge the *parsed frame*: one row per physical line (the index is the line number), category
columns and ids as text, number columns as float64, and for every number column its *form*,
which describes its text: `whole`, `decimal`, `blank`, `infinite`, `decimal comma` or `text`.
Text that is not a number becomes NaN, of which only the form is judged; so no cell can stop a
check, and a bad cell never hides another row's fault.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing.pandas import Series

from schemas import rules
from schemas.columns import CATEGORIES, ID
from schemas.quarantine_reasons import RULES


def _category(name: str) -> Any:
    return pa.Field(isin=list(CATEGORIES[name]))


class ScoringExtract(pa.DataFrameModel):
    """An extract to score: an id and the 19 feature columns."""

    customerID: Series[str] = pa.Field(str_contains=r"\S", str_length={"max_value": rules.MAX_ID_CHARACTERS})
    gender: Series[str] = _category("gender")
    SeniorCitizen: Series[str] = _category("SeniorCitizen")
    Partner: Series[str] = _category("Partner")
    Dependents: Series[str] = _category("Dependents")
    tenure: Series[float] = pa.Field(
        in_range={"min_value": 0, "max_value": rules.MAX_TENURE_MONTHS}, nullable=True
    )
    tenure_form: Series[str] = pa.Field(isin=["whole"])
    PhoneService: Series[str] = _category("PhoneService")
    MultipleLines: Series[str] = _category("MultipleLines")
    InternetService: Series[str] = _category("InternetService")
    OnlineSecurity: Series[str] = _category("OnlineSecurity")
    OnlineBackup: Series[str] = _category("OnlineBackup")
    DeviceProtection: Series[str] = _category("DeviceProtection")
    TechSupport: Series[str] = _category("TechSupport")
    StreamingTV: Series[str] = _category("StreamingTV")
    StreamingMovies: Series[str] = _category("StreamingMovies")
    Contract: Series[str] = _category("Contract")
    PaperlessBilling: Series[str] = _category("PaperlessBilling")
    PaymentMethod: Series[str] = _category("PaymentMethod")
    MonthlyCharges: Series[float] = pa.Field(ge=0, le=rules.MAX_MONTHLY_CHARGES, nullable=True)
    MonthlyCharges_form: Series[str] = pa.Field(isin=["whole", "decimal"])
    TotalCharges: Series[float] = pa.Field(ge=0, le=rules.MAX_TOTAL_CHARGES, nullable=True)
    TotalCharges_form: Series[str] = pa.Field(isin=["whole", "decimal", "blank"])

    class Config:
        """No coercion and no other columns."""

        strict = True
        coerce = False

    # Each method is named after its reason code. `dataframe_check(name=...)` does not work: pandera 0.35
    # applies it only to the first of the two models that becomes a schema; the other has the method's name.
    @pa.check(ID)
    def damaged_id(cls, ids: "pd.Series[str]") -> "pd.Series[bool]":
        """See `schemas.customer_ids`."""
        return rules.id_is_undamaged(ids)

    @pa.dataframe_check()
    def total_blank(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """See `schemas.quarantine_reasons`."""
        return RULES["total_blank"].holds(frame)  # type: ignore[no-any-return]

    @pa.dataframe_check()
    def total_incoherent(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """See `schemas.quarantine_reasons`."""
        return RULES["total_incoherent"].holds(frame)  # type: ignore[no-any-return]

    @pa.dataframe_check()
    def internet_incoherent(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """See `schemas.quarantine_reasons`."""
        return RULES["internet_incoherent"].holds(frame)  # type: ignore[no-any-return]

    @pa.dataframe_check()
    def phone_incoherent(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """See `schemas.quarantine_reasons`."""
        return RULES["phone_incoherent"].holds(frame)  # type: ignore[no-any-return]

    @pa.dataframe_check()
    def conflicting_id(cls, frame: pd.DataFrame) -> "pd.Series[bool]":
        """See `schemas.quarantine_reasons`."""
        return RULES["conflicting_id"].holds(frame)  # type: ignore[no-any-return]


class TrainingExtract(ScoringExtract):
    """An extract to train on: the same columns, and whether the customer left."""

    Churn: Series[str] = pa.Field(isin=["No", "Yes"])
