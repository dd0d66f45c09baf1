from collections import Counter

import pytest

from tasks.core.contract.quirks import MISSING_WORD, PADDED_NUMBER, bare, number_quirk, quirks_line


@pytest.mark.parametrize(
    ("cell", "form", "quirk"),
    [
        ("12", "whole", None),
        (" 12", "whole", PADDED_NUMBER),
        ("1.5\u00a0", "decimal", PADDED_NUMBER),
        (" x", "text", None),
        ("", "blank", None),
        ("\u202f", "blank", None),
        ("NULL", "blank", MISSING_WORD),
    ],
)
def test_the_quirk_of_a_number(cell: str, form: str, quirk: str | None) -> None:
    """Only what was read as a number or as a missing one has a quirk."""
    assert number_quirk(cell, form) == quirk


def test_quirks_are_listed_in_one_line() -> None:
    """Counts only, in a fixed order."""
    assert quirks_line(Counter({"b": 1, "a": 20})) == "a: 20; b: 1"
    assert bare("\u00a0 a b\t") == "a b"
