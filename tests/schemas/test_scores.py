import pandas as pd
import pandera.pandas as pa
import pytest

from schemas.scores import SCORE_COLUMNS, Scores

ROW: dict[str, object] = dict(
    zip(SCORE_COLUMNS, ("1", 0.5, 1, 1, "high", "", "", "", 1, "0" * 16), strict=True)
)


@pytest.mark.parametrize("customer", ["0001-AAAAA", " 0001 ", "\t1"])
def test_an_id_is_published_as_sent(customer: str) -> None:
    """Blanks around an id are part of it."""
    scores = pd.DataFrame([ROW | {"customerID": customer}])

    assert Scores.validate(scores)["customerID"].tolist() == [customer]


@pytest.mark.parametrize("customer", ["", " ", "\u3000"])
def test_a_blank_id_is_never_published(customer: str) -> None:
    """A score without a customer is refused."""
    with pytest.raises(pa.errors.SchemaError, match="customerID"):
        Scores.validate(pd.DataFrame([ROW | {"customerID": customer}]))


@pytest.mark.parametrize("column", ["reason_1", "reason_2", "reason_3"])
@pytest.mark.parametrize("code", ["gender", "SeniorCitizen", "customerID", "Churn", "contract", " "])
def test_what_is_no_reason_is_never_published(column: str, code: str) -> None:
    """A reason is a column by the CRM's name, never a protected attribute; or nothing."""
    assert Scores.validate(pd.DataFrame([ROW | {column: "Contract"}]))[column].tolist() == ["Contract"]
    with pytest.raises(pa.errors.SchemaError, match=column):
        Scores.validate(pd.DataFrame([ROW | {column: code}]))
