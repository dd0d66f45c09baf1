"""A CHURN_HOME of the tests, with what happens in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from prefect.client.schemas.objects import State

from flows.present import present
from flows.promote_flow import promote
from flows.score_flow import score
from flows.train_flow import train
from schemas.config import ScoreConfig, TrainConfig
from tasks.core.bundle import Bundle
from tasks.core.registry import open_champion
from tasks.core.training import baseline
from tests.harness.unorchestrated import unorchestrated

QUICK = TrainConfig.model_validate(
    {
        "fit": {"max_epochs": 3, "hidden": [8, 4], "members": 2},
        "evaluation": {"bootstrap_resamples": 100},
        "gate": {"min_roc_auc": 0.5, "min_f1": 0.2, "switched_off": ["baseline"]},
    }
)
"""Learns in a second; poor, but good enough for its own lenient gate."""


@contextmanager
def _plain() -> Iterator[None]:
    with (
        patch("tasks.core.training.report.plots._svg", return_value="<svg></svg>"),
        patch.multiple(baseline, _TREE_DEPTHS=(10,), _TREE_LEAVES=(10,)),
    ):
        yield


@dataclass(frozen=True)
class Home:
    """A home folder; the flows run in it without the orchestrator."""

    path: Path

    def train(
        self, extract: Path | None, config: TrainConfig = QUICK, *, draw: bool = False, **options: Any
    ) -> State[Any]:
        """Run the train flow's body; plots are drawn, and many trees fitted, only where it is looked at."""
        with unorchestrated(), nullcontext() if draw else _plain():
            return train.fn(extract, config, **options)

    def score(self, extract: Path | None = None, **options: Any) -> State[Any]:
        """Run the score flow's body; without a configuration it waits for no extract to settle."""
        with unorchestrated():
            return score.fn(extract, **({"config": ScoreConfig(settle_seconds=0)} | options))

    def promote(self, **options: Any) -> State[Any]:
        """Run the promote flow's body."""
        with unorchestrated():
            return promote.fn(**options)

    def present(self, **options: Any) -> State[Any]:
        """Run the present flow's body."""
        with unorchestrated():
            return present.fn(**options)

    @property
    def registry(self) -> Path:
        """Bundles, pointer and history."""
        return self.path / "registry"

    @property
    def champion(self) -> Bundle | None:
        """The verified champion."""
        return open_champion(self.registry)

    def published(self) -> list[Path]:
        """List the published folders of scores."""
        return sorted(path for path in (self.path / "scores").glob("[!.]*") if path.is_dir())

    def scores(self) -> pd.DataFrame:
        """Read the only published scores, as text."""
        (folder,) = self.published()
        return pd.read_csv(folder / "scores.csv", dtype="str", keep_default_na=False)

    def copy_to(self, path: Path) -> "Home":
        """Copy everything to another folder."""
        shutil.copytree(self.path, path)
        return Home(path)
