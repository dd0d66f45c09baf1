import numpy as np
import pandas as pd

from schemas.columns import NUMBERS
from tests.harness.customers import accepted, make_customers


def test_the_frame_has_what_was_parsed() -> None:
    """Ids, categories, numbers and blanks are the customers' own, indexed by line."""
    customers = make_customers(50)
    customers.loc[3, "customerID"] = "é,\"'"

    frame = accepted(customers).frame()

    assert frame.index.tolist() == list(range(2, 52))
    for column in customers:
        expected = customers[column].tolist()
        got = frame[column].astype(float if column in NUMBERS else str).tolist()
        assert got == expected or pd.Series(got).equals(pd.Series(expected))


def test_late_customers_are_put_in_their_lines_places() -> None:
    """Wherever their lines are among the others, all columns and ids stay together."""
    everyone = accepted(make_customers(40))
    late = np.arange(40) % 7 == 0
    late[-1] = True

    first = late & (np.arange(40) < 20)
    merged = everyone.where(~late).with_late([everyone.where(first), everyone.where(late & ~first)])

    pd.testing.assert_frame_equal(merged.frame(), everyone.frame())


def test_ids_are_counted_by_how_they_begin() -> None:
    """An id that is shorter than a prefix, or the prefix itself, is no special case."""
    customers = make_customers(5)
    customers["customerID"] = ["SIM-1", "SIM", "+33", "-", "SIM-"]

    assert accepted(customers).count_ids("SIM-", "+", "-") == [2, 1, 1]
