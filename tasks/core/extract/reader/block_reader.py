"""Read and judge one block of an extract: clean rows in bulk, the rest line by line."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, compress
from typing import Final, Literal

import numpy as np
from pandera.pandas import DataFrameSchema

from schemas.columns import FEATURES, ID, NUMBERS, SIMULATED_ID_PREFIX, TARGET
from schemas.config import IngestConfig
from schemas.customer_ids import FORMULA_SIGNS, is_damaged
from schemas.extract import ScoringExtract, TrainingExtract
from tasks.core.contract.accepted import Accepted
from tasks.core.contract.check_tables import PLAIN_FORMS, ContractTables
from tasks.core.contract.parse import Parsed, parse_cells
from tasks.core.contract.personal_data import count_personal, judged_columns, maybe_personal_ids
from tasks.core.contract.row_judge import Judge, RowFault, without_cross_row_checks
from tasks.core.contract.vocabulary import VOCABULARY
from tasks.core.extract.fast.accept import Acceptor, count_quirks
from tasks.core.extract.reader.row_keys import NO_KEYS, Keys, digest_texts, keys_of, keys_of_accepted
from tasks.core.extract.reader.tally import Tally
from tasks.core.extract.text.blocks import Block
from tasks.core.extract.text.dialect import Dialect
from tasks.core.extract.text.line_reader import Line, SplitLines, read_lines

Purpose = Literal["training", "scoring"]

_LINES_AT_ONCE: Final = 2**12
"""Lines judged at a time: Python's texts need ten times the memory of their bytes."""

_MODELS: Final = {"training": TrainingExtract, "scoring": ScoringExtract}


@dataclass(frozen=True)
class ReadBlock:
    """The result of reading one block, before the checks that need the whole extract.

    `keys` cover all rows, the accepted `customers` first and then the bad ones.
    """

    customers: Accepted
    faults: list[RowFault]
    keys: Keys
    tally: Tally


def wanted_columns(purpose: Purpose) -> list[str]:
    """List the contract's columns that are read for a purpose."""
    return [ID, *FEATURES, *([TARGET] if purpose == "training" else [])]


@cache
def _tables(purpose: Purpose) -> ContractTables:
    return ContractTables(without_cross_row_checks(_MODELS[purpose].to_schema()))


def contract(purpose: Purpose) -> DataFrameSchema:
    """Return the contract for a purpose, without the checks that need all rows."""
    return _tables(purpose).schema


@cache
def _judge(purpose: Purpose) -> Judge:
    return Judge(_tables(purpose).schema)


class BlockReader:
    """Reads blocks from one file under one contract; safe to share between threads."""

    def __init__(
        self, dialect: Dialect, known: list[str | None], purpose: Purpose, config: IngestConfig
    ) -> None:
        """Prepare the contract; `known` maps each header position to a column in the contract."""
        self._dialect = dialect
        self._config = config
        self._judge = _judge(purpose)
        self._positions = {column: known.index(column) for column in wanted_columns(purpose)}
        self._searched = judged_columns(dialect.header, known, config.allow_personal_columns)
        self._extra = {
            position: kinds for position, kinds in self._searched.items() if position != self._positions[ID]
        }
        self._acceptor = Acceptor(_tables(purpose), config, dialect, self._positions, list(self._extra))

    def read(self, block: Block) -> ReadBlock:
        """Read every line of a block."""
        tally = Tally(received=block.lines)
        accept = self._accept_none if self._config.reader == "lines" else self._accept
        customers, doubtful = accept(block, tally)
        faults: list[RowFault] = []
        late, bad = [], [NO_KEYS]
        for start in range(0, len(doubtful), _LINES_AT_ONCE):
            lines = read_lines(doubtful[start : start + _LINES_AT_ONCE], self._dialect)
            accepted, found, refused = self._read_lines(lines, tally)
            faults += found
            bad.append(refused)
            if accepted.lines:
                late.append(Accepted.of(accepted))
        if late:
            customers = customers.with_late(late)
        return ReadBlock(customers, faults, keys_of_accepted(customers, then=np.concatenate(bad)), tally)

    def _accept_none(self, block: Block, _tally: Tally) -> tuple[Accepted, list[Line]]:
        """List all lines, as `read_lines` expects them."""
        lines = block.data.removesuffix(b"\n").split(b"\n")
        starts = accumulate((len(line) + 1 for line in lines), initial=block.offset)
        numbers = range(block.first_line, block.first_line + len(lines))
        none = parse_cells([], dict.fromkeys(self._positions, ()), self._config)
        return Accepted.of(none), list(zip(numbers, starts, lines, strict=False))

    def _accept(self, block: Block, tally: Tally) -> tuple[Accepted, list[Line]]:
        """Accept the rows that are certainly valid; list the other lines as `read_lines` expects them."""
        customers, found = self._acceptor.accept(block)
        rows = len(customers)
        tally.accepted += rows
        tally.rows += rows
        tally.widths[len(self._dialect.header)] += rows
        tally.filled.update(dict.fromkeys(self._positions, rows))
        for number, blanks in zip(NUMBERS, np.isnan(customers.numbers).sum(axis=0).tolist(), strict=True):
            tally.filled[number] -= blanks
        tally.known.update({column: rows for column in self._positions if column in VOCABULARY})
        tally.quirks.update(count_quirks(found))
        # no id begins with a blank here: these are left to the line reader (`ContractTables.id_starts`)
        simulated, *signed = customers.count_ids(SIMULATED_ID_PREFIX, *FORMULA_SIGNS)
        tally.simulated += simulated
        tally.signed += sum(signed)
        for slot, (position, kinds) in enumerate(self._extra.items()):
            texts = Counter(
                block.data[start:end].decode() for start, end in found.searched[slot, found.read].tolist()
            )
            _search(texts, position, kinds, tally)
        for position, kinds in self._searched.items():
            if position == self._positions[ID]:
                texts = Counter(
                    map(customers.text_of_id, maybe_personal_ids(customers.octets, customers.ids))
                )
                tally.searched[position] += rows - texts.total()
                _search(texts, position, kinds, tally)
        doubtful = [
            (block.first_line + i, block.offset + int(found.starts[i]), block.line(found.starts, i))
            for i in np.flatnonzero(~found.read).tolist()
        ]
        return customers, doubtful

    def _read_lines(self, lines: SplitLines, tally: Tally) -> tuple[Parsed, list[RowFault], Keys]:
        """Judge lines one by one; return the accepted customers, the faults, and the keys of the bad rows."""
        cells = {column: lines.cells[position] for column, position in self._positions.items()}
        parsed = parse_cells(lines.numbers, cells, self._config)
        faults = self._judge.faults(parsed)
        faulty = {line for line, *_ in faults}
        bad = [line in faulty for line in parsed.lines]
        customers = parsed.only([not each for each in bad])
        tally.accepted += len(customers.lines)
        tally.blank += lines.blank
        tally.quirks.update(parsed.quirks + lines.quirks)
        tally.rows += len(parsed.lines)
        tally.broken.update(lines.faults.values())
        tally.controls.update(lines.controls)
        tally.widths.update(lines.widths)
        if tally.first_bad_byte is None:
            tally.first_bad_byte = lines.first_bad_byte
        tally.simulated += sum(each.startswith(SIMULATED_ID_PREFIX) for each in customers.columns[ID])
        tally.signed += sum(each.lstrip().startswith(FORMULA_SIGNS) for each in customers.columns[ID])
        for column, texts in cells.items():
            if column in NUMBERS:  # where a word for a missing number fills no cell
                tally.filled[column] += sum(form != "blank" for form in parsed.columns[f"{column}_form"])
            else:
                tally.filled[column] += sum(map(bool, map(str.strip, texts)))
            if column in VOCABULARY:
                tally.known[column] += sum(value in VOCABULARY[column] for value in parsed.columns[column])
        for position, kinds in self._searched.items():
            _search(Counter(lines.cells[position]), position, kinds, tally)
        faults += [(line, "", reason) for line, reason in lines.faults.items()]
        keys = _keys_of_bad(parsed.only(bad), {column: [*compress(cells[column], bad)] for column in NUMBERS})
        return customers, sorted(faults), keys


def _keys_of_bad(parsed: Parsed, numbers: dict[str, list[str]]) -> Keys:
    """Make the keys for refused rows; a number that cannot be parsed is compared as text.

    A damaged id names no customer, so rows that share it do not conflict.
    """
    shown = dict(parsed.columns)
    for number, cells in numbers.items():
        shown[number] = [
            value if form in PLAIN_FORMS else cell
            for value, form, cell in zip(shown[number], shown[f"{number}_form"], cells, strict=True)
        ]
    texts = [b"" if is_damaged(each) else each.encode() for each in parsed.columns[ID]]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return keys_of(
        np.frombuffer(b"".join(texts), dtype=np.uint8),
        np.stack([ends[:-1], ends[1:]], axis=1),
        digest_texts(zip(*shown.values(), strict=True)),
        np.array(parsed.lines, dtype=np.int64),
    )


def _search(cells: dict[str, int], position: int, kinds: tuple[str, ...], tally: Tally) -> None:
    tally.searched[position] += sum(times for cell, times in cells.items() if cell.strip())
    for kind, times in count_personal(cells, kinds).items():
        tally.personal[position, kind] += times
