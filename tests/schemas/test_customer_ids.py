"""One rule decides which ids a CRM may have issued."""

import sys
import unicodedata

import pytest

from schemas.customer_ids import DAMAGES, is_damaged
from tasks.core.errors import CONTROL

INVISIBLE, WORD, NO_LETTER, ERROR, SCIENTIFIC, DECIMAL, DATE, NOTATION, FORMULA = range(len(DAMAGES))

DAMAGED = {
    INVISIBLE: [
        "a\u200bb", "\u200eab", "\u061cab", "ab\ufeff", "a\u00adb", "a\tb", "\ta", "a\r", "a\u00a0",
        "\u202fa", "a\ufffdb", "\u200b", "a\x85b",
    ],
    WORD: [
        "NULL", "null", "(null)", "<null>", "nil", "nan", "NaN", "-nan", "NaT", "None", "NA", "n/a", "N.A.",
        "<NA>", "\\N", "undefined", "inf", "-Infinity", "true", "FALSE", "vrai", "1.#QNAN", "-1.#IND",
        "[object Object]", " NULL ", "{null}", "NULL,", "DBNull",
        "n.v.t.", "k.A.", "s/d", "VERDADERO", "waar", "(blank)",
        "(vide)", "$NULL$",
    ],
    NO_LETTER: ["-", "--", "?", "...", "_", "***"],
    ERROR: [
        "#N/A", "#VALUE!", "#REF!", "#NOM?", "#####", "#DIV/0!", "#¡DIV/0!", "#DEEL/0!", "Err:502",
        "Fehler:502",
    ],
    SCIENTIFIC: [
        "4.55E+11", "4,55E+11", "4.55e+011", "4.55000000001E11", "1e+16", "-4.55E+11", "4.55E-05", "4.55D+11",
    ],
    DECIMAL: [
        "455000000001.0", "12.00", "12,00", "-7.0", "455,000,000,001", "1,234.50", "455000000001.",
        "1'234'567", "455.000.000.001", "1.234.567,00",
    ],
    DATE: [
        "1-Mar", "01-mar", "31-Dec", "Mar-01", "Sept-26", "Mar-2026", "1-mars", "1-févr.", "août-26", "1/Okt",
        "01-MAR-26", "1 Mar 2026", "2026-03-01", "2026/3/1", "2026-03-01 00:00:00",
        "2026-03-01T00:00:00.000Z", "01/03/2026", "3/31/2026", "31.12.2026", "01/03/26",
        "1/3/2026 12:30 PM", "12:30:00", "00:00", "01. Mrz", "1. Mär", "26.Okt", "Mär 26", "1900-01-00",
        "31-12-1899", "12:30 PM", "Mar 1, 2026",
    ],
    NOTATION: [
        '"7590"', '["7590-V"]', '{"$oid": "1"}', "b'7590'", "X'3735'", "Decimal('455')", "Timestamp(1)",
        "7590&#45;VHVEG", "A&amp;B",
    ],
    FORMULA: [
        '="0012"', "=1+1", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "@SUM(1)", "'0012", " =1",
        "\uff1d1", "+SUM(A1)", "-LOG10(2)", "+cmd|' /C calc'!A0", "-Sheet1!A1",
    ],
}  # fmt: skip
_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters that Unicode has for nothing to be seen."""
LEGAL = [
    "0000-AAAAA", "SIM-0000001", "TEST-000-0000000", "455000000001", "0012", "0", "A", "é", "客户1",
    "550e8400-e29b-41d4-a716-446655440000", "9" * 64, "45e12", "12345e67", "1E5", "2E-05", "1.10023",
    "2.34567.00.00.100000", "+33612345678", "+33 (0)6 12 34 56 78", "+1 (555) 123-4567", "-5", "MAR-12",
    "7-SEP", "DEC-1234", "31-1234", "#1001", "C=12", "a@b", "AB(1)", "12/34", "1234-5678", "1234-56-78",
    "2026-13-01",
    "2026-02-32", "3026-02-01", "20260301", "1-Marc", "Nan-1", "NULL7", "Annan", " 0000-AAAAA ", "O'Neil-1",
    'TEST, "1"', "M. 12", "12%", "12:30A", "true-1", "1.5", "12,5",
    "12.345", "001.002.003", "732 829 320", "100200300.1", "A&B", "C(1)",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "sent"), [(kind, sent) for kind, ids in DAMAGED.items() for sent in ids])
def test_a_damaged_id_is_recognised_by_its_kind(kind: int, sent: str) -> None:
    """What spreadsheets, databases and programs leave in an id's place is found, each in its own kind."""
    assert DAMAGES[kind].pattern.fullmatch(sent.strip(" "))
    assert is_damaged(sent)


@pytest.mark.parametrize("sent", LEGAL)
def test_a_legal_id_is_left_alone(sent: str) -> None:
    """Numbers, UUIDs, hexadecimal digits, phone numbers and words with digits may be ids."""
    assert not is_damaged(sent)


@pytest.mark.parametrize("sent", ["", " ", "\u3000", "\u00a0 ", "\t"])
def test_a_blank_id_is_missing_and_not_damaged(sent: str) -> None:
    """It has a reason of its own."""
    assert not is_damaged(sent)


def test_every_character_that_is_not_seen_is_damage() -> None:
    """The table holds all control, format and separator characters that Unicode has, but the blank."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
    characters = [character for character in map(chr, range(sys.maxunicode + 1)) if character != " "]
    wanted = [c for c in characters if unicodedata.category(c) in unseen or CONTROL.match(c)]

    assert [c for c in wanted if not is_damaged(f"a{c}b")] == []
    assert not any(
        is_damaged(f"a{c}b") for c in characters if c.isalnum() and c not in "\u115f\u1160\u3164\uffa0"
    )


@pytest.mark.parametrize("unit", [" ", "1,", "-A9", "_"])
def test_a_long_id_costs_no_time(unit: str) -> None:
    """No pattern goes back and forth over an id of a megabyte, which would take hours."""
    assert not is_damaged(unit * 10**6 + "a")
