import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks.core.errors import ConfigError
from tasks.core.training.network.callbacks import EarlyStopping, ModelCheckpoint, identity_of


@pytest.mark.parametrize(
    ("losses", "best", "stops"),
    [
        ([0.5, 0.4, 0.3], [True, True, True], False),
        ([0.5, 0.6], [True, False], False),
        ([0.5, 0.6, 0.7], [True, False, False], True),
        # An equal loss is not better.
        ([0.5, 0.5, 0.5], [True, False, False], True),
        ([0.5, 0.6, 0.4, 0.6], [True, False, True, False], False),
    ],
)
def test_stops_after_patience_without_better(losses: list[float], best: list[bool], stops: bool) -> None:
    """With a patience of two, two epochs in a row without a lower loss end the training."""
    stopping = EarlyStopping(patience=2)
    seen = [stopping.update(epoch=i, loss=loss) for i, loss in enumerate(losses, start=1)]

    assert seen == best
    assert stopping.should_stop is stops
    assert stopping.best_loss == min(losses)
    assert losses[stopping.best_epoch - 1] == min(losses)


def test_state_carries_over() -> None:
    """Early stopping restored from its state continues as if uninterrupted."""
    first = EarlyStopping(patience=2)
    first.update(epoch=1, loss=0.5)
    first.update(epoch=2, loss=0.6)
    second = EarlyStopping(patience=2)
    second.load_state_dict(first.state_dict())
    second.update(epoch=3, loss=0.55)

    assert second.should_stop
    assert (second.best_loss, second.best_epoch) == (0.5, 1)


def test_no_loss_yet_is_infinitely_bad() -> None:
    """Before the first epoch any finite loss is an improvement."""
    assert EarlyStopping(patience=1).best_loss == math.inf


def test_best_is_kept_while_last_moves_on(tmp_path: Path) -> None:
    """`last.pt` holds the newest state, `best.pt` the best, and nothing half-written stays."""
    checkpoint = ModelCheckpoint(tmp_path / "checkpoints")
    checkpoint.save({"epoch": 1, "weights": torch.ones(2)}, is_best=True)
    checkpoint.save({"epoch": 2, "weights": torch.zeros(2)}, is_best=False)
    last = checkpoint.load_last()

    assert last is not None
    assert last["epoch"] == 2
    assert checkpoint.load_best()["epoch"] == 1
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["best.pt", "last.pt"]


def test_cleared_folder_has_no_state(tmp_path: Path) -> None:
    """A new training deletes the checkpoints of an earlier one."""
    checkpoint = ModelCheckpoint(tmp_path)
    checkpoint.save({"epoch": 1}, is_best=True)
    checkpoint.clear()

    assert checkpoint.load_last() is None
    with pytest.raises(ConfigError, match=r"'best\.pt'"):
        checkpoint.load_best()


def test_restore_puts_parts_and_generator_back(tmp_path: Path) -> None:
    """A run restored from its checkpoint has the same parts and draws the same numbers next."""
    checkpoint = ModelCheckpoint(tmp_path)
    stopping, restored = EarlyStopping(patience=2), EarlyStopping(patience=2)
    identity = identity_of("one run")
    assert checkpoint.restore(identity, {"stopping": restored}) is None

    stopping.update(epoch=1, loss=0.5)
    random = torch.get_rng_state()
    checkpoint.save(
        {"identity": identity, "stopping": stopping.state_dict(), "random": random, "epoch": 1}, is_best=True
    )
    drawn = torch.rand(3)
    state = checkpoint.restore(identity, {"stopping": restored})

    assert state is not None
    assert state["epoch"] == 1
    assert restored.state_dict() == stopping.state_dict()
    assert torch.equal(torch.rand(3), drawn)
    with pytest.raises(ConfigError):
        checkpoint.restore(identity_of("another"), {"stopping": restored})


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_damaged_checkpoint_is_the_operators_error(tmp_path: Path, content: bytes) -> None:
    """A truncated or foreign file gives one line with the next action, and runs no code."""
    checkpoint = ModelCheckpoint(tmp_path)
    checkpoint.last.write_bytes(content)

    with pytest.raises(ConfigError, match="Start the training again"):
        checkpoint.load_last()


class Malicious:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        """Touch the file when unpickled."""
        return Path.touch, (self.path,)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    """A checkpoint that carries code is refused without running it."""
    checkpoint = ModelCheckpoint(tmp_path)
    torch.save(Malicious(tmp_path / "made"), checkpoint.last)

    with pytest.raises(ConfigError):
        checkpoint.load_last()
    assert not (tmp_path / "made").exists()


def test_interrupted_write_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill in the middle of writing leaves the previous checkpoint whole."""
    checkpoint = ModelCheckpoint(tmp_path)
    checkpoint.save({"epoch": 1}, is_best=False)

    def die(_state: object, file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", die)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save({"epoch": 2}, is_best=False)

    assert checkpoint.load_last() == {"epoch": 1}
