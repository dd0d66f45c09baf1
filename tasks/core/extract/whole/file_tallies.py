"""Sum the counts of an extract's files, whose columns may stand in other places or be others."""

from collections import Counter
from dataclasses import replace

from tasks.core.errors import naming
from tasks.core.extract.reader import refusals
from tasks.core.extract.reader.file_reader import Header
from tasks.core.extract.reader.tally import Tally


class FileTallies:
    """Takes the tallies of block after block; what only a file can tell is judged at the file's end.

    `sent` are all columns' names of all files, `known` the contract's columns they stand for; the
    positions of `whole`, the sum, are positions in these.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.sent: list[str] = []
        self.known: list[str | None] = []
        self.whole = Tally()
        self._header: Header | None = None
        self._tally = Tally()
        self._places: dict[tuple[str, int], int] = {}

    def add(self, header: Header, tally: Tally) -> None:
        """Count a block in.

        Raises:
            ExtractError: see `end_file`.
        """
        if header != self._header:
            self.end_file()
            self._header = header
        self._tally.add(tally)

    def end_file(self) -> None:
        """Judge the file that ends here, if any, and count it in.

        Raises:
            ExtractError: most of its lines have another number of fields than its header, or are not UTF-8.
        """
        if self._header is None:
            return
        header, tally = self._header, self._tally
        with naming(header.name):
            refusals.refuse_wrong_width(tally, len(header.sent))
            refusals.refuse_wrong_encoding(tally)
        places = [self._place(header, position) for position in range(len(header.sent))]
        searched = {places[position]: cells for position, cells in tally.searched.items()}
        personal = {(places[position], kind): cells for (position, kind), cells in tally.personal.items()}
        self.whole.add(replace(tally, searched=Counter(searched), personal=Counter(personal)))
        self._header, self._tally = None, Tally()

    def _place(self, header: Header, position: int) -> int:
        """Find a column by its name; those without one are told apart by their position."""
        sent = header.sent[position]
        key = (sent, 0 if sent else position)
        if key not in self._places:
            self._places[key] = len(self.sent)
            self.sent.append(sent)
            self.known.append(header.known[position])
        return self._places[key]
