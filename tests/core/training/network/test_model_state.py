from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.core.errors import BundleError
from tasks.core.training.network.calibration import Platt, calibrated_probability
from tasks.core.training.network.mlp import Ensemble
from tasks.core.training.network.model_state import from_bytes, to_bytes
from tasks.core.training.network.student import Student

PLATT = Platt(slope=0.1 + 0.2, intercept=-0.5)


@pytest.mark.parametrize("kind", ["ensemble", "student"])
def test_round_trip_is_exact(kind: str, ensemble: Ensemble, encoded: Any) -> None:
    """A model read back gives the same probabilities and the same bytes."""
    written = ensemble if kind == "ensemble" else Student(encoded.spec.reference).eval()
    random = torch.get_rng_state()
    model, platt = from_bytes(to_bytes(written, PLATT))
    expected = calibrated_probability(written, PLATT, encoded.x_holdout)

    assert type(model) is type(written)
    assert np.array_equal(calibrated_probability(model, platt, encoded.x_holdout), expected)
    assert to_bytes(model, platt) == to_bytes(written, PLATT)
    assert not model.training
    assert torch.equal(torch.get_rng_state(), random)


class Malicious:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        """Touch the file when unpickled."""
        return Path.touch, (self.path,)


def test_code_in_a_model_is_not_run(tmp_path: Path) -> None:
    """A file that carries code is refused without running it."""
    torch.save(Malicious(tmp_path / "made"), tmp_path / "model.pt")

    with pytest.raises(BundleError):
        from_bytes((tmp_path / "model.pt").read_bytes())
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("cut", [0, 10, 1_000])
def test_damaged_model_is_the_bundles_fault(ensemble: Ensemble, cut: int) -> None:
    """A truncated file gives one line with the next action."""
    with pytest.raises(BundleError, match="Train a new candidate"):
        from_bytes(to_bytes(ensemble, PLATT)[:cut])
