import pytest

from tasks.core.contract.column_names import named, quoted


@pytest.mark.parametrize("sent", ["Segment", "Région", "Opt-in wave_2", "MonthlyCharges", "E-Mail", "x1"])
def test_words_are_a_name(sent: str) -> None:
    """What is plainly a column's name is given as sent."""
    assert named(sent, 3) == sent
    assert quoted(sent, 3) == f"'{sent}'"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        " ",
        "column 7!",
        "0612345678",
        "0000-AAAAA",
        "j.dupont@example.com",
        "Mary Smith 0000-AAAAA",
        "29.85",
    ],
)
def test_what_may_be_a_value_is_called_by_its_place(sent: str) -> None:
    """Numbers, ids and addresses are never given."""
    assert named(sent, 3) == quoted(sent, 3) == "column 3"
