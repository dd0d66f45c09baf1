import numpy as np
import pytest

from tasks.core.simulator.choice import Tilt, draw, linear, probabilities
from tasks.core.simulator.parameters import Choice

CHOICE = Choice(
    values=("a", "b", "c"), logits={"base": (0.0, np.log(2)), "x": (1.0, 0.0), "x & y": (0.0, 3.0)}
)
FEATURES = {"x": np.array([0.0, 1.0, 1.0]), "y": np.array([1.0, 0.0, 1.0])}


def test_linear_multiplies_joined_features() -> None:
    """Weights count once a feature is there, and a joined feature only where all of its parts are."""
    sums = linear(CHOICE.logits, FEATURES, 3)

    assert sums == pytest.approx(np.array([[0, np.log(2)], [1, np.log(2)], [1, np.log(2) + 3]]))


def test_probabilities_are_a_multinomial_logit() -> None:
    """Without features the shares are the odds of the base, 1 to 1 to 2."""
    shares = probabilities(CHOICE, FEATURES, 3, None)

    assert shares[0] == pytest.approx([0.25, 0.25, 0.5])
    assert shares.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("moved", "expected"),
    [(0.5, [0.125, 0.125, 0.75]), (-0.5, [0.375, 0.375, 0.25]), (1.0, [0, 0, 1]), (-1.0, [0.5, 0.5, 0])],
)
def test_a_tilt_moves_probability(moved: float, expected: list[float]) -> None:
    """A tilt moves its share to the value, or from it to the others in proportion."""
    shares = probabilities(CHOICE, FEATURES, 3, Tilt("c", moved))

    assert shares[0] == pytest.approx(expected)


def test_draw_inverts_the_distribution() -> None:
    """A uniform number picks the value in whose stretch of 0 to 1 it lies."""
    shares = np.tile([0.25, 0.25, 0.5], (5, 1))

    assert draw(shares, np.array([0.0, 0.2499, 0.25, 0.5, 0.9999])).tolist() == [0, 0, 1, 2, 2]
