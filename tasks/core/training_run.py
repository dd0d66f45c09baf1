"""One training run: its folder below `runs/`, and what is needed to resume it after a kill."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from schemas.closed import Closed
from schemas.config import TrainConfig
from tasks.core.errors import ConfigError, accessing
from tasks.core.storage.atomic import FOLDER_MODE, make_folder, replace_file

ORDER: Final = "run.json"


class Order(Closed):
    """The content of `run.json`: what was requested."""

    extract: Path | None = Field(description="None for simulated customers.")
    config: TrainConfig
    search: int = Field(default=0, ge=0, description="Trials in the hyper-parameter search; 0 for no search.")


@dataclass(frozen=True)
class Run:
    """A training run's folder and order."""

    folder: Path
    order: Order
    resumed: bool

    @property
    def run_id(self) -> str:
        """Id of the run, as passed to `--resume`."""
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        """Folder for each network's `last.pt` and `best.pt`."""
        return self.folder / "checkpoints"

    @property
    def without_protected(self) -> Path:
        """Folder for checkpoints of the networks fitted without protected attributes."""
        return self.folder / "without_protected"

    def fold(self, number: int) -> Path:
        """Folder for checkpoints of the networks fitted in an outer fold, counted from 1."""
        return self.folder / "folds" / str(number)

    @property
    def search(self) -> Path:
        """Folder for the hyper-parameter study."""
        return self.folder / "search"

    @property
    def found(self) -> Path:
        """Configuration found by the search, as passed to `--config`."""
        return self.folder / "best_config.yaml"

    @property
    def tensorboard(self) -> Path:
        """Folder for TensorBoard's events."""
        return self.folder / "tensorboard"

    @property
    def staged(self) -> Path:
        """Folder for the candidate's files until they are sealed."""
        return self.folder / "staged"


def new_run(runs: Path, order: Order, *, now: datetime) -> Run:
    """Create a folder for a new run, named after its start time (UTC)."""
    stem = now.strftime("%Y%m%dT%H%M%S")
    make_folder(runs)
    number = 1
    while True:
        folder = runs / f"{stem}-{number}"
        try:
            folder.mkdir(mode=FOLDER_MODE)
            break
        except FileExistsError:  # another run started in the same second
            number += 1
    replace_file(folder / ORDER, f"{order.model_dump_json(indent=1)}\n".encode())
    return Run(folder, order, resumed=False)


def resume_run(runs: Path, run_id: str) -> Run:
    """Find an interrupted run.

    Raises:
        ConfigError: there is no such run.
        AccessError: it cannot be read.
    """
    folder = runs / run_id
    try:
        with accessing(folder / ORDER):
            order = Order.model_validate_json((folder / ORDER).read_bytes())
    except (OSError, ValidationError):
        known = sorted(path.name for path in runs.glob("*T*"))[-3:] if runs.is_dir() else []
        raise ConfigError(
            f"--resume {run_id}: there is no such run in '{runs}'; the latest are {known}."
            " Pass one of them, or start a new run."
        ) from None
    return Run(folder, order, resumed=True)
