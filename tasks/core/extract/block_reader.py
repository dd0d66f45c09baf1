"""Read and judge one block of an extract: what can be accepted at once is, the rest line by line."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import FEATURES, ID, NUMBERS, SIMULATED_ID_PREFIX, TARGET
from schemas.config import IngestConfig
from schemas.extract import ScoringExtract, TrainingExtract
from tasks.core.extract.accepting import CATEGORY_TYPES, Acceptor, column_type
from tasks.core.extract.blocks import Block
from tasks.core.extract.contract import FAULT_COLUMNS, judge, without_cross_row_checks
from tasks.core.extract.dialect import Dialect
from tasks.core.extract.folding import VOCABULARY, canonical_values
from tasks.core.extract.keys import Keys, digest_rows, digest_texts, keys_of
from tasks.core.extract.lines import Lines, read_lines
from tasks.core.extract.numbers import parse_numbers
from tasks.core.extract.personal import count_personal, ids_may_be_personal, judged_columns
from tasks.core.extract.plain_numbers import PLAIN_FORMS
from tasks.core.extract.table import Table, parse_table
from tasks.core.extract.tally import Tally
from tasks.core.text import text_array, text_buffers

Purpose = Literal["training", "scoring"]

_MODELS: Final = {"training": TrainingExtract, "scoring": ScoringExtract}
_BLANK_WORDS: Final = {"TotalCharges": ("NA",)}
"""TotalCharges of customers not billed yet, as Windows tools write a missing number."""
_FORM_TYPE: Final = pd.CategoricalDtype(list(PLAIN_FORMS))


@dataclass(frozen=True)
class Part:
    """What a block holds, apart from what only the whole extract can tell.

    `customers` are the accepted rows by physical line: `customerID` as text, categories as pandas
    categoricals of the contract's vocabulary, numbers as float64, each with its form beside it.
    `faults` has a row a fault: `line`, `column`, `reason`. `keys` are of all rows, bad ones too.
    """

    customers: pd.DataFrame
    faults: pd.DataFrame
    keys: Keys
    tally: Tally


def wanted_columns(purpose: Purpose) -> list[str]:
    """List the contract's columns that are read."""
    return [ID, *FEATURES, *([TARGET] if purpose == "training" else [])]


class BlockReader:
    """Reads blocks of one file by one contract; it may serve several threads."""

    def __init__(
        self, dialect: Dialect, known: list[str | None], purpose: Purpose, config: IngestConfig
    ) -> None:
        """Prepare the contract; `known` are the contract's columns that the header's names stand for."""
        self._dialect = dialect
        self._config = config
        self._schema = without_cross_row_checks(_MODELS[purpose].to_schema())
        self._acceptor = Acceptor(self._schema, config)
        self._positions = {column: known.index(column) for column in wanted_columns(purpose)}
        self._searched = judged_columns(dialect.header, known, config.allow_personal_columns)
        self._types: dict[int, pa.DataType] = dict.fromkeys(
            self._searched, pa.dictionary(pa.int32(), pa.string())
        )
        self._types |= {position: column_type(column) for column, position in self._positions.items()}

    def read(self, block: Block) -> Part:
        """Read every line of a block."""
        table = parse_table(block, self._dialect, self._types)
        tally = Tally(received=block.lines)
        surely, lines = self._accept(table, block.first_line, tally)
        starts, ends = block.bounds
        left = np.setdiff1d(np.arange(len(starts)) + block.first_line, lines, assume_unique=True)
        if not len(left):
            return Part(surely, _no_faults(), self._keys(surely), tally)
        slowly = self._read_lines(
            read_lines(
                (
                    (int(line), block.offset + int(starts[i]), block.data[starts[i] : ends[i]])
                    for line, i in zip(left, left - block.first_line, strict=True)
                ),
                self._dialect,
            ),
            tally,
        )
        customers = pd.concat([surely, slowly.customers]).sort_index() if len(slowly.customers) else surely
        keys = np.concatenate([self._keys(surely), slowly.keys])
        return Part(customers, slowly.faults, keys[np.argsort(keys["line"], kind="stable")], tally)

    def _accept(
        self, table: Table, first_line: int, tally: Tally
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        cells = {
            column: table.columns[str(position)].chunk(0) for column, position in self._positions.items()
        }
        frame, sure = self._acceptor.accept(cells)
        lines = table.lines + first_line
        frame.index = pd.Index(lines)
        if not sure.all():
            frame, lines = frame[sure], lines[sure]
        rows = len(frame)
        tally.accepted += rows
        tally.rows += rows
        tally.widths[len(self._dialect.header)] += rows
        tally.filled.update(dict.fromkeys(self._positions, rows))
        for number in NUMBERS:
            tally.filled[number] -= int((frame[f"{number}_form"] == "blank").sum())
        tally.known.update({column: rows for column in self._positions if column in VOCABULARY})
        tally.simulated += pc.starts_with(text_array(frame[ID]), SIMULATED_ID_PREFIX).sum().as_py() or 0
        for position, kinds in self._searched.items():
            column = table.columns[str(position)].chunk(0)
            if position == self._positions[ID]:
                self._search_ids(text_array(frame[ID]), position, kinds, tally)
            else:
                sent = column if sure.all() else column.filter(pa.array(sure))
                counts = {each["values"]: each["counts"] for each in sent.value_counts().to_pylist()}
                _search(counts, position, kinds, tally)
        return frame, lines

    def _search_ids(self, ids: pa.Array, position: int, kinds: tuple[str, ...], tally: Tally) -> None:
        if ids_may_be_personal(*text_buffers(ids)):
            _search(Counter(ids.to_pylist()), position, kinds, tally)
        else:
            tally.searched[position] += len(ids)

    def _read_lines(self, lines: Lines, tally: Tally) -> Part:
        cells = lines.cells[list(self._positions.values())].set_axis(list(self._positions), axis="columns")
        parsed = parse_cells(cells, self._config)
        faults = judge(parsed, self._schema)
        accepted = ~parsed.index.isin(faults["line"])
        customers = _typed(parsed[accepted])
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
                tally.known[column] += int(parsed[column].isin(VOCABULARY[column]).sum())
        for position, kinds in self._searched.items():
            _search(Counter(lines.cells[position]), position, kinds, tally)
        listed = [frame for frame in (broken, faults) if len(frame)]
        return Part(
            customers,
            pd.concat(listed).sort_values(FAULT_COLUMNS, ignore_index=True) if listed else _no_faults(),
            np.concatenate([self._keys(customers), _keys_of_bad(parsed[~accepted], cells[~accepted])]),
            tally,
        )

    def _keys(self, customers: pd.DataFrame) -> Keys:
        return keys_of(
            text_array(customers[ID]),
            digest_rows(customers.drop(columns=ID)),
            customers.index.to_numpy(dtype=np.int64),
        )


def parse_cells(cells: pd.DataFrame, config: IngestConfig) -> pd.DataFrame:
    """Turn text cells into the parsed frame that `schemas.extract` judges."""
    parsed = {}
    for column in map(str, cells):
        if column in NUMBERS:
            number = parse_numbers(cells[column], blank_words=_BLANK_WORDS.get(column, ()))
            parsed[column] = number["value"]
            parsed[f"{column}_form"] = number["form"]
        elif column in VOCABULARY:
            parsed[column] = canonical_values(cells[column], config)
        else:
            parsed[column] = cells[column]
    return pd.DataFrame(parsed, index=cells.index)


def _typed(accepted: pd.DataFrame) -> pd.DataFrame:
    forms = dict.fromkeys((f"{number}_form" for number in NUMBERS), _FORM_TYPE)
    categories = {column: kind for column, kind in CATEGORY_TYPES.items() if column in accepted}
    return accepted.astype({**categories, **forms})


def _keys_of_bad(parsed: pd.DataFrame, cells: pd.DataFrame) -> Keys:
    """Make the keys of refused rows; a number that was not understood counts as it was sent."""
    shown = parsed.assign(
        **{
            number: cells[number].where(
                ~parsed[f"{number}_form"].isin(PLAIN_FORMS), parsed[number].astype("str")
            )
            for number in NUMBERS
        }
    )
    return keys_of(
        text_array(parsed[ID]),
        digest_texts(shown.itertuples(index=False, name=None)),
        parsed.index.to_numpy(dtype=np.int64),
    )


def _search(cells: dict[str, int], position: int, kinds: tuple[str, ...], tally: Tally) -> None:
    tally.searched[position] += sum(times for cell, times in cells.items() if cell.strip())
    for kind, times in count_personal(cells, kinds).items():
        tally.personal[position, kind] += times


def _no_faults() -> pd.DataFrame:
    return pd.DataFrame(columns=FAULT_COLUMNS).astype({"line": "int64"})
