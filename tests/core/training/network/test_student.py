import torch
from torch import nn

from tasks.core.training.network.student import Student

REFERENCE = (0.25, -1.0, 0.5)


def student() -> Student:
    """Draw a student."""
    torch.manual_seed(0)
    return Student(REFERENCE).eval()


def test_every_unit_is_0_at_the_reference() -> None:
    """There, only the head's bias is left, so that a chord's slope is the gate of its unit."""
    model = student()
    seen: list[torch.Tensor] = []
    for layer in (model.first, model.second):
        layer.register_forward_hook(lambda _, __, output: seen.append(output))

    logit = model(torch.tensor([REFERENCE]))

    assert logit.item() == model.head.bias.item()
    assert all(not each.any() for each in seen)


def test_it_is_a_perceptron_of_two_layers() -> None:
    """A plain one with the reference's part as the biases of the first layer gives the same logits."""
    model = student()
    first = nn.Linear(3, 32)
    first.weight.data = model.first.weight
    first.bias.data = -model.first.weight @ torch.tensor(REFERENCE)
    plain = nn.Sequential(first, nn.SiLU(), model.second, nn.SiLU(), model.head)
    x = torch.randn(100, 3)

    assert model(x).shape == (100,)
    assert torch.allclose(model(x), plain(x)[:, 0], atol=1e-6)
    assert [tuple(each.shape) for each in model.weights] == [(32, 3), (16, 32), (1, 16)]
