"""Write scores.csv: one compiled pass assembles each row from a few small tables of text."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.cut_points import CutPoints
from schemas.scores import SCORE_COLUMNS
from tasks.core.arrow_text import Octets
from tasks.core.bundle.cut_points import cut
from tasks.core.compiled import WORD, Words, compiled, words_of

HEADER: Final = (",".join(SCORE_COLUMNS) + "\n").encode()

_ONE: Final = 10**6
_NUMBER: Final = len(",0.000000")
_QUOTE, _COMMA, _POINT, _ZERO, _CR, _LF = map(ord, '",.0\r\n')
_SKIPPED: Final = 1_024
_WORD, _TO_WORDS = np.uintp(8), np.uintp(3)
"""Octets in a word, and the shift that divides by them."""


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
        self._lengths = np.array([len(text) for text in encoded], dtype=np.uint64)
        width = -(-max(map(len, encoded)) // WORD) * WORD
        padded = b"".join(text.ljust(width, b"\0") for text in encoded)
        self._words = np.frombuffer(padded, dtype="<u8").reshape(len(encoded), -1)
        self._firsts = np.cumsum([0, *map(len, texts)])[:-1]
        self._longest = _NUMBER + len(texts) * width
        self._codes = len(codes)

    def rows(
        self,
        octets: Octets,
        ids: npt.NDArray[np.int64],
        probability: npt.NDArray[np.float64],
        reasons: npt.NDArray[np.integer],
        in_domain: npt.NDArray[np.bool_],
    ) -> memoryview:
        """Write N customers, in UTF-8.

        Args:
            octets: (B,) uint8, UTF-8.
            ids: (N, 2), where in it each id starts and ends.
            probability: (N,), to six decimals.
            reasons: (N, 3) indices.
            in_domain: (N,).
        """
        of_ids = 2 * int((ids[:, 1] - ids[:, 0]).sum()) + 2 * len(ids)  # if each sign were a quote
        out = np.empty(of_ids + self._longest * len(ids) + 2 * WORD, dtype=np.uint8)
        size = _write(
            octets,
            ids,
            probability,
            self._edges,
            reasons,
            self._codes,
            in_domain,
            self._words,
            self._lengths,
            self._firsts,
            out,
            words_of(out),
        )
        return out[:size].data


@compiled
def _write(  # noqa: PLR0913, PLR0917
    octets: Octets,
    ids: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    reasons: npt.NDArray[np.integer],
    codes: int,
    in_domain: npt.NDArray[np.bool_],
    words: Words,
    lengths: Words,
    firsts: npt.NDArray[np.int64],
    out: Octets,
    out_words: Words,
) -> int:
    """Write rows and return their length in bytes; text i is the first `lengths[i]` octets of `words[i]`."""
    at = np.uintp(0)
    for row in range(len(probabilities)):
        at = _write_id(octets, np.uintp(ids[row, 0]), np.uintp(ids[row, 1]), out, at)
        number, rest = out[at : at + np.uintp(_NUMBER)], np.int64(np.rint(probabilities[row] * _ONE))
        for place in range(_NUMBER - 1, 2, -1):
            number[place] = _ZERO + rest % 10
            rest //= 10
        number[0], number[1], number[2] = _COMMA, _ZERO + rest, _POINT
        at += np.uintp(_NUMBER)
        cuts, triple = 0, 0
        for edge in edges:
            cuts += edge <= probabilities[row]
        for i in range(reasons.shape[1]):
            reason = reasons[row, i]
            triple = triple * codes + (reason if reason >= 0 else codes - 1)
        for text in (firsts[0] + cuts, firsts[1] + triple, firsts[2] + in_domain[row]):
            own = np.uintp(text)
            length = np.uintp(lengths[own])
            for i in range((length + _WORD - np.uintp(1)) >> _TO_WORDS):
                out_words[at + i * _WORD] = words[own, i]  # what is too much is overwritten
            at += length
    return int(at)


@compiled
def _write_id(octets: Octets, start: np.uintp, end: np.uintp, out: Octets, at: np.uintp) -> np.uintp:
    """Write an id as a CSV field: quoted if it contains a comma, a quote or a line break; return its end."""
    first, special = at, False
    for i in range(start, end):
        octet = octets[i]
        special |= octet == _COMMA or octet == _QUOTE or octet == _CR or octet == _LF  # noqa: PLR1714
        out[at] = octet
        at += np.uintp(1)
    if not special:
        return at
    out[first] = _QUOTE
    at = first + np.uintp(1)
    for i in range(start, end):
        if octets[i] == _QUOTE:
            out[at] = _QUOTE
            at += np.uintp(1)
        out[at] = octets[i]
        at += np.uintp(1)
    out[at] = _QUOTE
    return at + np.uintp(1)


def row_bounds(text: bytes, rows: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return where some of a text's rows begin and end; (N,) ascending `rows`, counted from 0.

    Raises:
        EOFError: the text ends before.
    """
    bounds = np.zeros((len(rows), 2), dtype=np.int64)
    if not _find_rows(np.frombuffer(text, dtype=np.uint8), rows, bounds):
        raise EOFError("scores.csv is shorter than what was written into it")
    return [(first, end) for first, end in bounds.tolist()]


@compiled
def _find_rows(octets: Octets, rows: npt.NDArray[np.int64], bounds: npt.NDArray[np.int64]) -> bool:
    """Skip line ends `_SKIPPED` octets at a time until the row is near, then one by one."""
    size, at, line = np.uintp(len(octets)), np.uintp(0), 0
    for i in range(len(rows)):
        while at + np.uintp(_SKIPPED) < size:
            ends = 0
            for j in range(np.uintp(_SKIPPED)):
                ends += octets[at + j] == _LF
            if line + ends >= rows[i]:
                break
            at, line = at + np.uintp(_SKIPPED), line + ends
        while line < rows[i] and at < size:
            line += octets[at] == _LF
            at += np.uintp(1)
        bounds[i, 0] = at
        while at < size and octets[at] != _LF:
            at += np.uintp(1)
        if at >= size:
            return False
        at, line = at + np.uintp(1), line + 1
        bounds[i, 1] = at
    return True
