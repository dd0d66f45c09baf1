import math

from schemas.config import IngestConfig
from tasks.core.contract.parse import parse_cells
from tasks.core.contract.vocabulary import contract_names

CELLS = {
    "customerID": ["a", " b", ""],
    "Contract": ["one YEAR", "Two year", "Weekly"],
    "tenure": ["12", "2.50", "twelve"],
    "TotalCharges": ["NA", "", "1e5"],
}


def test_cells_become_values_and_forms() -> None:
    """Categories are spelled as the contract does, numbers have their form beside them, ids stay as sent."""
    columns = parse_cells([2, 5, 9], CELLS, IngestConfig()).columns

    assert columns["customerID"] == ["a", " b", ""]
    assert columns["Contract"] == ["One year", "Two year", "Weekly"]
    assert columns["tenure"][:2] == [12.0, 2.5]
    assert columns["tenure_form"] == ["whole", "decimal", "text"]
    assert columns["TotalCharges_form"] == ["blank", "blank", "text"]
    assert all(map(math.isnan, [columns["tenure"][2], *columns["TotalCharges"]]))


def test_a_frame_keeps_lines_and_types() -> None:
    """Selected rows form a frame, indexed by physical line; empty text columns stay text."""
    parsed = parse_cells([2, 5, 9], CELLS, IngestConfig())
    frame = parsed.only([True, False, True]).frame()
    empty = parsed.only([False] * 3).frame()

    assert list(frame.index) == [2, 9]
    assert frame.loc[9, "Contract"] == "Weekly"
    for each in (frame, empty):
        assert list(each) == [
            "customerID",
            "Contract",
            "tenure",
            "tenure_form",
            "TotalCharges",
            "TotalCharges_form",
        ]
        assert (each.dtypes[["tenure", "TotalCharges"]] == "float64").all()
        assert (each.dtypes[["customerID", "Contract", "tenure_form"]] == "str").all()


def test_an_accent_may_be_a_character_of_its_own() -> None:
    """Some systems send a letter and its accent apart; an alias and a value map match them all the same."""
    config = IngestConfig(
        aliases={"Anciennet\u00e9": "tenure"}, value_maps={"Contract": {"Annu\u00e9l": "One year"}}
    )

    assert contract_names(("Anciennete\u0301",), config) == ["tenure"]
    cells = {"Contract": ["Annue\u0301l"]}
    assert parse_cells([2], cells, config).columns["Contract"] == ["One year"]
