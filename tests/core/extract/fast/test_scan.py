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
    PADDED,
    RETURNS,
    UNKNOWN,
    WHOLE,
    Layout,
    Scan,
    scan,
)
from tasks.core.extract.fast.spellings import LONGEST_GUESS, Spellings

LONG = "a service with a name that no word of eight octets holds"
SPELLED = {"No": (0, 0), "No service": (1, 0), "Yes": (2, 0), "2.0": (2, 2), LONG: (3, 0)}


def scanned(data: bytes, separator: str = ",") -> Scan:
    """Scan lines of an id, a category, a number and something else."""
    kinds = np.array([ID, CATEGORY, NUMBER, IGNORED], dtype=np.int8)
    layout = Layout(ord(separator), kinds, np.zeros(4, dtype=np.int64))
    lines = data.count(b"\n") + (0 if data.endswith(b"\n") else 1)
    return scan(data, lines, layout, Spellings.of([SPELLED], separator))


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
        assert np.isnan(found.numbers[0, 0])
    else:
        assert found.numbers[0, 0] == value == float(cell)


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
    assert found.numbers[[0, 2], 0].tolist() == [1.0, 3.0]


def test_quirks_are_reported_with_their_line() -> None:
    """They are blanks around a number, a spelling that has one, and more than one CR at the end of a line."""
    found = scanned(b'a,2.0,1,x\r\nb,Yes," 1",x\r\r\nc,"2.0",1 ,"x"\r\r\r\nd,No,  ,x\r\r')

    assert found.read.all()
    assert found.quirks[:, RETURNS + 2].tolist() == [1, 0, 1, 0]
    assert found.quirks[:, PADDED].tolist() == [0, 1, 1, 0]
    assert found.quirks[:, RETURNS].tolist() == [0, 1, 1, 1]
    assert found.codes[:, 0].tolist() == [2, 2, 2, 0]


def test_values_that_begin_alike_are_told_apart() -> None:
    """The longer of two values with one prefix is found, and an unknown one is reported with its position."""
    found = scanned(b"a,No,1,\nb,No service,1,\nc,No serv,1,\nd,Yes,1,\n")

    assert found.codes[:, 0].tolist() == [0, 1, UNKNOWN, 2]
    ((slot, start, end),) = found.unknown.tolist()
    assert (slot, b"a,No,1,\nb,No service,1,\nc,No serv,1,\n"[start:end]) == (0, b"No serv")


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("lines", [1, 40])
def test_every_spelling_is_found_wherever_it_stands(separator: str, quote: str, lines: int) -> None:
    """Long or short, quoted or not, at the end of the octets or far from it, and nothing else is."""
    words = [*SPELLED, *(word[:-1] for word in SPELLED), *(f"{word}." for word in SPELLED)]
    for word in words:
        cells = ["a", f"{quote}{word}{quote}", "1", "x"]
        found = scanned("\n".join([separator.join(cells)] * lines).encode(), separator)

        assert found.read.all()
        assert (found.codes[:, 0] == SPELLED.get(word, (UNKNOWN, 0))[0]).all()
        assert (found.known == (word in SPELLED)).all()


def test_a_hundred_spellings_are_told_apart() -> None:
    """More spellings than there are guesses are found all the same, and those longer than a guess."""
    spelled = {f"{i}{'x' * (i % (LONGEST_GUESS + 4))}": (i, 0) for i in range(100)}
    layout = Layout(ord(","), np.array([CATEGORY, IGNORED], dtype=np.int8), np.zeros(2, dtype=np.int64))
    data = "".join(f"{word},\n" for word in spelled).encode()

    found = scan(data, len(spelled), layout, Spellings.of([spelled], ","))

    assert found.codes[:, 0].tolist() == list(range(100))


def test_lines_beyond_ascii_are_reported() -> None:
    """A line with a letter beyond ASCII is read, and its ids' places are in octets."""
    data = "ab,No,1,\n,No,1,\né,No,1,\n".encode()
    found = scanned(data)

    assert [data[start:end].decode() for start, end in found.ids.tolist()] == ["ab", "", "é"]
    assert found.ascii.tolist() == [True, True, False]


@pytest.mark.parametrize("known", [{"No": (0, 0)}, {}])
def test_a_spelling_longer_than_a_block_is_no_guess(known: dict[str, tuple[int, int]]) -> None:
    """A cell that begins like a spelling of a million octets is not compared beyond the block's end."""
    long = " " * 2**20 + "Yes"
    layout = Layout(ord(","), np.array([CATEGORY, IGNORED], dtype=np.int8), np.zeros(2, dtype=np.int64))
    spellings = Spellings.of([known | {long: (1, 0)}], ",")
    padded = f"{' ' * 90}No,\n"

    assert scan(padded.encode(), 1, layout, spellings).codes[:, 0].tolist() == [UNKNOWN]
    assert scan(f"{long},\n{padded}".encode(), 2, layout, spellings).codes[:, 0].tolist() == [1, UNKNOWN]
