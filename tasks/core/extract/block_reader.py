"""Read and judge one block of an extract: what can be accepted at once is, the rest line by line."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import FEATURES, ID, NUMBERS, SIMULATED_ID_PREFIX, TARGET
from schemas.config import IngestConfig
from schemas.extract import ScoringExtract, TrainingExtract
from tasks.core.extract.accepting import CATEGORY_TYPES, Acceptor
from tasks.core.extract.blocks import Block
from tasks.core.extract.contract import FAULT_COLUMNS, Judge, without_cross_row_checks
from tasks.core.extract.contract_tables import PLAIN_FORMS, ContractTables
from tasks.core.extract.dialect import Dialect
from tasks.core.extract.folding import VOCABULARY, canonical_values
from tasks.core.extract.keys import Keys, digest_rows, digest_texts, keys_of
from tasks.core.extract.lines import Lines, read_lines
from tasks.core.extract.numbers import parse_numbers
from tasks.core.extract.personal import count_personal, ids_may_be_personal, judged_columns
from tasks.core.extract.row_checks import FORM_TYPE
from tasks.core.extract.tally import Tally
from tasks.core.text import text_array, text_buffers

Purpose = Literal["training", "scoring"]

_MODELS: Final = {"training": TrainingExtract, "scoring": ScoringExtract}
_BLANK_WORDS: Final = {"TotalCharges": ("NA",)}
"""TotalCharges of customers not billed yet, as Windows tools write a missing number."""


@dataclass(frozen=True)
class Part:
    """What a block holds, apart from what only the whole extract can tell.

    `customers` are the accepted rows by physical line, in a few frames: `customerID` as text, categories
    as pandas categoricals of the contract's vocabulary, numbers as float64, each with its form beside
    it. `faults` has a row a fault: `line`, `column`, `reason`. `keys` are of all rows, bad ones too.
    """

    customers: tuple[pd.DataFrame, ...]
    faults: pd.DataFrame
    keys: Keys
    tally: Tally


def wanted_columns(purpose: Purpose) -> list[str]:
    """List the contract's columns that are read."""
    return [ID, *FEATURES, *([TARGET] if purpose == "training" else [])]


@cache
def _tables(purpose: Purpose) -> ContractTables:
    return ContractTables(without_cross_row_checks(_MODELS[purpose].to_schema()))


@cache
def _judge(purpose: Purpose) -> Judge:
    return Judge(_tables(purpose).schema)


class BlockReader:
    """Reads blocks of one file by one contract; it may serve several threads."""

    def __init__(
        self, dialect: Dialect, known: list[str | None], purpose: Purpose, config: IngestConfig
    ) -> None:
        """Prepare the contract; `known` are the contract's columns that the header's names stand for."""
        self._dialect = dialect
        self._config = config
        self._judge = _judge(purpose)
        self._positions = {column: known.index(column) for column in wanted_columns(purpose)}
        self._searched = judged_columns(dialect.header, known, config.allow_personal_columns)
        self._extra = {
            position: kinds for position, kinds in self._searched.items() if position != self._positions[ID]
        }
        self._acceptor = Acceptor(_tables(purpose), config, dialect, self._positions, list(self._extra))

    def read(self, block: Block) -> Part:
        """Read every line of a block."""
        tally = Tally(received=block.lines)
        pieces, left = [], []
        for piece in block.pieces():
            customers, doubtful = self._accept(piece, tally)
            pieces.append(customers)
            left += doubtful
        if not left:
            return Part(tuple(pieces), _no_faults(), np.concatenate([*map(self._keys, pieces)]), tally)
        late, faults, bad = self._read_lines(read_lines(left, self._dialect), tally)
        if len(late):
            pieces = _insert(_typed(late), pieces)
        keys = np.concatenate([*map(self._keys, pieces), bad])
        return Part(tuple(pieces), faults, keys[np.argsort(keys["line"], kind="stable")], tally)

    def _accept(self, piece: Block, tally: Tally) -> tuple[pd.DataFrame, list[tuple[int, int, bytes]]]:
        """Accept what surely is good of a piece; list the other lines as `read_lines` takes them."""
        frame, found = self._acceptor.accept(piece)
        rows = len(frame)
        tally.accepted += rows
        tally.rows += rows
        tally.widths[len(self._dialect.header)] += rows
        tally.filled.update(dict.fromkeys(self._positions, rows))
        for number in NUMBERS:
            tally.filled[number] -= int((frame[f"{number}_form"] == "blank").sum())
        tally.known.update({column: rows for column in self._positions if column in VOCABULARY})
        tally.simulated += pc.starts_with(text_array(frame[ID]), SIMULATED_ID_PREFIX).sum().as_py() or 0
        for slot, (position, kinds) in enumerate(self._extra.items()):
            sent = Counter(
                piece.data[start:end].decode() for start, end in found.searched[slot, found.read].tolist()
            )
            _search(sent, position, kinds, tally)
        for position, kinds in self._searched.items():
            if position == self._positions[ID]:
                self._search_ids(text_array(frame[ID]), position, kinds, tally)
        doubtful = [
            (piece.first_line + i, piece.offset + int(found.starts[i]), piece.line(found.starts, i))
            for i in np.flatnonzero(~found.read).tolist()
        ]
        return frame, doubtful

    def _search_ids(self, ids: pa.Array, position: int, kinds: tuple[str, ...], tally: Tally) -> None:
        if ids_may_be_personal(*text_buffers(ids)):
            _search(Counter(ids.to_pylist()), position, kinds, tally)
        else:
            tally.searched[position] += len(ids)

    def _read_lines(self, lines: Lines, tally: Tally) -> tuple[pd.DataFrame, pd.DataFrame, Keys]:
        """Judge lines one by one: accepted customers, faults, and keys of the rows that are bad."""
        cells = lines.cells[list(self._positions.values())].set_axis(list(self._positions), axis="columns")
        parsed = parse_cells(cells, self._config)
        faults = self._judge.faults(parsed)
        accepted = ~parsed.index.isin(faults["line"])
        customers = parsed[accepted]
        broken = pd.DataFrame(
            [(line, "", reason) for line, reason in lines.faults.items()], columns=FAULT_COLUMNS
        ).astype({"line": "int64"})
        tally.accepted += len(customers)
        tally.blank += lines.blank
        tally.rows += len(cells)
        tally.broken.update(lines.faults.values())
        tally.widths.update(lines.widths)
        tally.first_bad_byte = lines.first_bad_byte
        tally.simulated += int(customers[ID].str.startswith(SIMULATED_ID_PREFIX).sum())
        for column in self._positions:
            tally.filled[column] += sum(map(bool, map(str.strip, cells[column])))
            if column in VOCABULARY:
                tally.known[column] += sum(value in VOCABULARY[column] for value in parsed[column].tolist())
        for position, kinds in self._searched.items():
            _search(Counter(lines.cells[position]), position, kinds, tally)
        if len(broken):
            faults = pd.concat([broken, faults]).sort_values(FAULT_COLUMNS, ignore_index=True)
        return (
            customers,
            faults,
            _keys_of_bad(parsed[~accepted], cells[~accepted]),
        )

    def _keys(self, customers: pd.DataFrame) -> Keys:
        return keys_of(
            text_array(customers[ID]),
            digest_rows(customers.drop(columns=ID)),
            customers.index.to_numpy(dtype=np.int64),
        )


def _insert(late: pd.DataFrame, pieces: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Put customers who were accepted late where their lines stand."""
    ends = [int(piece.index[-1]) if len(piece) else 0 for piece in pieces]
    place = np.minimum(np.searchsorted(np.maximum.accumulate(ends), late.index), len(pieces) - 1)
    return [
        pd.concat([piece, late[place == i]]).sort_index() if (place == i).any() else piece
        for i, piece in enumerate(pieces)
    ]


def parse_cells(cells: pd.DataFrame, config: IngestConfig) -> pd.DataFrame:
    """Turn text cells into the parsed frame that `schemas.extract` judges."""
    parsed = {}
    for column in map(str, cells):
        if column in NUMBERS:
            number = parse_numbers(cells[column], blank_words=_BLANK_WORDS.get(column, ()))
            parsed[column] = number["value"]
            parsed[f"{column}_form"] = number["form"]
        elif column in VOCABULARY:
            canonical = canonical_values(column, cells[column].tolist(), config)
            parsed[column] = pd.Series(canonical, index=cells.index, dtype="str")
        else:
            parsed[column] = cells[column].astype("str")
    return pd.DataFrame(parsed, index=cells.index)


def _typed(accepted: pd.DataFrame) -> pd.DataFrame:
    forms = dict.fromkeys((f"{number}_form" for number in NUMBERS), FORM_TYPE)
    categories = {column: kind for column, kind in CATEGORY_TYPES.items() if column in accepted}
    return accepted.astype({**categories, **forms})


def _keys_of_bad(parsed: pd.DataFrame, cells: pd.DataFrame) -> Keys:
    """Make the keys of refused rows; a number that was not understood counts as it was sent."""
    shown = {column: parsed[column].tolist() for column in parsed}
    for number in NUMBERS:
        forms, sent = shown[f"{number}_form"], cells[number].tolist()
        shown[number] = [
            value if form in PLAIN_FORMS else cell
            for value, form, cell in zip(shown[number], forms, sent, strict=True)
        ]
    return keys_of(
        text_array(parsed[ID]),
        digest_texts(zip(*shown.values(), strict=True)),
        parsed.index.to_numpy(dtype=np.int64),
    )


def _search(cells: dict[str, int], position: int, kinds: tuple[str, ...], tally: Tally) -> None:
    tally.searched[position] += sum(times for cell, times in cells.items() if cell.strip())
    for kind, times in count_personal(cells, kinds).items():
        tally.personal[position, kind] += times


def _no_faults() -> pd.DataFrame:
    return pd.DataFrame(columns=FAULT_COLUMNS).astype({"line": "int64"})
