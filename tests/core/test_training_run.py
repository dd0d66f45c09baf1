from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.config import TrainConfig
from tasks.core.errors import ConfigError
from tasks.core.training_run import Order, new_run, resume_run

NOW = datetime(2026, 1, 1, 4, tzinfo=UTC)


def test_a_run_can_be_found_again(tmp_path: Path) -> None:
    """A run's id finds its settings; runs of the same second get different ids."""
    order = Order(extract=Path("/inbox/a.csv"), config=TrainConfig())
    first, second = (new_run(tmp_path, order, now=NOW) for _ in range(2))

    assert [first.run_id, second.run_id] == ["20260101T040000-1", "20260101T040000-2"]
    assert resume_run(tmp_path, first.run_id).order == order
    assert resume_run(tmp_path, first.run_id).resumed


@pytest.mark.parametrize("run_id", ["nothing", "", "../elsewhere"])
def test_an_unknown_run(tmp_path: Path, run_id: str) -> None:
    """An unknown id is refused, naming the latest runs."""
    new_run(tmp_path, Order(extract=None, config=TrainConfig()), now=NOW)

    with pytest.raises(ConfigError, match="20260101T040000-1"):
        resume_run(tmp_path, run_id)
