import numpy as np
import pytest

from tasks.core.extract.fast.scan import (
    BLANK,
    CATEGORY,
    DECIMAL,
    ID,
    IGNORED,
    NOT_PLAIN,
    NUMBER,
    UNKNOWN,
    WHOLE,
    Layout,
    Scan,
    Spellings,
    join_texts,
    scan,
)

SPELLINGS = Spellings.of([{"No": (0, 0), "No service": (1, 0), "Yes": (2, 0), "2.0": (2, 5)}])


def scanned(data: bytes, separator: str = ",") -> Scan:
    """Scan lines of an id, a category, a number and something else."""
    kinds = np.array([ID, CATEGORY, NUMBER, IGNORED], dtype=np.int8)
    layout = Layout(ord(separator), kinds, np.zeros(4, dtype=np.int64))
    lines = data.count(b"\n") + (0 if data.endswith(b"\n") else 1)
    return scan(data, lines, layout, SPELLINGS)


@pytest.mark.parametrize(
    ("cell", "value", "form"),
    [
        ("12", 12.0, WHOLE),
        ("12.0", 12.0, WHOLE),
        ("12.50", 12.5, DECIMAL),
        ("0.1", 0.1, DECIMAL),
        ("999999999999.99", 999999999999.99, DECIMAL),
        ("", None, BLANK),
        ("  ", None, BLANK),
        (" 12.50  ", 12.5, DECIMAL),
        (" 123456789012.75 ", 123456789012.75, DECIMAL),
        ("1 2", None, NOT_PLAIN),
        (" .5 ", None, NOT_PLAIN),
        ("\u00a05", None, NOT_PLAIN),
        ("-1", None, NOT_PLAIN),
        ("1e3", None, NOT_PLAIN),
        (".5", None, NOT_PLAIN),
        ("5.", None, NOT_PLAIN),
        ("1.2.3", None, NOT_PLAIN),
        ("1234567890123456", None, NOT_PLAIN),
    ],
)
def test_plain_numbers_are_read_to_the_last_bit(cell: str, value: float | None, form: int) -> None:
    """A plain number has Python's value; other cells are recognised and have none."""
    found = scanned(f"a,Yes,{cell},x\n".encode())

    assert found.read[0]
    assert found.forms[0, 0] == form
    if value is None:
        assert np.isnan(found.values[0, 0])
    else:
        assert found.values[0, 0] == value == float(cell)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"a,Yes,1,x", True),
        (b"a,Yes,1,x\r", True),
        (b"a,Yes,1,x\r\r", True),
        (b'a,Yes,1,"x"\r\r\r', True),
        (b'"a","Yes","1","x,y"', True),
        (b"", False),
        (b"a,Yes,1", False),
        (b"a,Yes,1,x,y", False),
        (b'"a,Yes,1,x', False),
        (b'a"b,Yes,1,x', False),
        (b'"a""b",Yes,1,x', False),
        (b'"a"b,Yes,1,x', False),
        (b"a\x00,Yes,1,x", False),
        (b"a\x7f,Yes,1,x", False),
        (b"a\rb,Yes,1,x", False),
        (b"a\r\rb,Yes,1,x", False),
    ],
)
def test_a_line_in_doubt_is_left(line: bytes, read: bool) -> None:
    """A line that is not certainly a row is left to the line reader; its neighbours are read."""
    found = scanned(b"first,No,1,x\n" + line + b"\nlast,No,3,x")

    assert found.read.tolist() == [True, read, True]
    assert found.values[0, [0, 2]].tolist() == [1.0, 3.0]


def test_quirks_are_reported_with_their_line() -> None:
    """They are blanks around a number, a spelling that has one, and more than one CR at the end of a line."""
    found = scanned(b'a,2.0,1,x\r\nb,Yes," 1",x\r\r\nc,"2.0",1 ,"x"\r\r\r\nd,No,  ,x\r\r')

    assert found.read.all()
    assert found.quirks.tolist() == [[5, 0, 5, 0]]
    assert found.padded.tolist() == [[False, True, True, False]]
    assert found.returns.tolist() == [False, True, True, True]
    assert found.codes.tolist() == [[2, 2, 2, 0]]


def test_values_that_begin_alike_are_told_apart() -> None:
    """The longer of two values with one prefix is found, and an unknown one is reported with its position."""
    found = scanned(b"a,No,1,\nb,No service,1,\nc,No serv,1,\nd,Yes,1,\n")

    assert found.codes[0].tolist() == [0, 1, UNKNOWN, 2]
    ((slot, start, end),) = found.unknown.tolist()
    assert (slot, b"a,No,1,\nb,No service,1,\nc,No serv,1,\n"[start:end]) == (0, b"No serv")


def test_texts_are_joined() -> None:
    """Ids are put one after another, the empty ones too; a line beyond ASCII is reported."""
    data = "ab,No,1,\n,No,1,\né,No,1,\n".encode()
    found = scanned(data)

    octets, offsets = join_texts(data, found.ids)

    assert octets.tobytes() == "abé".encode()
    assert offsets.tolist() == [0, 2, 2, 4]
    assert found.ascii.tolist() == [True, True, False]
