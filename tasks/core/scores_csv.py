"""Write scores.csv: the text of a row is put together from a few small tables."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.cut_points import CutPoints
from schemas.scores import SCORE_COLUMNS
from tasks.core.cutting import cut
from tasks.core.text import quoted, text_buffers

HEADER: Final = (",".join(SCORE_COLUMNS) + "\n").encode()

_THOUSAND: Final = 1_000


class ScoresCsv:
    """Writes the rows of one bundle's scores as UTF-8 with LF line ends, as pandas would."""

    def __init__(self, points: CutPoints, reasons: tuple[str, ...], model_version: str) -> None:
        """Prepare the texts; `reasons` are the codes that a reason's number stands for, -1 for none."""
        self._whole = pa.array([f",{i // _THOUSAND}.{i % _THOUSAND:03d}" for i in range(_THOUSAND + 1)])
        self._rest = pa.array([f"{i:03d}" for i in range(_THOUSAND)])
        self._edges = np.unique([*points.deciles, points.threshold, points.high, points.medium])
        lowest = np.concatenate([[-1.0], self._edges])  # of the probabilities between two edges
        cuts = cut(lowest, points)
        self._cuts = pa.array(
            [f",{f},{d},{b}," for f, d, b in zip(cuts.flag, cuts.decile, cuts.band, strict=True)]
        )
        codes = [*reasons, ""]
        self._reasons = pa.array([",".join(each) + "," for each in itertools.product(codes, repeat=3)])
        self._codes = len(codes)
        self._ends = pa.array([f"{inside},{model_version}\n" for inside in (0, 1)])

    def rows(
        self,
        ids: pa.Array,
        probability: npt.NDArray[np.float64],
        reasons: npt.NDArray[np.integer],
        in_domain: npt.NDArray[np.bool_],
    ) -> bytes:
        """Write (N,) ids, probabilities of six decimals, (N, 3) numbers of reasons and (N,) bool."""
        millionths = np.rint(probability * _THOUSAND**2).astype(np.int32)
        which = reasons % self._codes  # -1 is the last one, which is empty
        triple = (which[:, 0] * self._codes + which[:, 1]) * self._codes + which[:, 2]
        rows = pc.binary_join_element_wise(
            quoted(ids.cast(pa.string())),
            self._whole.take(pa.array(millionths // _THOUSAND)),
            self._rest.take(pa.array(millionths % _THOUSAND)),
            self._cuts.take(pa.array(np.searchsorted(self._edges, probability, side="right"))),
            self._reasons.take(pa.array(triple)),
            self._ends.take(pa.array(in_domain.astype(np.int8))),
            "",
        )
        octets, _ = text_buffers(rows)
        return octets.tobytes()
