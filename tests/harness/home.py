"""A CHURN_HOME of the tests, read through its files."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from tasks.core.bundle.bundle_files import Bundle
from tasks.core.bundle.registry import open_champion


@dataclass(frozen=True)
class Home:
    """A home folder."""

    path: Path

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

    def copy_to(self, path: Path) -> Self:
        """Copy everything to another folder."""
        shutil.copytree(self.path, path)
        return type(self)(path)
