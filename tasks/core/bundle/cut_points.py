"""Turn published probabilities into flags, deciles and risk bands."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.cut_points import DECILES, CutPoints


@dataclass(frozen=True)
class Cuts:
    """For (N,) customers: `flag` 0 or 1, `decile` 1 (highest risk) to 10, `band` as text."""

    flag: npt.NDArray[np.int64]
    decile: npt.NDArray[np.int64]
    band: npt.NDArray[np.str_]


def cut(probability: npt.NDArray[np.float64], points: CutPoints) -> Cuts:
    """Apply the cut points to (N,) probabilities as published, with six decimals."""
    return Cuts(
        flag=(probability >= points.threshold).astype(np.int64),
        decile=DECILES - (probability[:, np.newaxis] >= np.array(points.deciles)).sum(axis=1),
        band=np.select([probability >= points.high, probability >= points.medium], ["high", "medium"], "low"),
    )
