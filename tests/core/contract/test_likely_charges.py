from tasks.core.contract.likely_charges import settle_charges
from tasks.core.contract.likely_columns import Likely

TENURE = ["1", "10", "24", "40", ""]
MONTHLY = ["50.5", "20", "80", "100.25", "30"]
TOTAL = ["50.5", "205", "1900", "4000", ""]
SWAPPED = {
    "MonthlyCharges": Likely(2, fits=True, own_words=False),
    "TotalCharges": Likely(1, fits=True, own_words=False),
}


def places(columns: dict[str, list[str]], likely: dict[str, Likely]) -> dict[str, int]:
    """Settle the charges of a table whose first column is known to be tenure."""
    names = {place: name for place, name in enumerate(columns) if place}
    known = ["tenure", *[None] * len(names)]
    found = settle_charges(likely, known, names, [*columns.values()])
    return {column: each.place for column, each in found.items()}


def test_the_values_go_before_the_names() -> None:
    """The pair that agrees with tenure is taken, also where no name was similar."""
    columns = {"tenure": TENURE, "a": MONTHLY, "b": TOTAL, "c": ["7"] * 5}

    for likely in (SWAPPED, {}):
        assert places(columns, likely) == {"MonthlyCharges": 1, "TotalCharges": 2}


def test_of_two_pairs_that_agree_the_names_choose() -> None:
    """A copy has the same values; where its name is as similar, there is no answer."""
    columns = {"tenure": TENURE, "revenue": TOTAL, "monthly": MONTHLY, "total": TOTAL}

    assert places(columns, SWAPPED) == {"MonthlyCharges": 2, "TotalCharges": 3}
    assert places({"tenure": TENURE, "x": TOTAL, "monthly": MONTHLY, "y": TOTAL}, SWAPPED) == {}


def test_values_that_do_not_agree_are_no_charges() -> None:
    """Without tenure of a few months, or with other amounts, neither is suggested; misfits stay questions."""
    assert places({"tenure": TENURE, "a": MONTHLY, "b": MONTHLY}, SWAPPED) == {}
    assert places({"tenure": ["1", "2", "2", "1", "0"], "a": MONTHLY, "b": TOTAL}, SWAPPED) == {}
    misfits = {column: Likely(each.place, fits=False, own_words=False) for column, each in SWAPPED.items()}
    assert places({"tenure": TENURE, "a": MONTHLY, "b": TOTAL}, misfits) == {
        "MonthlyCharges": 2,
        "TotalCharges": 1,
    }
