"""Read a workbook as a spreadsheet program does, cell by cell with its type."""

import re
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, fromstring

Value = str | float | date | None

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DAY_ZERO = date(1899, 12, 30)


def sheets(path: Path | BinaryIO) -> dict[str, list[list[Value]]]:
    """Return the rows of each sheet: text as str, numbers as float, and as date where they are shown as one.

    A formula raises ValueError.
    """
    with zipfile.ZipFile(path) as book:
        names = [each.attrib["name"] for each in _tree(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")]
        days = _day_styles(_tree(book.read("xl/styles.xml")))
        return {
            name: _rows(_tree(book.read(f"xl/worksheets/sheet{i}.xml")), days)
            for i, name in enumerate(names, start=1)
        }


def sheet_xml(path: Path, number: int) -> str:
    """Return a sheet as it is in the file."""
    with zipfile.ZipFile(path) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def _tree(xml: bytes) -> Element:
    return fromstring(xml)  # noqa: S314 we have just written it


def _day_styles(styles: Element) -> set[str]:
    formats = {each.attrib["numFmtId"]: each.attrib["formatCode"] for each in styles.iter(f"{_MAIN}numFmt")}
    cells = styles.find(f"{_MAIN}cellXfs")
    assert cells is not None
    return {str(i) for i, each in enumerate(cells) if "yy" in formats.get(each.attrib["numFmtId"], "")}


def _rows(sheet: Element, days: set[str]) -> list[list[Value]]:
    return [[_value(cell, days) for cell in row] for row in sheet.iter(f"{_MAIN}row")]


def _value(cell: Element, days: set[str]) -> Value:
    if cell.find(f"{_MAIN}f") is not None:
        raise ValueError(f"{cell.attrib['r']} is a formula")
    if cell.attrib.get("t") == "inlineStr":
        text = "".join(each.text or "" for each in cell.iter(f"{_MAIN}t"))
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
    value = cell.find(f"{_MAIN}v")
    if value is None:
        return None
    assert "t" not in cell.attrib or cell.attrib["t"] == "n"
    number = float(value.text or "")
    return _DAY_ZERO + timedelta(days=number) if cell.attrib.get("s") in days else number
