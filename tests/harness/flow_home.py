"""A CHURN_HOME and the bodies of the flows, run here without Prefect.

`python -m tests.harness.flow_home HOME EXTRACT` trains one in a separate process, for tests that never
import a flow.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prefect.client.schemas.objects import State

from flows.present import present
from flows.promote_flow import promote
from flows.score_flow import score
from flows.train_flow import train
from schemas.config import ScoreConfig, TrainConfig
from tasks.core.training.evaluation import baselines
from tests.harness.home import Home

QUICK = TrainConfig.model_validate(
    {
        "fit": {"max_epochs": 3, "hidden": [8, 4], "members": 2, "student": "none"},
        "evaluation": {"bootstrap_resamples": 100, "folds": 0},
        "gate": {"min_roc_auc": 0.5, "min_f1": 0.2, "switched_off": ["baseline"]},
    }
)
"""Learns in a second; poor, but good enough for its own lenient gate."""

DEFAULT = "--default"


@contextmanager
def _plain() -> Iterator[None]:
    with (
        patch("tasks.core.report.plots._svg", return_value="<svg></svg>"),
        patch.multiple(baselines, _TREE_DEPTHS=(10,), _TREE_LEAVES=(10,)),
    ):
        yield


class FlowHome(Home):
    """A home folder; CHURN_HOME must point to it."""

    def train(
        self, extract: Path | None, config: TrainConfig = QUICK, *, draw: bool = False, **options: Any
    ) -> State[Any]:
        """Run the train flow's body; plots are drawn, and many trees fitted, only if a test needs them."""
        with nullcontext() if draw else _plain():
            return train.fn(extract, config, **options)

    def score(self, extract: Path | None = None, **options: Any) -> State[Any]:
        """Run the score flow's body; without a configuration it waits for no extract to settle."""
        return score.fn(extract, **({"config": ScoreConfig(settle_seconds=0)} | options))

    def promote(self, **options: Any) -> State[Any]:
        """Run the promote flow's body."""
        return promote.fn(**options)

    def present(self, **options: Any) -> State[Any]:
        """Run the present flow's body."""
        return present.fn(**options)


def main() -> None:
    """Train a home on an extract: quickly, or with default settings (no folds) if `--default` is given."""
    home, extract, *default = sys.argv[1:]
    os.environ["CHURN_HOME"] = home
    is_default = default == [DEFAULT]
    config = TrainConfig.model_validate({"evaluation": {"folds": 0}}) if is_default else QUICK
    assert FlowHome(Path(home)).train(Path(extract), config, draw=is_default).name == "Completed"


if __name__ == "__main__":
    main()
