import numpy as np
import numpy.typing as npt
import pytest

from schemas.cut_points import CutPoints
from tasks.core.bundle.scores_csv import HEADER, ScoresCsv, row_bounds
from tests.harness.customers import accepted, make_customers
from tests.harness.home import Home

POINTS = CutPoints(threshold=0.5, deciles=(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1), high=0.8, medium=0.5)


def ids(*texts: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Put ids one after another, as the engine has them in the extract's octets."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), np.stack([ends[:-1], ends[1:]], axis=1)


def test_rows_are_what_pandas_writes(trained_home: Home) -> None:
    """The engine's bytes are those of the frame that another program gets, written by pandas."""
    champion = trained_home.champion
    assert champion is not None
    scorer, customers = champion.scorer(), make_customers(2_000)

    rows = scorer.rows(accepted(customers))
    scores = scorer.score(customers)

    text = scores.to_csv(index=False, lineterminator="\n", float_format="%.6f").encode()
    assert HEADER + rows.csv == text
    assert rows.flagged == scores["churn_flag"].sum()
    assert rows.out_of_domain == (scores["in_domain"] == 0).sum()


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0.000000,0,10,low"),
        (0.1, "0.100000,0,9,low"),
        (0.499999, "0.499999,0,6,low"),
        (0.5, "0.500000,1,5,medium"),
        (0.8, "0.800000,1,2,high"),
        (1.0, "1.000000,1,1,high"),
    ],
)
def test_cuts_begin_at_their_points(probability: float, text: str) -> None:
    """Flag, decile and band change exactly at their cut points."""
    rows = ScoresCsv(POINTS, ("tenure", "Contract"), "v").rows(
        *ids("a"), np.array([probability]), np.array([[1, 0, -1]]), np.array([True])
    )

    assert rows == f"a,{text},Contract,tenure,,1,v\n".encode()


def test_ids_are_quoted_where_they_must_be() -> None:
    """An id with a separator or a quote stays one field, even if it is nothing but quotes."""
    rows = ScoresCsv(POINTS, (), "v").rows(
        *ids("a,b", 'c"d', "é", '"' * 64),
        np.zeros(4),
        np.full((4, 3), -1),
        np.array([False, True, True, True]),
    )

    assert [line.split(b",0.0")[0] for line in bytes(rows).splitlines()] == [
        b'"a,b"',
        b'"c""d"',
        "é".encode(),
        b'"' * 130,
    ]


@pytest.mark.parametrize("rows", [[], [0], [5], [4_999], [0, 1, 2, 700, 701, 2_600, 4_998, 4_999]])
def test_rows_are_found_by_their_number(rows: list[int]) -> None:
    """Their bounds are those of the lines, near and far from one another."""
    lines = [b"x" * (i * 37 % 90) + b"\n" for i in range(5_000)]
    ends = np.cumsum([0, *map(len, lines)]).tolist()

    found = row_bounds(b"".join(lines), np.array(rows, dtype=np.int64))

    assert found == [(ends[i], ends[i + 1]) for i in rows]


def test_a_text_cut_short_is_noticed() -> None:
    """Rows beyond the end are an error, not a place outside the text."""
    with pytest.raises(EOFError):
        row_bounds(b"a\nb\nc", np.array([2]))
