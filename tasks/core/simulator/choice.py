"""One link of the causal chain: a category drawn from a multinomial logit of the links before it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tasks.core.simulator.parameters import Choice, Logits

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Features = dict[str, Numbers]
"""Values of shape (N,) by feature name, such as `Contract=One year` or `years`."""


class Tilt(NamedTuple):
    """A drift of a choice: a share of probability that moves to or from one value.

    A positive `moved` is the share of all other values' probability that moves to `value`; a negative
    one is the share of `value`'s own probability that moves to the others.
    """

    value: str
    moved: float


def linear(logits: Logits, features: Features, rows: int) -> Numbers:
    """Return the weighted sums of features, shape (N, V - 1)."""
    sums = np.zeros((rows, len(logits["base"])))
    for name, weights in logits.items():
        if name == "base":
            sums += weights
            continue
        first, *others = name.split(" & ")
        product = features[first]
        for other in others:
            product = product * features[other]
        for column, weight in enumerate(weights):
            sums[:, column] += weight * product
    return sums


def probabilities(choice: Choice, features: Features, rows: int, tilt: Tilt | None) -> Numbers:
    """Return every value's probability, shape (N, V), each row summing to 1."""
    odds = np.exp(linear(choice.logits, features, rows))
    shares = np.hstack([np.ones((rows, 1)), odds])
    shares /= shares.sum(axis=1, keepdims=True)
    if tilt is None:
        return shares
    target = choice.values.index(tilt.value)
    if tilt.moved >= 0:
        shares *= 1 - tilt.moved
        shares[:, target] += tilt.moved
        return shares
    kept = shares[:, target] * (1 + tilt.moved)
    others = 1 - shares[:, target]
    shares *= ((1 - kept) / others)[:, np.newaxis]
    shares[:, target] = kept
    return shares


def draw(shares: Numbers, uniform: Numbers) -> Codes:
    """Return each row's value as an index into the choice's values, by inverting one uniform number."""
    edges = np.cumsum(shares[:, :-1], axis=1)
    return np.asarray((uniform[:, np.newaxis] >= edges).sum(axis=1), dtype=np.int64)
