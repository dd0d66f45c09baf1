"""Recognise ids that are certainly undamaged by their bytes, in one compiled pass.

Whatever this pass is not certain of is judged by the contract itself (`schemas.customer_ids`), which the
tests compare with it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.core.arrow_text import Octets
from tasks.core.compiled import compiled
from tasks.core.extract.fast.scan import Flags
from tasks.core.extract.fast.spellings import Places

_OTHER, _DIGIT, _LETTER, _BETWEEN = range(4)
_LONGEST_PART: Final = 4
"""Letters or digits between two `-` or `/` of a date: no month or year has more."""
_SHORTEST_MONTH: Final = 3
_PLUS, _LOWER_A = ord("+"), ord("a")


def _classes() -> npt.NDArray[np.int8]:
    classes = np.full(256, _OTHER, dtype=np.int8)
    for kind, octets in (
        (_DIGIT, b"0123456789"),
        (_LETTER, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"),
        (_BETWEEN, b"-/"),
    ):
        classes[list(octets)] = kind
    return classes


_CLASSES: Final = _classes()


def are_plain(octets: Octets, bounds: Places) -> Flags:
    """Return which of N ids, given where in the (B,) octets each starts and ends, are certainly undamaged.

    Such an id has a digit, and nothing but ASCII letters, digits, `_`, `-` and `/` after an optional plus
    sign. So only a date could be mistaken for it: two parts with the name of a month, which is not in
    capitals then, or three parts with such a name or without letters; and no part is long.
    """
    plain = np.empty(len(bounds), dtype=np.bool_)
    _judge(octets, bounds, _CLASSES, plain)
    return plain


@compiled
def _judge(octets: Octets, bounds: Places, classes: npt.NDArray[np.int8], plain: Flags) -> None:
    for row in range(len(bounds)):
        start, end = np.uintp(bounds[row, 0]), np.uintp(bounds[row, 1])
        if start < end and octets[start] == _PLUS:
            start += np.uintp(1)
        known, digits, letters, lower, parts, longest, month = True, 0, 0, 0, 1, 0, False
        part, part_letters = 0, 0
        for i in range(start, end):
            octet = octets[i]
            kind = classes[octet]
            if kind == _OTHER:
                known = False
                break
            if kind == _BETWEEN:
                month |= part == part_letters and part >= _SHORTEST_MONTH
                parts, part, part_letters = parts + 1, 0, 0
                continue
            part += 1
            longest = max(longest, part)
            if kind == _DIGIT:
                digits += 1
            else:
                letters, part_letters = letters + 1, part_letters + 1
                lower += octet >= _LOWER_A
        month |= part == part_letters and part >= _SHORTEST_MONTH
        of_two = parts == 2 and month and lower > 0  # noqa: PLR2004
        of_three = parts == 3 and (month or letters == 0)  # noqa: PLR2004
        plain[row] = known and digits > 0 and not (longest <= _LONGEST_PART and (of_two or of_three))
