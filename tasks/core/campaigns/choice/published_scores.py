"""Read scores.csv in batches, as arrays in the order of the extract."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from schemas.columns import ID
from schemas.scores import REASON_CODES, REASONS
from tasks.core.arrow_text import Octets, text_buffers

BANDS: Final = ("high", "medium", "low")

_BATCH_BYTES: Final = 2**20
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())
_TYPES: Final = {
    ID: pa.string(),
    "churn_probability": pa.float64(),
    "decile": pa.int8(),
    "risk_band": _WORDS,
    **dict.fromkeys(REASONS, _WORDS),
    "in_domain": pa.int8(),
}


@dataclass(frozen=True)
class PublishedRows:
    """N rows of scores.csv.

    octets, ids: UTF-8 as (B,) uint8, and (N, 2) int64: where in it each id starts and ends.
    probability: (N,) float64.
    decile, in_domain: (N,) int8.
    band: (N,) int8, positions in `BANDS`.
    reasons: (N, 3) int8, positions in `REASON_CODES`.
    """

    octets: Octets
    ids: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    decile: npt.NDArray[np.int8]
    band: npt.NDArray[np.int8]
    reasons: npt.NDArray[np.int8]
    in_domain: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """Return N."""
        return len(self.ids)

    def where(self, rows: slice | npt.NDArray[np.bool_]) -> "PublishedRows":
        """Return neighbouring rows, or those for which an (N,) mask is true."""
        return PublishedRows(
            self.octets,
            self.ids[rows],
            self.probability[rows],
            self.decile[rows],
            self.band[rows],
            self.reasons[rows],
            self.in_domain[rows],
        )


def read_scores(path: Path) -> Iterator[PublishedRows]:
    """Yield the rows of a scores.csv that is as it was sealed, with constant memory."""
    with pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(block_size=_BATCH_BYTES),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=_TYPES, include_columns=list(_TYPES), strings_can_be_null=False
        ),
    ) as reader:
        for batch in reader:
            if batch.num_rows:
                yield _rows(batch)


def _rows(batch: pa.RecordBatch) -> PublishedRows:
    octets, starts = text_buffers(batch.column(ID))
    return PublishedRows(
        octets.copy(),
        np.stack([starts[:-1], starts[1:]], axis=1),
        batch.column("churn_probability").to_numpy(),
        batch.column("decile").to_numpy(),
        _codes(batch.column("risk_band"), BANDS),
        np.stack([_codes(batch.column(name), REASON_CODES) for name in REASONS], axis=1),
        batch.column("in_domain").to_numpy(),
    )


def _codes(words: pa.DictionaryArray, known: tuple[str, ...]) -> npt.NDArray[np.int8]:
    positions = np.array([known.index(word) for word in words.dictionary.to_pylist()] or [0], dtype=np.int8)
    codes: npt.NDArray[np.int8] = positions[words.indices.to_numpy()]
    return codes
