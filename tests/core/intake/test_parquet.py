import csv
import io
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.config import IngestConfig
from tasks.core.errors import UnnamedError
from tasks.core.extract.whole.in_memory import read_texts
from tasks.core.intake import parquet
from tasks.core.intake.parquet import ParquetText
from tests.harness.customers import make_customers


def parquet_of(table: pa.Table, **options: Any) -> bytes:
    """Write a table as the bytes of a Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def text_of(data: bytes, size: int = 2**20) -> bytes:
    """Read a Parquet file's text, `size` bytes at a time."""
    text = ParquetText(io.BytesIO(data), IngestConfig())
    return b"".join(iter(lambda: text.read(size), b""))


def test_every_type_is_written_as_a_crm_would() -> None:
    """Numbers are as short as can be, nulls blank, dictionaries and large or binary texts plain texts."""
    table = pa.table(
        {
            "whole": pa.array([7, None], pa.int64()),
            "small": pa.array([1, 0], pa.uint8()),
            "decimal": pa.array([50.35, 10.0]),
            "single": pa.array([50.35, None], pa.float32()),
            "exact": pa.array(["50.50", None]).cast(pa.decimal128(8, 2)),
            "flag": [True, False],
            "category": pa.array(["One year", None]).dictionary_encode(),
            "large": pa.array(["x", "é"], pa.large_string()),
            "raw": pa.array([b"x", b"y"]),
            "nothing": pa.nulls(2),
            "day": pa.array([0, 1], pa.date32()),
        }
    )

    assert text_of(parquet_of(table)).decode().splitlines() == [
        ",".join(table.column_names),
        "7,1,50.35,50.35,50.50,true,One year,x,x,,1970-01-01",
        ",0,10,,,false,,é,y,,1970-01-02",
    ]


def test_a_row_of_nulls_is_a_blank_line() -> None:
    """It is counted as such, and the rows after it keep their numbers."""
    customers = make_customers(20)
    table = customers.reindex([*range(10), 100, *range(10, 20), 101, 102]).astype(customers.dtypes)
    data = parquet_of(pa.Table.from_pandas(table.assign(Zone=None), preserve_index=False))
    text = ParquetText(io.BytesIO(data), IngestConfig())

    extract = read_texts([("crm", text)], "crm", "0" * 64, "scoring", IngestConfig())

    assert (extract.counts.accepted, extract.counts.blank_lines, extract.counts.quarantined) == (20, 3, 0)
    assert extract.customers["customerID"].tolist() == customers["customerID"].tolist()
    assert extract.customers.index.tolist() == [*range(2, 12), *range(13, 23)]


def test_not_a_number_is_no_blank() -> None:
    """A NaN is not taken for a missing number."""
    assert text_of(parquet_of(pa.table({"a": [np.nan, np.inf], "b": [1, 2]}))) == b"a,b\nnan,1\ninf,2\n"


def test_cells_keep_separators_and_quotes_and_their_line() -> None:
    """A cell's content never becomes another field or line; a line break becomes a control character."""
    table = pa.table({"a,b": ['say "hi", you', "two\r\nlines", '"', " "], "c": ["1", "2", "3", "4"]})

    text = text_of(parquet_of(table))

    assert list(csv.reader(text.decode().split("\n")[:-1])) == [
        ["a,b", "c"],
        ['say "hi", you', "1"],
        ["two\v\vlines", "2"],
        ['"', "3"],
        [" ", "4"],
    ]


def test_bad_utf8_stays_where_it_is() -> None:
    """Invalid UTF-8 is passed on unchanged, and only its row is faulty."""
    bad = pa.array([b"\xff,", b"x"]).cast(pa.string(), safe=False)

    assert text_of(parquet_of(pa.table({"a": bad, "b": [1, 2]}))) == b'a,b\n"\xff,",1\nx,2\n'


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_however_it_is_read_and_cut(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups, batches, slices and the bytes asked for do not show."""
    table = pa.table({"id": [f"id {i}" for i in range(300)], "n": range(300)})
    expected = pd.DataFrame(table.to_pandas()).to_csv(index=False).encode()

    assert text_of(parquet_of(table, row_group_size=70), size) == expected
    monkeypatch.setattr(parquet, "_BATCH_BYTES", 150)
    assert text_of(parquet_of(table, use_dictionary=False), size) == expected


def test_a_small_file_of_long_cells_is_written_slice_by_slice() -> None:
    """A dictionary of one megabyte, repeated a thousand times, never stands in memory as a gigabyte."""
    table = pa.table({"id": range(1_000), "cell": pa.array(["x" * 2**20] * 1_000).dictionary_encode()})
    data = parquet_of(table)
    assert len(data) < 2**20
    text = ParquetText(io.BytesIO(data), IngestConfig())

    before = pa.total_allocated_bytes()
    text.read(2**20)

    assert len(text._kept) <= parquet._BATCH_BYTES + 64 * 1_000
    assert pa.total_allocated_bytes() - before < 4 * parquet._BATCH_BYTES


@pytest.mark.parametrize("damage", ["footer", "cut", "page", "magic alone"])
def test_a_damaged_file_is_refused_in_one_line(damage: str) -> None:
    """A damaged footer, end or page is reported without a traceback."""
    data = bytearray(parquet_of(pa.table({"id": [f"id {i}" for i in range(5_000)]}), use_dictionary=False))
    if damage == "footer":
        data[-40:-8] = b"\xff" * 32
    elif damage == "cut":
        del data[-100:]
    elif damage == "page":
        data[100:2_000] = b"\xff" * 1_900
    else:
        del data[4:]

    with pytest.raises(UnnamedError, match=r"^is a damaged Parquet file"):
        text_of(bytes(data))


@pytest.mark.parametrize("rows", [0, 3])
def test_a_file_without_columns_is_refused(rows: int) -> None:
    """A table without any column has no header to be read, whether it counts rows or not."""
    table = pa.table({"a": range(rows)}).select([])

    with pytest.raises(UnnamedError, match=r"^is a Parquet file without columns"):
        text_of(parquet_of(table))


@pytest.mark.parametrize(("name", "called"), [("services", "'services'"), ("0612345678", "column 2")])
def test_nested_columns_are_refused(name: str, called: str) -> None:
    """A list is not a cell; the message names the column, or its position if the name may be a value."""
    with pytest.raises(UnnamedError, match=f"^: {called} of the Parquet file contains lists or records"):
        text_of(parquet_of(pa.table({"a": [1, 2], name: [["DSL"], []]})))
