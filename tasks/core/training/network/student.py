"""The student: one small perceptron that gives the teacher's logits and is exact to explain."""

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

HIDDEN = (32, 16)
"""Neurons of the hidden layers. Source: docs/model.md."""


class Student(nn.Module):
    """Map encoded customers to logits through two hidden layers without biases and a head with one.

    The inputs are taken less the reference customer's, so every unit is 0 at the reference. The slope of
    the chord from there to a customer, silu(z) / z, is then sigmoid(z), which the forward pass computes
    anyway: the explanation by DeepLIFT's rescale rule costs no quotient (export/student_graph.py).

    Shape:
        - Input: ``(N, d_in)`` float32,
        - Output: ``(N,)`` float32.
    """

    reference: Tensor

    def __init__(self, reference: tuple[float, ...]) -> None:
        """Draw initial weights from torch's generator.

        Args:
            reference: The reference customer's d_in encoded inputs.
        """
        super().__init__()
        first, second = HIDDEN
        self.register_buffer("reference", torch.tensor(reference))
        self.first = nn.Linear(len(reference), first, bias=False)
        self.second = nn.Linear(first, second, bias=False)
        self.head = nn.Linear(second, 1)

    @property
    def weights(self) -> tuple[nn.Parameter, ...]:
        """The weights of the three layers, from input to head: (d_out, d_in) each."""
        return self.first.weight, self.second.weight, self.head.weight

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits: (N, d_in) to (N,)."""
        logits: Tensor = self.head(silu(self.second(silu(self.first(x - self.reference)))))  # (N, 1)
        return logits.squeeze(-1)
