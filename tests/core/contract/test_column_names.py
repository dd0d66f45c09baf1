import pytest

from tasks.core.contract.column_names import named, quoted


@pytest.mark.parametrize(
    "name", ["Segment", "Région", "Opt-in wave_2", "MonthlyCharges", "E-Mail", "x1", "account_Charges.Total"]
)
def test_words_are_a_name(name: str) -> None:
    """Words are shown as sent."""
    assert named(name, 3) == name
    assert quoted(name, 3) == f"'{name}'"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "column 7!",
        "0612345678",
        "0000-AAAAA",
        "j.dupont@example.com",
        "Mary Smith 0000-AAAAA",
        "29.85",
        "12.A",
        "x" * 65,
    ],
)
def test_what_may_be_a_value_is_called_by_its_place(name: str) -> None:
    """Numbers, ids and addresses are never shown."""
    assert named(name, 3) == quoted(name, 3) == "column 3"
