"""By column or line by line: two ways to read, one contract."""

import random

import numpy as np
import pytest

from tasks.core.extract.fast import scan
from tests.oracles.agreement import disagreements, fuzzed


@pytest.mark.parametrize("seed", range(16))
def test_both_ways_of_reading_agree_on_fuzzed_lines(seed: int) -> None:
    """Accepted rows, cells, faults, keys and counts are the same in every dialect, damage and all."""
    data, purpose = fuzzed(1_000, seed, random.Random(seed))  # noqa: S311

    assert disagreements(data, purpose) == []


def test_a_reader_that_rounds_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiled pass that reads a number differently in one bit is noticed."""
    exact = scan.scan

    def rounding(*args: object) -> scan.Scan:
        found = exact(*args)  # type: ignore[arg-type]
        with np.errstate(all="ignore"):  # cells that were not read are undefined
            found.numbers[:] = found.numbers.round(1)
        return found

    monkeypatch.setattr("tasks.core.extract.fast.accept.scan", rounding)
    data, purpose = fuzzed(200, 0, random.Random(0))  # noqa: S311

    assert "cells" in disagreements(data, purpose)
