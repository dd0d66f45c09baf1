"""Mix customers column by column, and send some of them out of the domain, to train a student."""

from itertools import chain
from typing import Final

import torch
from torch import Tensor

from schemas.preprocessing import NumberEncoding, Spec

OF_REFERENCE: Final = 0.5
"""Share of mixtures with columns of the reference customer; the others' come from another customer."""
UNKNOWN: Final = 0.1
"""Share of mixtures with a category that was not seen in training: all of its inputs are 0."""
BEYOND: Final = 0.1
"""Share of mixtures with a number beyond the training range, up to five times as far."""
FARTHEST: Final = 4.0
"""Ranges beyond the highest number."""


class Mixtures:
    """Mixes encoded customers; random numbers come from torch's generator.

    A mixture is a coalition of the Shapley game: some of a customer's columns, and the others of another
    customer or of the reference customer. A student that agrees with its teacher on them gives the same
    reasons, not only the same probabilities. Source: docs/model.md, with the measured shares.
    """

    def __init__(self, customers: Tensor, spec: Spec) -> None:
        """Mix (N, F) customers."""
        self._customers = customers
        self._reference = torch.tensor(spec.reference)
        sizes = [len(encoding.feature_names) for encoding in spec.encodings]
        self._column = torch.tensor(list(chain.from_iterable([i] * size for i, size in enumerate(sizes))))
        numbers = [isinstance(encoding, NumberEncoding) for encoding in spec.encodings]
        self._numbers = torch.tensor([i for i, number in enumerate(numbers) if number])
        self._categories = torch.tensor([i for i, number in enumerate(numbers) if not number])
        highest, span = torch.zeros(len(sizes)), torch.zeros(len(sizes))
        standardised = torch.zeros(len(self._column), dtype=torch.bool)
        for i, encoding in enumerate(spec.encodings):
            if isinstance(encoding, NumberEncoding):
                highest[i] = (encoding.high - encoding.mean) / encoding.scale
                span[i] = (encoding.high - encoding.low) / encoding.scale
                standardised[sum(sizes[:i])] = True
        self._highest, self._span, self._standardised = highest, span, standardised

    def draw(self, rows: Tensor) -> Tensor:
        """Draw one mixture for each of (B,) customers: (B, F).

        The share of columns to replace is drawn for each.
        """
        count = len(rows)
        mates = self._customers[torch.randint(len(self._customers), (count,))]
        mates = torch.where(torch.rand(count, 1) < OF_REFERENCE, self._reference, mates)
        replaced = torch.rand(count, int(self._column[-1]) + 1) < torch.rand(count, 1)
        mixed = torch.where(replaced[:, self._column], mates, self._customers[rows])
        unknown = self._chosen(self._categories, count, UNKNOWN)
        mixed = torch.where(unknown, 0.0, mixed)
        beyond = self._chosen(self._numbers, count, BEYOND)
        distance = FARTHEST * torch.rand(count, 1) ** 2  # most are near
        far = self._highest[self._column] + distance * self._span[self._column]
        return torch.where(beyond, torch.where(self._standardised, far, 1.0), mixed)

    def _chosen(self, columns: Tensor, count: int, share: float) -> Tensor:
        """Choose one of the columns for a share of `count` mixtures: a mask of its inputs, (count, F)."""
        chosen = columns[torch.randint(len(columns), (count, 1))]
        return (torch.rand(count, 1) < share) & (self._column == chosen)
