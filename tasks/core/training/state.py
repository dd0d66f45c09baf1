"""`model.pt`: the fitted network and its calibration as torch keeps them, for parity and for study."""

import io

import torch

from tasks.core.errors import BundleError
from tasks.core.training.calibration import Platt
from tasks.core.training.model import Mlp


def to_bytes(model: Mlp, platt: Platt) -> bytes:
    """Write weights, dimensions and calibration; the same model is the same bytes."""
    first, *_ = linears = model.linears
    buffer = io.BytesIO()
    torch.save(
        {
            "d_in": first.in_features,
            "hidden": [layer.out_features for layer in linears[:-1]],
            "weights": model.state_dict(),
            "slope": platt.slope,
            "intercept": platt.intercept,
        },
        buffer,
    )
    return buffer.getvalue()


def from_bytes(data: bytes) -> tuple[Mlp, Platt]:
    """Read a network, in evaluation mode and without dropout, and its calibration; runs no code of the file.

    Raises:
        BundleError: The bytes are not a model this module wrote.
    """
    try:
        state = torch.load(io.BytesIO(data), weights_only=True)
        with torch.random.fork_rng(devices=[]):  # the initial weights are drawn, and thrown away
            model = Mlp(d_in=state["d_in"], hidden=tuple(state["hidden"]), dropout=0.0)
        model.load_state_dict(state["weights"])
        platt = Platt(slope=state["slope"], intercept=state["intercept"])
    except Exception:  # noqa: BLE001 torch raises half a dozen kinds for a damaged file
        raise BundleError(
            "model.pt: it must be a network written by a training of this product; got something else. "
            "Train a new candidate."
        ) from None
    return model.eval(), platt
