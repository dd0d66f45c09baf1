"""Write a campaign's list of customers to contact: for machines, and for people in two forms."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import pandas as pd

from schemas.campaign_files import CALL_COLUMNS, Proposal
from tasks.core.campaigns.language import Language, texts_of
from tasks.core.campaigns.lists.columns import PEOPLE_COLUMNS, PEOPLE_KINDS, machine_columns, rows_for_people
from tasks.core.campaigns.lists.csv_text import BYTE_ORDER_MARK, machine_rows, people_row
from tasks.core.campaigns.lists.excel import ListWorkbook
from tasks.core.storage.atomic import open_new

MACHINE_LIST: Final = "campaign.csv"
PEOPLE_LIST: Final = "liste_appels.csv"
PEOPLE_WORKBOOK: Final = "liste_appels.xlsx"
LISTS: Final = (MACHINE_LIST, PEOPLE_LIST, PEOPLE_WORKBOOK)


class CallList:
    """Three open files that take the same rows; see `open_call_list`."""

    def __init__(
        self, proposal: Proposal, machine: BinaryIO, people: BinaryIO, workbook: ListWorkbook
    ) -> None:
        """Write the headers."""
        self._code = proposal.campaign.language
        self._machine, self._people, self._workbook = machine, people, workbook
        labels = texts_of("lists/words.toml", self._code)["labels"]
        header = people_row((labels[name] for name in PEOPLE_COLUMNS), ["text"] * len(PEOPLE_COLUMNS))
        self._machine.write((",".join(CALL_COLUMNS) + "\n").encode())
        self._people.write((BYTE_ORDER_MARK + header).encode())

    def add(self, frame: pd.DataFrame) -> None:
        """Add N rows with the columns CALL_COLUMNS, in this order; memory depends on N alone.

        Amounts are floats in the currency of the bills, days are `date` or ISO 8601.

        Raises:
            ValueError: other columns, or a reason without a sentence.
        """
        if tuple(frame.columns) != CALL_COLUMNS:
            raise ValueError(f"a call list has the columns {', '.join(CALL_COLUMNS)}")
        rows = list(rows_for_people(frame, self._code))
        self._machine.write(machine_rows(machine_columns(frame)).encode())
        self._people.write("".join(people_row(row, PEOPLE_KINDS) for row in rows).encode())
        self._workbook.add(rows)


@contextmanager
def open_call_list(folder: Path, proposal: Proposal) -> Iterator[CallList]:
    """Open the three lists of a proposal in an existing folder; at the end all of them are synced to disk.

    The same proposal and rows give the same bytes. After an error the files are incomplete: the folder is
    a stage that the caller deletes.

    Raises:
        FileExistsError: one of the files exists.
    """
    with ExitStack() as files:
        machine, people, excel = (files.enter_context(open_new(folder / name)) for name in LISTS)
        scratch = files.enter_context(TemporaryDirectory(dir=folder))
        workbook = ListWorkbook(excel, Path(scratch), proposal, read_me(proposal))
        try:
            yield CallList(proposal, machine, people, workbook)
        except BaseException:
            workbook.discard()
            raise
        workbook.close()


def read_me(proposal: Proposal) -> list[str]:
    """Return the lines that whoever uses the list reads first; those about calls only if it is for calls."""
    campaign = proposal.campaign
    language = Language(campaign.language)
    words = texts_of("lists/words.toml", campaign.language)
    values = {
        "campaign": campaign.id,
        "proposal": proposal.name,
        "first_day": language.day(campaign.validity.first_day),
        "last_day": language.day(campaign.validity.last_day),
        "horizon": language.horizon(proposal.scores.horizon),
        "decisions": ", ".join(words["decisions"]),
    }
    left_out = (() if campaign.channel == "phone" else ("hours", "often")) + (
        () if proposal.scores.simulated else ("simulated",)
    )
    return [
        language.typeset(line.format(**values))
        for name, line in words["lines"].items()
        if name not in left_out
    ]
