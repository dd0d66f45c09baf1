from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.extract.reader.row_keys import digest_texts, keys_of
from tasks.core.extract.whole.duplicates import RepeatFinder, Repeats

Row = tuple[str, str]


def find(rows: list[Row], folder: Path | None = None, blocks: int = 3) -> Repeats:
    """Find the repeats among rows with an id and a text, added block by block."""
    finder = RepeatFinder(folder)
    for part in np.array_split(np.arange(len(rows)), blocks):
        sent = [rows[i] for i in part]
        texts = [row[0].encode() for row in sent]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        octets, ids = np.frombuffer(b"".join(texts), dtype=np.uint8), np.stack([ends[:-1], ends[1:]], axis=1)
        finder.add(keys_of(octets, ids, digest_texts(sent), part))
    found = finder.find()
    finder.close()
    return found


def expected(rows: list[Row]) -> tuple[list[int], list[int]]:
    """Find them in memory, by the definition in the contract."""
    frame = pd.DataFrame(rows, columns=["id", "text"])
    duplicate = frame.duplicated()
    left = frame[~duplicate]
    conflict = left["id"].duplicated(keep=False) & (left["id"].str.strip() != "")
    return frame.index[duplicate].tolist(), left.index[conflict].tolist()


IDS = st.sampled_from(["a", "b", "aa", "", " ", "0123456789abcdef", "0123456789abcdefg", "é" * 12, "é" * 13])


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.tuples(IDS, st.sampled_from(["x", "y", "z"])), max_size=40))
def test_repeats_are_those_of_the_contract(rows: list[Row]) -> None:
    """Duplicates repeat a whole row, conflicts share an id; blank ids do not conflict."""
    found = find(rows)

    assert (found.duplicates.tolist(), found.conflicts.tolist()) == expected(rows)


@pytest.mark.parametrize("blocks", [1, 2, 50])
def test_the_spill_does_not_show(tmp_path: Path, blocks: int) -> None:
    """On disk and in memory the same repeats are found, and no file remains."""
    dice = np.random.default_rng(0)
    rows = [(f"{dice.integers(20_000):05}", str(dice.integers(2))) for _ in range(60_000)]

    found = find(rows, tmp_path, blocks)

    assert (found.duplicates.tolist(), found.conflicts.tolist()) == expected(rows)
    assert list(tmp_path.iterdir()) == []


def test_no_row_is_kept_for_what_was_found() -> None:
    """Results own their memory, even empty ones: a view would keep the keys of all rows."""
    for rows in ([("a", "x"), ("b", "x")], [("a", "x"), ("a", "y"), ("b", "x"), ("b", "x")]):
        found = find(rows)
        for lines in (found.duplicates, found.conflicts):
            assert lines.base is None or lines.base.nbytes <= 8 * len(rows)
