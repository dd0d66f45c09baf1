import re

import pytest

from schemas.columns import CATEGORIES, EXTRACT_ORDER, ID, SIMULATED_ID_PREFIX
from tasks.core.simulator.customer_frame import simulate, simulated_id


def test_cells_are_texts_of_the_contract() -> None:
    """A simulated frame has the 21 columns in order and texts of the vocabularies only."""
    frame = simulate(7_043, 0)

    assert tuple(frame.columns) == EXTRACT_ORDER
    assert len(frame) == 7_043
    assert all(isinstance(cell, str) for row in frame.head(50).to_numpy() for cell in row)
    for column, values in CATEGORIES.items():
        assert set(frame[column]) == set(values)
    assert set(frame["Churn"]) == {"No", "Yes"}
    assert set(frame["tenure"]) == {str(months) for months in range(73)}


def test_a_total_is_blank_where_tenure_is_0() -> None:
    """Exactly those who have just joined have a blank total."""
    frame = simulate(7_043, 0)

    assert (frame["tenure"] == "0").any()
    assert ((frame["TotalCharges"] == " ") == (frame["tenure"] == "0")).all()


def test_charges_are_written_as_the_crm_does() -> None:
    """Charges are multiples of 0.05 without needless zeros."""
    frame = simulate(2_000, 0)
    charges = [*frame["MonthlyCharges"], *(total for total in frame["TotalCharges"] if total != " ")]

    assert all(re.fullmatch(r"\d+(\.[1-9]|\.\d5)?", charge) for charge in charges)
    assert any("." not in charge for charge in charges)


def test_ids_are_unique_and_cannot_be_real() -> None:
    """Ids start with the simulator's prefix, are unique, and stay so beyond seven digits."""
    ids = set(simulate(2_000, 0)[ID]) | {simulated_id(9_999_999), simulated_id(10_000_000)}

    assert len(ids) == 2_002
    assert all(name.startswith(SIMULATED_ID_PREFIX) for name in ids)


@pytest.mark.parametrize("rows", [1, 10])
def test_the_same_seed_gives_the_same_customers(rows: int) -> None:
    """Fewer rows are the first of more rows, and seeds differ."""
    assert simulate(rows, 3).equals(simulate(50, 3).head(rows))
    assert not simulate(rows, 3).equals(simulate(rows, 4))
