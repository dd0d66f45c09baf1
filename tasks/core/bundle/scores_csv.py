"""Write scores.csv: one compiled pass assembles each row from a few small tables of text."""

import itertools
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.cut_points import CutPoints
from schemas.scores import SCORE_COLUMNS
from tasks.core.arrow_text import Octets, Offsets, quoted, text_buffers
from tasks.core.bundle.cut_points import cut
from tasks.core.compiled import compiled

HEADER: Final = (",".join(SCORE_COLUMNS) + "\n").encode()

_ONE: Final = 10**6
_NUMBER: Final = len(",0.000000")
_COMMA, _POINT, _ZERO = ord(","), ord("."), ord("0")


class ScoresCsv:
    """Writes one bundle's scores as UTF-8 with LF line endings, exactly as pandas would."""

    def __init__(self, points: CutPoints, reasons: tuple[str, ...], model_version: str) -> None:
        """Prepare the tables; `reasons` are the codes by index, where index -1 means no reason."""
        self._edges = np.unique([*points.deciles, points.threshold, points.high, points.medium])
        lowest = np.concatenate([[-1.0], self._edges])  # the lowest probability between two edges
        cuts = cut(lowest, points)
        codes = [*reasons, ""]
        texts = [
            [f",{f},{d},{b}," for f, d, b in zip(cuts.flag, cuts.decile, cuts.band, strict=True)],
            [",".join(each) + "," for each in itertools.product(codes, repeat=3)],
            [f"{inside},{model_version}\n" for inside in (0, 1)],
        ]
        encoded = [text.encode() for kind in texts for text in kind]
        lengths = [len(text) for text in encoded]
        self._octets = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        self._bounds = np.cumsum([0, *lengths])
        self._firsts = np.cumsum([0, *map(len, texts)])[:-1]
        kinds = zip(self._firsts, map(len, texts), strict=True)
        self._longest = _NUMBER + sum(max(lengths[first : first + count]) for first, count in kinds)
        self._codes = len(codes)

    def rows(
        self,
        ids: pa.Array,
        probability: npt.NDArray[np.float64],
        reasons: npt.NDArray[np.integer],
        in_domain: npt.NDArray[np.bool_],
    ) -> bytes:
        """Write (N,) ids, (N,) probabilities to six decimals, (N, 3) reason indices and (N,) flags."""
        names, ends = text_buffers(quoted(ids.cast(pa.string())))
        out = np.empty(len(names) + self._longest * len(probability), dtype=np.uint8)
        columns = probability, self._edges, reasons, self._codes, in_domain
        size = _write(names, ends, columns, self._octets, self._bounds, self._firsts, out)
        return out[:size].tobytes()


@compiled
def _write(
    ids: Octets,
    ends: Offsets,
    columns: tuple[Any, ...],
    octets: Octets,
    bounds: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.int64],
    out: Octets,
) -> int:
    """Write rows and return their length in bytes; text i is `octets[bounds[i] : bounds[i + 1]]`."""
    probabilities, edges, reasons, codes, in_domain = columns
    at = np.uintp(0)
    for row in range(len(probabilities)):
        at = _copy(ids, ends[row], ends[row + 1], out, at)
        number, rest = out[at : at + np.uintp(_NUMBER)], np.int64(np.rint(probabilities[row] * _ONE))
        for place in range(_NUMBER - 1, 2, -1):
            number[place] = _ZERO + rest % 10
            rest //= 10
        number[0], number[1], number[2] = _COMMA, _ZERO + rest, _POINT
        at += np.uintp(_NUMBER)
        cuts, triple = 0, 0
        for edge in edges:
            cuts += edge <= probabilities[row]
        for reason in reasons[row]:
            triple = triple * codes + (reason if reason >= 0 else codes - 1)
        for text in (firsts[0] + cuts, firsts[1] + triple, firsts[2] + in_domain[row]):
            at = _copy(octets, bounds[text], bounds[text + 1], out, at)
    return int(at)


@compiled
def _copy(octets: Octets, start: int, end: int, out: Octets, at: np.uintp) -> np.uintp:
    """Copy bytes; unsigned indices need no check for counting from the end, which is twice as fast."""
    for i in range(np.uintp(start), np.uintp(end)):
        out[at] = octets[i]
        at += np.uintp(1)
    return at
