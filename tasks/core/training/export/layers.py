"""The ensemble's weights as stacked arrays, and the activations of the reference customer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit
from torch import Tensor

from tasks.core.training.arrays import Floats
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble


@dataclass(frozen=True, kw_only=True)
class Activation:
    """A hidden layer's units for one customer, before and after SiLU: (M, d_block) each."""

    z: Floats
    a: Floats


@dataclass(frozen=True, kw_only=True)
class Layers:
    """M members of equal shape: calibrated logit = mean of the members' logits, scaled and shifted.

    Scale and mean are merged into the head, so that the logit is a single product.

    weights: One per hidden layer: (M, d_out, d_in), float32 values in float64.
    biases: One per hidden layer: (M, d_out).
    head: (M, d_block) weights of the last hidden layer in the calibrated logit.
    shift: The constant term of the calibrated logit.
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    head: Floats
    shift: float

    def activations(self, inputs: Floats) -> tuple[Activation, ...]:
        """Compute the units of every hidden layer for one customer's (F,) inputs, in float64."""
        found: list[Activation] = []
        x = np.broadcast_to(inputs, (len(self.head), len(inputs)))
        for weight, bias in zip(self.weights, self.biases, strict=True):
            z = np.einsum("moi,mi->mo", weight, x) + bias
            x = z * expit(z)
            found.append(Activation(z=z, a=x))
        return tuple(found)


def stack(model: Ensemble, platt: Platt) -> Layers:
    """Stack the members' layers and merge the calibration into the head."""
    *hidden, head = zip(*(member.linears for member in model.members), strict=True)
    return Layers(
        weights=tuple(_stack([linear.weight for linear in layer]) for layer in hidden),
        biases=tuple(_stack([linear.bias for linear in layer]) for layer in hidden),
        head=_stack([linear.weight[0] for linear in head]) * platt.slope / len(model.members),
        shift=float(_stack([linear.bias[0] for linear in head]).mean() * platt.slope + platt.intercept),
    )


def _stack(tensors: list[Tensor]) -> Floats:
    arrays: Any = [tensor.detach().numpy() for tensor in tensors]
    return np.stack(arrays).astype(np.float64)
