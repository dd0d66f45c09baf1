from schemas.config import IngestConfig
from schemas.extract import TrainingExtract
from tasks.core.contract.likely_columns import Likely, likely_columns
from tasks.core.contract.row_judge import without_cross_row_checks

SCHEMA = without_cross_row_checks(TrainingExtract.to_schema())


def likely(missing: list[str], columns: dict[str, list[str]], **settings: object) -> dict[str, Likely]:
    """Match missing columns with these, given by name and cells."""
    config = IngestConfig.model_validate(settings)
    return likely_columns(SCHEMA, missing, dict(enumerate(columns)), [*columns.values()], config)


def test_a_columns_own_words_tell_it_whatever_its_name() -> None:
    """Words of several columns, codes and numbers need a similar name as well."""
    columns = {
        "a": ["One year", "Two year"],
        "b": ["Yes", "No"],
        "c": ["0", "1"],
        "d": ["29.85", "30"],
        "e": ["No internet service", "Yes"],
    }

    found = likely(["Partner", "SeniorCitizen", "MonthlyCharges", "TechSupport", "Contract"], columns)

    assert found == {"Contract": Likely(0, fits=True, own_words=True)}


def test_values_decide_between_similar_names() -> None:
    """The column that fits is taken; only without one is another suggested, as a misfit."""
    columns = {"Churn Value": ["1", "0"], "Churn Label": ["Yes", "No"]}

    assert likely(["Churn"], columns)["Churn"] == Likely(1, fits=True, own_words=False)
    del columns["Churn Label"]
    assert likely(["Churn"], columns)["Churn"] == Likely(0, fits=False, own_words=False)


def test_value_maps_count() -> None:
    """A value that the operator has mapped is a value of the contract."""
    columns = {"vertrag": ["jährlich", "monatlich"]}
    maps = {"Contract": {"jährlich": "One year", "monatlich": "Month-to-month"}}

    assert likely(["Contract"], columns) == {}
    assert likely(["Contract"], columns, value_maps=maps)["Contract"].own_words


def test_each_column_is_taken_once_and_the_surest_pair_first() -> None:
    """Words of a name count in any order, and an id must be unique."""
    columns = {
        "account_Charges.Total": ["100.5", "20"],
        "account_Charges.Monthly": ["50.5", "20"],
        "customer code": ["A", "A"],
        "customer": ["A-1", "A-2"],
    }

    found = likely(["customerID", "MonthlyCharges", "TotalCharges"], columns)

    assert {column: each.place for column, each in found.items()} == {
        "TotalCharges": 0,
        "MonthlyCharges": 1,
        "customerID": 3,
    }


def test_without_rows_the_names_alone_decide() -> None:
    """Nothing speaks against a column of which no cell is known."""
    assert likely(["tenure"], {"tenure_months": []}) == {"tenure": Likely(0, fits=True, own_words=False)}
    assert likely(["tenure"], {"age": []}) == {}


def test_a_prefix_hides_no_name() -> None:
    """However long it is, if the values fit."""
    assert likely(["Churn"], {"crm.customers.churn": ["Yes", "No"]})["Churn"].fits
    assert likely(["Churn"], {"crm.customers.churn": ["x", "y"]}) == {}
