"""The network: multilayer perceptrons on the encoded inputs, with averaged logits."""

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn


class Mlp(nn.Module):
    """Map encoded customers to logits of churn through `n_blocks` hidden blocks.

    A block is Linear, SiLU, Dropout; the head is one Linear.

    Shape:
        - Input: ``(N, d_in)`` float32,
        - Output: ``(N,)`` float32.

    Source: docs/model.md; SiLU of Elfwing et al. 2017, "Sigmoid-Weighted Linear Units".
    """

    def __init__(self, *, d_in: int, hidden: tuple[int, ...], dropout: float) -> None:
        """Draw initial weights from torch's generator.

        Args:
            d_in: Number of inputs, F.
            hidden: Neurons of each block, d_block; its length is n_blocks.
            dropout: Share of a block's activations dropped in training.
        """
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(d_previous, d_block), nn.SiLU(), nn.Dropout(dropout))
                for d_previous, d_block in pairwise((d_in, *hidden))
            )
        )
        self.head = nn.Linear(hidden[-1], 1)

    @property
    def linears(self) -> tuple[nn.Linear, ...]:
        """The linear layers from input to head."""
        return tuple(module for module in self.modules() if isinstance(module, nn.Linear))

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits: (N, d_in) to (N,)."""
        logits: Tensor = self.head(self.blocks(x))  # (N, 1)
        return logits.squeeze(-1)


class Ensemble(nn.Module):
    """Average the logits of one or more perceptrons of equal dimensions.

    Shape:
        - Input: ``(N, d_in)`` float32,
        - Output: ``(N,)`` float32.

    Source: Breiman 1996, "Bagging Predictors", where the members are trained on different customers.
    """

    def __init__(self, members: Iterable[Mlp]) -> None:
        """Use the members as they are.

        Args:
            members: At least one.
        """
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits: (N, d_in) to (N,)."""
        return torch.stack([member(x) for member in self.members]).mean(dim=0)


def count_parameters(model: nn.Module) -> int:
    """Count weights and biases."""
    return sum(each.numel() for each in model.parameters())


def predict_logits(model: nn.Module, matrix: Tensor) -> Tensor:
    """Compute logits without dropout and without gradients: (N, d_in) to (N,), float32."""
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        logits: Tensor = model(matrix)
    model.train(was_training)
    return logits
