"""Recognise files that are no CSV text by their first bytes, and say how to fix them."""

from typing import Final, NamedTuple


class Foreign(NamedTuple):
    """A format: the bytes it starts with, `what` such a file is, and how to `fix` it."""

    start: bytes
    what: str
    fix: str


_UNPACK: Final = "unpack it, or compress it with gzip"
_EXPORT: Final = "export the table as CSV or Parquet"
_FORMATS: Final = (
    Foreign(b"PK\x03\x04", "an Excel workbook or zip archive", "save it as 'CSV UTF-8'"),
    Foreign(b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as 'CSV UTF-8'"),
    Foreign(b"PAR1", "a Parquet file", "deliver the Parquet file itself"),
    Foreign(b"\x1f\x8b", "a gzip file", "compress the text once"),
    *(Foreign(b"BZh%d1AY&SY" % level, "compressed with bzip2", _UNPACK) for level in range(1, 10)),
    Foreign(b"\xfd7zXZ\x00", "compressed with xz", _UNPACK),
    Foreign(b"\x28\xb5\x2f\xfd", "compressed with Zstandard", _UNPACK),
    Foreign(b"\x04\x22\x4d\x18", "compressed with LZ4", _UNPACK),
    Foreign(b"\x1f\x9d", "compressed with compress (.Z)", _UNPACK),
    Foreign(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    Foreign(b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
    Foreign(b"Obj\x01", "an Avro file", _EXPORT),
    Foreign(b"ARROW1\x00\x00", "an Arrow or Feather file", _EXPORT),
    Foreign(b"\x89HDF", "an HDF5 file", _EXPORT),
    Foreign(b"\x80\x04", "a Python pickle", _EXPORT),
    Foreign(b"\x80\x05", "a Python pickle", _EXPORT),
    Foreign(b"<stata_dta>", "a Stata file", _EXPORT),
    Foreign(b"$FL2@(#)", "an SPSS file", _EXPORT),
    Foreign(b"version https://git-lfs", "a Git LFS pointer, not the table itself", "run 'git lfs pull'"),
    Foreign(b"outs:", "a DVC pointer, not the table itself", "run 'dvc pull'"),
    Foreign(b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    Foreign(b"%PDF", "a PDF document", "export the table as CSV"),
    Foreign(b"{\\rtf", "an RTF document", "export the table as CSV"),
    Foreign(b"{", "JSON", "export it as CSV"),
    *(Foreign(b"[%c" % then, "JSON", "export it as CSV") for then in b'{["] \t\r\n'),
    Foreign(b"<", "HTML or XML", "export it as CSV"),
)


def foreign_format(data: bytes, offset: int) -> Foreign | None:
    """Return the format of a file, given its first bytes, which begin at `offset`; None if it may be CSV."""
    return next((each for each in _FORMATS if data.startswith(each.start, offset)), None)
