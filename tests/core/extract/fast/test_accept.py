import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pandas as pd
import pytest

from schemas.config import IngestConfig
from tasks.core.extract.reader.file_reader import SourceReader
from tasks.core.extract.text.blocks import Block
from tests.harness.customers import make_customers

BLOCKS, CUSTOMERS = 24, 40


def _spellings(word: str) -> list[str]:
    return ["".join(letters) for letters in product(*((letter.lower(), letter.upper()) for letter in word))]


def _tables(spellings: list[str]) -> Iterator[pd.DataFrame]:
    """Return blocks of an extract, each with its own spelling of the contract and one invalid customer."""
    for i, spelling in enumerate(spellings):
        table = make_customers(CUSTOMERS)
        table["customerID"] = [f"{i:04d}-{row}" for row in range(CUSTOMERS)]
        table["Contract"] = table["Contract"].replace("Month-to-month", spelling)
        table["Partner"] = table["Partner"].replace("Yes", _spellings("yes")[i % 8])
        table.loc[0, "Contract"] = "No"
        yield table


def _read(tables: list[pd.DataFrame], threads: int) -> pd.DataFrame:
    blocks, line = [], 2
    for table in tables:
        blocks.append(Block(table.to_csv(index=False, header=False).encode(), line, 0))
        line += len(table)
    head = tables[0].to_csv(index=False).encode()
    reader = SourceReader(head, "extract.csv", "scoring", IngestConfig())
    with ThreadPoolExecutor(threads) as pool:
        return pd.concat([part.customers.frame() for part in pool.map(reader.read, blocks)])


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Switch threads a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_learn_spellings_at_once_read_as_one_does() -> None:
    """Spellings that several threads meet at once are accepted, and nothing else is."""
    tables = list(_tables(_spellings("month-to-month")[:BLOCKS]))
    alone = _read(tables, 1)

    for _ in range(3):
        pd.testing.assert_frame_equal(_read(tables, 4), alone)
    assert len(alone) == BLOCKS * (CUSTOMERS - 1)


def test_more_spellings_than_are_remembered_are_read_all_the_same() -> None:
    """A column with a hundred spellings, most of them in one block, is read completely."""
    spellings = _spellings("month-to-month")[:100]
    tables = list(_tables(spellings[:1]))
    tables[0] = pd.concat([tables[0].iloc[1:]] * 3, ignore_index=True)
    tables[0]["customerID"] = [f"0-{row}" for row in range(len(tables[0]))]
    tables[0].loc[: len(spellings) - 1, "Contract"] = spellings

    assert _read(tables, 1)["Contract"].tolist()[: len(spellings)] == ["Month-to-month"] * len(spellings)


@pytest.mark.parametrize(("value", "accepted"), [("One, year", [2, 3]), ("One\x85year", [2])])
def test_a_mapped_value_is_cut_and_refused_as_any_other(value: str, accepted: list[int]) -> None:
    """A separator in a value that the config maps needs its quotes, and a control character never passes."""
    customers = make_customers(3)
    customers["Contract"] = ["Two year", value, "Two year"]
    header, first, mapped, last = customers.to_csv(index=False).rstrip().split("\n")
    lines = [first, mapped, last.replace("Two year", value)]
    config = IngestConfig(value_maps={"Contract": {value: "One year"}})
    reader = SourceReader(f"{header}\n".encode(), "extract.csv", "scoring", config)
    data = "".join(f"{line}\n" for line in lines).encode()

    for _ in range(2):  # the second time, all spellings of the block are known
        assert reader.read(Block(data, 2, 0)).customers.lines.tolist() == accepted


def test_endless_blanks_are_accepted_but_not_learnt() -> None:
    """A value with more blanks than any spelling has is read, and the next blocks are read as ever."""
    customers = make_customers(3)
    customers["Partner"] = ["Yes", " " * 2**16 + "Yes", "Yes"]
    head, *rows = customers.to_csv(index=False).encode().splitlines(keepends=True)
    reader = SourceReader(head + b"".join(rows), "extract.csv", "scoring", IngestConfig())

    for data in (b"".join(rows), rows[0].replace(b"Yes", b" " * 40 + b"No", 1)):
        assert len(reader.read(Block(data, 2, 0)).customers) == data.count(b"\n")
