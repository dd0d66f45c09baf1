"""Sum the counts of an extract's files, whose columns may differ or be in a different order."""

from collections import Counter
from dataclasses import replace

from tasks.core.errors import naming
from tasks.core.extract.reader import refusals
from tasks.core.extract.reader.file_reader import Header
from tasks.core.extract.reader.tally import Tally


class FileTallies:
    """Adds up the blocks' tallies; a file's checks run when it ends.

    `names` are the column names in all files, and `known` the contract's columns that they map to.
    `whole` is the sum; its positions refer to these lists.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.names: list[str] = []
        self.known: list[str | None] = []
        self.whole = Tally()
        self._header: Header | None = None
        self._tally = Tally()
        self._places: dict[tuple[str, int], int] = {}

    def add(self, header: Header, tally: Tally) -> None:
        """Add a block's counts.

        Raises:
            ExtractError: see `end_file`.
        """
        if header != self._header:
            self.end_file()
            self._header = header
        self._tally.add(tally)

    def end_file(self) -> None:
        """Check the file that has just ended, if any, and add its counts.

        Raises:
            ExtractError: most of its lines differ in width from its header, or are not UTF-8.
        """
        if self._header is None:
            return
        header, tally = self._header, self._tally
        with naming(header.name):
            refusals.refuse_wrong_width(tally, len(header.names))
            refusals.refuse_wrong_encoding(tally)
        places = [self._place(header, position) for position in range(len(header.names))]
        tally.quirks.update(header.quirks)
        searched = {places[position]: cells for position, cells in tally.searched.items()}
        personal = {(places[position], kind): cells for (position, kind), cells in tally.personal.items()}
        self.whole.add(replace(tally, searched=Counter(searched), personal=Counter(personal)))
        self._header, self._tally = None, Tally()

    def _place(self, header: Header, position: int) -> int:
        """Return the position of a column by name; unnamed columns are distinguished by position."""
        name = header.names[position]
        key = (name, 0 if name else position)
        if key not in self._places:
            self._places[key] = len(self.names)
            self.names.append(name)
            self.known.append(header.known[position])
        return self._places[key]
