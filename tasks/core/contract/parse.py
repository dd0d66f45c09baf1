"""Parse the cells of a few rows, column by column, into the frame that `schemas.extract` validates."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from schemas.columns import NUMBERS
from schemas.config import IngestConfig
from tasks.core.contract.number_cells import parse_numbers
from tasks.core.contract.quirks import number_quirk
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values


@dataclass(frozen=True)
class Parsed:
    """Rows of the parsed frame of `schemas.extract`: `lines` is the index, `columns` hold N values each.

    `quirks` counts the cells that are not written as the contract does, but can be read in only one way.
    Lists are used because creating a frame for a few rows costs far more than parsing them.
    """

    lines: list[int]
    columns: dict[str, list[Any]]
    quirks: Counter[str] = field(default_factory=Counter)

    def only(self, kept: Sequence[bool]) -> "Parsed":
        """Return the rows for which `kept`, (N,), is true, without their quirks."""
        columns = {column: list(compress(values, kept)) for column, values in self.columns.items()}
        return Parsed(list(compress(self.lines, kept)), columns)

    def array(self, column: str) -> npt.NDArray[Any]:
        """Return a column as an array, (N,): numbers as float64, anything else as objects."""
        return np.array(self.columns[column], dtype=np.float64 if column in NUMBERS else object)

    def series(self, column: str) -> "pd.Series[Any]":
        """Return a column as a series: numbers as float64, anything else as text; indexed from 0."""
        return typed(column, self.columns[column])

    def frame(self) -> pd.DataFrame:
        """Return the parsed frame."""
        return pd.DataFrame({column: self.series(column) for column in self.columns}).set_axis(self.lines)


def typed(column: str, values: Sequence[Any]) -> "pd.Series[Any]":
    """Make a column of the parsed frame, (N,), indexed from 0."""
    return pd.Series(values, dtype="float64" if column in NUMBERS else "str", name=column)


def parse_cells(lines: Sequence[int], cells: Mapping[str, Sequence[str]], config: IngestConfig) -> Parsed:
    """Parse N rows, given as N texts for each column of the contract."""
    columns: dict[str, list[Any]] = {}
    quirks: list[str | None] = []
    for column, texts in cells.items():
        if column in NUMBERS:
            values, forms = parse_numbers(texts)
            columns[column], columns[f"{column}_form"] = values, forms
            quirks += map(number_quirk, texts, forms)
        elif column in VOCABULARY:
            columns[column], odd = canonical_values(column, texts, config)
            quirks += odd
        else:
            columns[column] = list(texts)
    return Parsed(list(lines), columns, Counter(each for each in quirks if each))
