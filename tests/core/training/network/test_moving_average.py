from copy import deepcopy

import pytest
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tasks.core.training.network.mlp import Mlp
from tasks.core.training.network.moving_average import MovingAverage

DECAY = 0.9


@pytest.fixture
def network() -> Mlp:
    """Draw a small network."""
    torch.manual_seed(0)
    return Mlp(d_in=5, hidden=(4, 3), dropout=0.5)


def _step(network: Mlp) -> None:
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight))


def _weights(network: torch.nn.Module) -> list[Tensor]:
    return [weight.detach().clone() for weight in network.parameters()]


def _same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_average_is_torchs_own_at_every_step(network: Mlp) -> None:
    """Bit by bit, including the first step, whose weights are copied."""
    theirs = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(DECAY))
    ours = MovingAverage(network, DECAY)

    for _ in range(5):
        _step(network)
        theirs.update_parameters(network)
        ours.update()

        assert _same(_weights(ours.model), _weights(theirs.module))


def test_a_restored_average_goes_on_as_if_nothing_had_happened(network: Mlp) -> None:
    """Interrupted after any step, before the first one too, it ends with the same weights."""
    whole = MovingAverage(network, DECAY)
    followed = deepcopy(network)
    parts = MovingAverage(followed, DECAY)

    for step in range(4):
        state = deepcopy(parts.state_dict())
        parts = MovingAverage(followed, DECAY)
        parts.load_state_dict(state)
        for each, average in ((network, whole), (followed, parts)):
            torch.manual_seed(step)
            _step(each)
            average.update()

        assert _same(_weights(parts.model), _weights(whole.model))


def test_the_network_that_is_followed_is_left_alone(network: Mlp) -> None:
    """The averaged weights are a copy: training continues on its own."""
    average = MovingAverage(network, DECAY)
    for _ in range(2):
        _step(network)
        before = _weights(network)
        average.update()

        assert _same(_weights(network), before)
    assert not _same(_weights(average.model), before)
