"""`model.pt` and `teacher.pt`: networks and their calibration in torch format, for parity and for study."""

import io
from typing import Any

import torch

from tasks.core.errors import BundleError
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble, Mlp
from tasks.core.training.network.student import Student


def to_bytes(model: Student | Ensemble, platt: Platt) -> bytes:
    """Write weights, dimensions and calibration; the same model gives the same bytes."""
    buffer = io.BytesIO()
    state = _student(model) if isinstance(model, Student) else _ensemble(model)
    torch.save({**state, "slope": platt.slope, "intercept": platt.intercept}, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes) -> tuple[Student | Ensemble, Platt]:
    """Read a network, ready to predict, and its calibration; no code in the file is executed.

    Raises:
        BundleError: The bytes are not a model this module wrote.
    """
    try:
        state = torch.load(io.BytesIO(data), weights_only=True)
        with torch.random.fork_rng(devices=[]):  # the initial weights are drawn, and thrown away
            model = _read_student(state) if "student" in state else _read_ensemble(state)
        platt = Platt(slope=state["slope"], intercept=state["intercept"])
    except Exception:  # noqa: BLE001 torch raises half a dozen kinds for a damaged file
        raise BundleError(
            "the file is not a network written by this product. Train a new candidate."
        ) from None
    return model.eval(), platt


def _student(model: Student) -> dict[str, Any]:
    return {"student": model.state_dict()}


def _read_student(state: dict[str, Any]) -> Student:
    model = Student(tuple(state["student"]["reference"].tolist()))
    model.load_state_dict(state["student"])
    return model


def _ensemble(model: Ensemble) -> dict[str, Any]:
    first, *_ = linears = model.members[0].linears
    return {
        "d_in": first.in_features,
        "hidden": [layer.out_features for layer in linears[:-1]],
        "members": [member.state_dict() for member in model.members],
    }


def _read_ensemble(state: dict[str, Any]) -> Ensemble:
    members = [Mlp(d_in=state["d_in"], hidden=tuple(state["hidden"]), dropout=0.0) for _ in state["members"]]
    for member, weights in zip(members, state["members"], strict=True):
        member.load_state_dict(weights)
    return Ensemble(members)
