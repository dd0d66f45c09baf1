"""`model.pt`: the fitted networks and their calibration in torch format, for parity and for study."""

import io

import torch

from tasks.core.errors import BundleError
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble, Mlp


def to_bytes(model: Ensemble, platt: Platt) -> bytes:
    """Write weights, dimensions and calibration; the same model gives the same bytes."""
    first, *_ = linears = model.members[0].linears
    buffer = io.BytesIO()
    torch.save(
        {
            "d_in": first.in_features,
            "hidden": [layer.out_features for layer in linears[:-1]],
            "members": [member.state_dict() for member in model.members],
            "slope": platt.slope,
            "intercept": platt.intercept,
        },
        buffer,
    )
    return buffer.getvalue()


def from_bytes(data: bytes) -> tuple[Ensemble, Platt]:
    """Read networks, ready to predict, and their calibration; no code in the file is executed.

    Raises:
        BundleError: The bytes are not a model this module wrote.
    """
    try:
        state = torch.load(io.BytesIO(data), weights_only=True)
        with torch.random.fork_rng(devices=[]):  # the initial weights are drawn, and thrown away
            members = [
                Mlp(d_in=state["d_in"], hidden=tuple(state["hidden"]), dropout=0.0) for _ in state["members"]
            ]
        for member, weights in zip(members, state["members"], strict=True):
            member.load_state_dict(weights)
        platt = Platt(slope=state["slope"], intercept=state["intercept"])
    except Exception:  # noqa: BLE001 torch raises half a dozen kinds for a damaged file
        raise BundleError(
            "model.pt is not a network written by this product. Train a new candidate."
        ) from None
    return Ensemble(members).eval(), platt
