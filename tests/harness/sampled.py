"""Which of many similar cases `make test` runs, and which only `make test-long` does."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """Mark all cases as long except for the first and each `every`-th after it; a tuple is several values."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=[pytest.mark.long] if i % every else []
        )
        for i, case in enumerate(cases)
    ]
