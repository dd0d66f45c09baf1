"""An exponential moving average of a network's weights, which is what is evaluated and kept."""

from copy import deepcopy
from typing import Any

from torch.optim.swa_utils import get_ema_multi_avg_fn

from tasks.core.training.network.mlp import Mlp


class MovingAverage:
    """Follows a network; `model` has the averaged weights.

    Torch's `AveragedModel` does the same, and looks every weight up by name at every step: a tenth of
    the whole training.
    """

    def __init__(self, followed: Mlp, decay: float) -> None:
        """Start with the network's own weights."""
        self.model = deepcopy(followed)
        self._steps = 0
        self._followed, self._averaged = list(followed.parameters()), list(self.model.parameters())
        self._average = get_ema_multi_avg_fn(decay)

    def update(self) -> None:
        """Take in the weights after a step; the first ones are copied."""
        if self._steps == 0:
            for averaged, followed in zip(self._averaged, self._followed, strict=True):
                averaged.data.copy_(followed.data)
        else:
            self._average(self._averaged, self._followed, self._steps)
        self._steps += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the state for `load_state_dict`."""
        return {"model": self.model.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.model.load_state_dict(state["model"])
        self._steps = state["steps"]
