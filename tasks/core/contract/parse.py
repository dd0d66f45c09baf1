"""Parse the cells of a few rows, column by column, into what `schemas.extract` judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import pandas as pd

from schemas.columns import NUMBERS
from schemas.config import IngestConfig
from tasks.core.contract.number_cells import parse_numbers
from tasks.core.contract.vocabulary import VOCABULARY, canonical_values

_BLANK_WORDS: Final = {"TotalCharges": ("NA",)}
"""TotalCharges of customers not billed yet, as Windows tools write a missing number."""


@dataclass(frozen=True)
class Parsed:
    """Rows of the parsed frame of `schemas.extract`: `lines` are their index, `columns` their N values each.

    They are lists, since a frame of a few rows costs far more than what it holds.
    """

    lines: list[int]
    columns: dict[str, list[Any]]

    def only(self, kept: Sequence[bool]) -> "Parsed":
        """Take the rows that are kept, (N,)."""
        columns = {column: list(compress(values, kept)) for column, values in self.columns.items()}
        return Parsed(list(compress(self.lines, kept)), columns)

    def series(self, column: str) -> "pd.Series[Any]":
        """Give a column as pandas does: numbers as float64, anything else as text; counted from 0."""
        return typed(column, self.columns[column])

    def frame(self) -> pd.DataFrame:
        """Give the parsed frame."""
        return pd.DataFrame({column: self.series(column) for column in self.columns}).set_axis(self.lines)


def typed(column: str, values: Sequence[Any]) -> "pd.Series[Any]":
    """Make a column of the parsed frame, (N,), counted from 0."""
    return pd.Series(values, dtype="float64" if column in NUMBERS else "str", name=column)


def parse_cells(lines: Sequence[int], cells: Mapping[str, Sequence[str]], config: IngestConfig) -> Parsed:
    """Parse N rows given as the contract's columns, each N texts."""
    columns: dict[str, list[Any]] = {}
    for column, sent in cells.items():
        if column in NUMBERS:
            values, forms = parse_numbers(sent, blank_words=_BLANK_WORDS.get(column, ()))
            columns[column], columns[f"{column}_form"] = values, forms
        elif column in VOCABULARY:
            columns[column] = canonical_values(column, sent, config)
        else:
            columns[column] = list(sent)
    return Parsed(list(lines), columns)
