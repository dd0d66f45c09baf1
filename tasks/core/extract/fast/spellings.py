"""Known spellings of category values, in tables that a compiled scan looks them up in."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import WORD, Words

Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Spelled = tuple[int, int]
"""Code of a category value, and number of the quirk in its spelling, or 0."""

_GUESSES: Final = 64
_HASH_SHIFT: Final = 58
"""The first six bits of a hash choose one of 64 guesses."""
_MULTIPLIERS: Final = [int(each) for each in np.random.default_rng(0).integers(2**62, size=256) * 2 + 1]
"""Random odd numbers, tried one after another until no two spellings collide."""
LONGEST_GUESS: Final = 4 * WORD
"""Octets; longer spellings are found by comparing them one after another."""


@dataclass(frozen=True)
class Spellings:
    """S known spellings, those of category c from `firsts[c]` to `firsts[c + 1]`.

    octets, bounds: (B,) uint8 and (S, 2) int64: where in it each spelling starts and ends.
    codes, quirks: (S,) int8 each, see `Spelled`.
    words, masks: (S, 4) uint64: the spelling's octets, and which of them count.
    guesses: (K, 64, 2) int64: by a hash of a cell's start, the spelling to compare first and its length.
    hashes: (K, 3) uint64: which of these octets are hashed, as a mask, the multiplier, and how far to shift.
    known: the same as dictionaries.
    """

    known: list[dict[str, Spelled]]
    octets: Octets
    bounds: Places
    codes: Codes
    quirks: Codes
    firsts: Places
    words: Words
    masks: Words
    guesses: Places
    hashes: Words

    @classmethod
    def of(cls, known: list[dict[str, Spelled]], separator: str) -> "Spellings":
        """Build the tables from a dictionary of spellings for each category."""
        texts = [(value.encode(), *spelled) for values in known for value, spelled in values.items()]
        ends = np.cumsum([0, *(len(text) for text, *_ in texts)], dtype=np.int64)
        firsts = np.cumsum([0, *map(len, known)], dtype=np.int64)
        words = np.zeros((len(texts), LONGEST_GUESS), dtype=np.uint8)
        masks = np.zeros_like(words)
        for row, (text, *_) in enumerate(texts):
            short = text[:LONGEST_GUESS]
            words[row, : len(short)] = np.frombuffer(short, dtype=np.uint8)
            masks[row, : len(short)] = 255
        guessed = [
            _guesses([text for text, *_ in texts[first:last]], first, separator.encode())
            for first, last in pairwise(firsts.tolist())
        ]
        return cls(
            known=known,
            octets=np.frombuffer(b"".join(text for text, *_ in texts), dtype=np.uint8),
            bounds=np.ascontiguousarray(np.stack([ends[:-1], ends[1:]], axis=1)),
            codes=np.array([code for _, code, _ in texts], dtype=np.int8),
            quirks=np.array([quirk for *_, quirk in texts], dtype=np.int8),
            firsts=firsts,
            words=words.view("<u8"),
            masks=masks.view("<u8"),
            guesses=_with_lengths(np.array([guesses for guesses, *_ in guessed], dtype=np.int64), ends),
            hashes=np.array([hashed for _, *hashed in guessed], dtype=np.uint64).reshape(-1, 3),
        )


def _with_lengths(guesses: Places, ends: Places) -> Places:
    guesses = guesses.reshape(-1, _GUESSES)
    return np.stack([guesses, np.diff(ends)[guesses]], axis=2)


def _guesses(texts: list[bytes], first: int, separator: bytes) -> tuple[list[int], int, int, int]:
    """Hash a category's spellings, each with what may follow it, to as few collisions as possible.

    Returns:
        The 64 guesses, the mask of hashed octets, the multiplier and the shift. Only speed depends on them,
        since a guess is compared and a wrong one is followed by a search. Long spellings are no guess.
    """
    length = min((len(text) + 1 for text in texts), default=1)
    mask = 2 ** (8 * min(length, WORD)) - 1
    best: tuple[int, list[int], int] = (-1, [first] * _GUESSES, _MULTIPLIERS[0])
    for multiplier in _MULTIPLIERS:
        guesses: dict[int, int] = {}
        collisions = 0
        for place, text in enumerate(texts):
            if len(text) > LONGEST_GUESS:
                continue
            for after in (separator, b'"', b"\n", b"\r"):
                word = int.from_bytes((text + after)[:WORD].ljust(WORD, b"\0"), "little") & mask
                slot = word * multiplier % 2**64 >> _HASH_SHIFT
                collisions += guesses.setdefault(slot, place) != place
        if best[0] < 0 or collisions < best[0]:
            best = collisions, [first + guesses.get(slot, 0) for slot in range(_GUESSES)], multiplier
        if not collisions:
            break
    _, found, multiplier = best
    return found, mask, multiplier, _HASH_SHIFT
