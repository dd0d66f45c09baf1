"""Shares of a group with their 95 % intervals."""

from math import sqrt
from statistics import NormalDist
from typing import Final

from schemas.campaign_files import ShareOf

_Z: Final = NormalDist().inv_cdf(0.975)


def share_of(count: int, of: int) -> ShareOf:
    """Return a share with its Wilson interval; of nobody there is none.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if not of:
        return ShareOf(count=count, of=of, share=None, low=None, high=None)
    share, z2 = count / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return ShareOf(count=count, of=of, share=share, low=max(0.0, middle - half), high=min(1.0, middle + half))
