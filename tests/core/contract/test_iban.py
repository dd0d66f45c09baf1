import pytest

from tasks.core.contract.iban import has_check_digits, has_iban_form


def is_iban(text: str) -> bool:
    """Apply both rules."""
    return has_iban_form(text) and has_check_digits(text)


REAL = [
    "AD1200012030200359100100", "AE070331234567890123456", "AT611904300234573201", "BE68539007547034",
    "CH9300762011623852957", "DE89370400440532013000", "ES9121000418450200051332",
    "FR1420041010050500013M02606", "FR76 3000 6000 0112 3456 7890 189", "GB29NWBK60161331926819",
    "IT60X0542811101000000123456", "LC55HEMM000100010012001200023015", "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300", "NO9386011117947",
]  # fmt: skip
"""Source: examples of the IBAN registry (SWIFT)."""


@pytest.mark.parametrize("text", REAL)
def test_an_account_number(text: str) -> None:
    """It is recognised with and without its blanks; one wrong character gives it away."""
    assert is_iban(text)
    assert is_iban(" ".join(text.replace(" ", "")[i : i + 4] for i in range(0, 40, 4)).rstrip())
    for place in (2, 6, -1):
        other = text[place].translate(str.maketrans("0123456789", "1234567890"))
        wrong = [*text]
        wrong[place] = other if other != text[place] else "Q"
        assert has_iban_form("".join(wrong))
        assert not is_iban("".join(wrong))


@pytest.mark.parametrize(
    "text",
    [
        "", "CU0000012345", "FR76", "FR763000600001123456789018", "FR76300060000112345678901899",
        "XX89370400440532013000", "DE8937040044053201300", "0F" * 16, "BE685390075470",
        "de89370400440532013000",
        "DE89-3704-0044-0532-0130-00", "DE89 37 0400440532013000", "DE8937040044053201300\u0660",
        "DEAB370400440532013000", "DE89370400440532013000\n", "NO93 8601 1117 947 ",
    ],
)  # fmt: skip
def test_another_text(text: str) -> None:
    """A country without such numbers, another length and other signs are no account number."""
    assert not has_iban_form(text)
    assert not is_iban(text)


@pytest.mark.parametrize("check", ["00", "01", "99"])
def test_check_digits_that_are_never_given(check: str) -> None:
    """They run from 02 to 98, although three others leave the same remainder."""
    passing = [n for n in range(1_000) if int(f"{n:018d}1314{check}") % 97 == 1]

    assert passing
    assert has_iban_form(f"DE{check}{passing[0]:018d}")
    assert not is_iban(f"DE{check}{passing[0]:018d}")
