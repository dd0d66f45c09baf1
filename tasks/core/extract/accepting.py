"""Accept rows column by column, by the very checks of the pandera contract; never refuse one.

A check of a category column is asked once for every distinct value, a check of a number column and
a rule across columns once for a whole block. A row that is not accepted here is not bad yet: it is
read and judged line by line, with its exact reasons, by `lines` and `contract`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandera.pandas import DataFrameSchema

from schemas.columns import ID
from schemas.config import IngestConfig
from tasks.core.extract.contract import keeps
from tasks.core.extract.folding import VOCABULARY, canonical_values
from tasks.core.extract.plain_numbers import PLAIN_FORMS, parse_plain_numbers
from tasks.core.text import text_buffers

_MOST_SPELLINGS: Final = 1_000
"""Accepted spellings that are remembered a column; strangers are judged anew every time."""


def column_type(column: str) -> pa.DataType:
    """Say how the text of a contract column is best parsed."""
    return pa.dictionary(pa.int32(), pa.string()) if column in VOCABULARY else pa.string()


@dataclass
class Acceptor:
    """Accepts rows by a contract; one may serve several threads."""

    schema: DataFrameSchema
    config: IngestConfig
    _codes: dict[str, dict[str, int]] = field(default_factory=dict)

    def accept(self, cells: Mapping[str, pa.Array]) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        """Parse (N,) cells of every column of the contract; tell which rows surely keep it.

        Returns:
            The parsed frame of `schemas.extract`, categories and forms as pandas categoricals,
            and (N,) bool. Cells of rows that are not accepted mean nothing.
        """
        parsed: dict[str, Any] = {}
        rows = len(cells[ID])
        sure = np.ones(rows, dtype=np.bool_)
        for column, values in cells.items():
            if column == ID:
                parsed[column] = pa.chunked_array([values]).to_pandas()
                sure &= self._sure_ids(values)
            elif column in VOCABULARY:
                codes = self._category_codes(column, values)
                sure &= codes >= 0
                parsed[column] = pd.Categorical.from_codes(codes, dtype=CATEGORY_TYPES[column])
            else:
                numbers = parse_plain_numbers(values)
                parsed[column] = numbers.value
                parsed[f"{column}_form"] = pd.Categorical.from_codes(numbers.form, dtype=_FORM_TYPE)
                sure &= self._sure_forms(column)[numbers.form]
                sure &= self._keeps(column, pd.Series(numbers.value))
        frame = pd.DataFrame(parsed)
        for check in self.schema.checks:
            sure &= keeps(check, frame)
        return frame, sure

    def _category_codes(self, column: str, values: pa.DictionaryArray) -> npt.NDArray[np.int8]:
        """Give each cell's position in the contract's vocabulary: (N,), -1 where it breaks a check."""
        known = self._codes.setdefault(column, {})
        distinct = values.dictionary.to_pylist()
        strangers = [value for value in distinct if value not in known]
        if strangers:
            canonical = canonical_values(pd.Series(strangers, dtype="str", name=column), self.config)
            codes = CATEGORY_TYPES[column].categories.get_indexer(pd.Index(canonical))
            found = dict(
                zip(strangers, np.where(self._keeps(column, canonical), codes, -1).tolist(), strict=True)
            )
            if len(known) < _MOST_SPELLINGS:
                known |= {value: code for value, code in found.items() if code >= 0}
        else:
            found = {}
        lookup = np.array([known.get(value, found.get(value, -1)) for value in distinct], dtype=np.int8)
        return np.asarray(lookup[values.indices.to_numpy()], dtype=np.int8)

    def _sure_ids(self, ids: pa.StringArray) -> npt.NDArray[np.bool_]:
        """Ask the id's checks about first characters: what an ASCII one keeps, the whole id keeps.

        That holds for checks of what a text contains, and for no others.
        """
        for check in self.schema.columns[ID].checks:
            if check.name != "str_contains":
                raise AssertionError(f"the id's check {check.name} cannot be asked about first characters")
        octets, offsets = text_buffers(ids)
        characters = pd.Series([chr(octet) for octet in range(128)], dtype="str")
        keeps = np.zeros(257, dtype=np.bool_)
        keeps[:128] = self._keeps(ID, characters)
        first = np.append(octets, np.uint8(0)).astype(np.int64)[offsets[:-1]]
        first[np.diff(offsets) == 0] = 256
        return keeps[first]

    def _sure_forms(self, column: str) -> npt.NDArray[np.bool_]:
        """Tell which codes of `PLAIN_FORMS` a number column may have; the last, of -1, is none."""
        return np.append(self._keeps(f"{column}_form", pd.Series(PLAIN_FORMS, dtype="str")), [False])

    def _keeps(self, column: str, values: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
        """Ask all of a column's own checks: (N,) bool."""
        kept = np.ones(len(values), dtype=np.bool_)
        for check in self.schema.columns[column].checks:
            kept &= keeps(check, values)
        return kept


CATEGORY_TYPES: Final = {column: pd.CategoricalDtype(list(values)) for column, values in VOCABULARY.items()}
_FORM_TYPE: Final = pd.CategoricalDtype(list(PLAIN_FORMS))
