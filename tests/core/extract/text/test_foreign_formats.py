import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing

import pandas as pd
import pytest

from tasks.core.extract.text.foreign_formats import foreign_format

TABLE = pd.DataFrame({"customerID": ["a", "b"], "tenure": [1, 2]})


def _zipped() -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("crm.csv", TABLE.to_csv())
    return file.getvalue()


def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE customers (id TEXT)")
        return database.serialize()


def _feather() -> bytes:
    TABLE.to_feather(file := io.BytesIO())
    return file.getvalue()


def _stata() -> bytes:
    TABLE.to_stata(file := io.BytesIO(), version=118)
    return file.getvalue()


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (_zipped, "zip archive"),
        (lambda: gzip.compress(b"x"), "gzip"),
        (lambda: bz2.compress(b"x" * 100, 1), "bzip2"),
        (lambda: bz2.compress(b"x" * 100, 9), "bzip2"),
        (lambda: lzma.compress(b"x"), "xz"),
        (TABLE.to_parquet, "Parquet"),
        (_feather, "Arrow or Feather"),
        (_stata, "Stata"),
        (lambda: pickle.dumps(TABLE, protocol=4), "pickle"),
        (lambda: pickle.dumps(TABLE), "pickle"),
        (_database, "SQLite"),
        (lambda: json.dumps([{"customerID": "a"}]).encode(), "JSON"),
        (lambda: json.dumps([{"customerID": "a"}], indent=1).encode(), "JSON"),
        (lambda: json.dumps([["customerID"], ["a"]]).encode(), "JSON"),
        (lambda: TABLE.to_html().encode(), "HTML"),
    ],
)
def test_files_of_other_programs_are_recognised(write: Callable[[], bytes], what: str) -> None:
    """What such a program really writes is called by its name, also behind a byte-order mark."""
    data = write()

    for offset in (0, 3):
        found = foreign_format(b"\xef\xbb\xbf"[:offset] + data, offset)
        assert found is not None
        assert what in found.what


def test_a_table_is_none_of_them() -> None:
    """Neither a header nor a name that contains one of the signatures is taken for another format."""
    for header in (
        "customerID,tenure",
        '"customerID";"tenure"',
        "BZh,PK",
        "PDF,Obj",
        "[customerID],[tenure]",
        "",
    ):
        assert foreign_format(header.encode(), 0) is None
