"""Write the list for people as a workbook: typed cells, no formula, the same bytes for the same rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from schemas.campaign_files import Proposal
from tasks.core.campaigns.language import Language, texts_of
from tasks.core.campaigns.lists.columns import PEOPLE_COLUMNS, PEOPLE_KINDS, Cell, Kind

SHEET_ROWS: Final = 1_000_000
"""Rows of customers on a sheet; a spreadsheet has room for 1,048,576 rows."""

_WIDTHS: Final = (18, 11, 10, 50, 50, 20, 24, 12, 14, 11, 10, 10, 18, 12, 12, 10, 24, 19)
_OFFER_WIDTHS: Final = (20, 80)
"""The narrowest and the widest column of offers, which are the same on every row."""
_FORMATS: Final[dict[Kind, dict[str, Any]]] = {
    "text": {"num_format": "@"},
    "whole": {"num_format": "0", "align": "center"},
    "money": {"num_format": "#,##0.00_ "},
    "day": {"num_format": "dd/mm/yyyy", "align": "center"},
}
_HEADER: Final = {
    "bold": True,
    "text_wrap": True,
    "valign": "vcenter",
    "font_color": "#FFFFFF",
    "bg_color": "#1B2733",
}
_TO_FILL_IN: Final = {"num_format": "@", "bg_color": "#FFF8E1", "border": 1, "border_color": "#D9C27A"}
_LINE_WIDTH: Final = 110
_LINE_HEIGHT: Final = 15
_HEADER_HEIGHT: Final = 33
_FIXED_COLUMNS: Final = 1
_OFFER: Final = PEOPLE_COLUMNS.index("suggested_action")
_DECISION: Final = PEOPLE_COLUMNS.index("adviser_decision")
_LAST_PRINTED: Final = PEOPLE_COLUMNS.index("expected_value")
"""The columns beyond it are for filters, and would make the print too small to read."""
_MARGINS: Final = {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6}
_A4: Final = 9


class ListWorkbook:
    """A workbook with the list, on as many sheets as it needs, and a sheet to read first.

    Rows go to disk as they are added, to temporary files in `scratch`, so memory stays constant.
    """

    def __init__(self, file: BinaryIO, scratch: Path, proposal: Proposal, lines: Sequence[str]) -> None:
        """Begin a workbook in an open file; `lines` are those of the sheet to read first."""
        options = {
            "constant_memory": True,
            "tmpdir": str(scratch),
            "use_zip64": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = Workbook(file, options)
        day = proposal.as_of
        created = datetime(day.year, day.month, day.day)  # noqa: DTZ001 the format has no zone
        self._book.set_properties({"title": proposal.name, "author": "", "created": created})
        self._words = texts_of("lists/words.toml", proposal.campaign.language)
        narrow, wide = _OFFER_WIDTHS
        self._offer_width = min(max(len(proposal.campaign.offer), narrow), wide)
        self._formats = {kind: self._book.add_format(each) for kind, each in _FORMATS.items()}
        self._header = self._book.add_format(_HEADER)
        self._to_fill_in = self._book.add_format(_TO_FILL_IN)
        language = Language(proposal.campaign.language)
        validity, label = proposal.campaign.validity, self._words["labels"]["valid_until"]
        self._header_text = f"&C{self._words['lines']['simulated']}" if proposal.scores.simulated else ""
        self._footer_text = f"&L{proposal.campaign.id} - {label} {language.day(validity.last_day)}&R&P / &N"
        self._sheets = 0
        self._new_sheet()
        self._write_lines(lines)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Add rows of cells in the order of the columns."""
        for row in rows:
            if self._row > SHEET_ROWS:
                self._end_sheet()
                self._new_sheet()
            self._write(row)
            self._row += 1

    def close(self) -> None:
        """Write the workbook into its file."""
        self._end_sheet()
        self._book.close()

    def discard(self) -> None:
        """Close the temporary files after an error, without writing the workbook."""
        for sheet in self._book.worksheets():
            sheet._opt_close()  # noqa: SLF001 xlsxwriter offers nothing public for it
        self._book.fileclosed = True

    def _new_sheet(self) -> None:
        self._sheets += 1
        name = self._words["list"]
        self._sheet = self._book.add_worksheet(name if self._sheets == 1 else f"{name} {self._sheets}")
        self._sheet.freeze_panes(1, _FIXED_COLUMNS)
        _set_page(self._sheet)
        self._sheet.repeat_rows(0)
        self._sheet.set_header(self._header_text)
        self._sheet.set_footer(self._footer_text)
        self._sheet.set_row(0, _HEADER_HEIGHT)
        for place, (name, width) in enumerate(zip(PEOPLE_COLUMNS, _WIDTHS, strict=True)):
            self._sheet.set_column(place, place, self._offer_width if place == _OFFER else width)
            self._sheet.write_string(0, place, self._words["labels"][name], self._header)
        self._row = 1

    def _write(self, row: Sequence[Cell]) -> None:
        for place, (cell, kind) in enumerate(zip(row, PEOPLE_KINDS, strict=True)):
            if place == _DECISION:
                self._sheet.write_blank(self._row, place, None, self._to_fill_in)
            elif kind == "text":
                self._sheet.write_string(self._row, place, cell, self._formats[kind])
            elif kind == "day":
                self._sheet.write_datetime(self._row, place, cell, self._formats[kind])
            else:
                self._sheet.write_number(self._row, place, cell, self._formats[kind])

    def _end_sheet(self) -> None:
        last = max(self._row - 1, 1)
        self._sheet.print_area(0, 0, last, _LAST_PRINTED)
        self._sheet.autofilter(0, 0, last, len(PEOPLE_COLUMNS) - 1)
        self._sheet.data_validation(
            1, _DECISION, last, _DECISION, {"validate": "list", "source": self._words["decisions"]}
        )

    def _write_lines(self, lines: Sequence[str]) -> None:
        sheet = self._book.add_worksheet(self._words["read_me"])
        wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        sheet.set_column(0, 0, _LINE_WIDTH)
        _set_page(sheet)
        for place, line in enumerate(lines):
            sheet.set_row(place, _LINE_HEIGHT * (2 + len(line) // _LINE_WIDTH))
            sheet.write_string(place, 0, line, wrapped)


def _set_page(sheet: Worksheet) -> None:
    """Print on A4, as wide as the columns."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(**_MARGINS)
    sheet.fit_to_pages(1, 0)
