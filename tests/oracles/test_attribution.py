import itertools
import math

import numpy as np
import pytest
import torch

from schemas.config import EncodingConfig
from tasks.core.bundle.encoder import encode
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble, Mlp, predict_logits
from tests.harness.customers import make_customers
from tests.oracles.attribution import overlap, rescale, shapley, top_columns

CUSTOMERS = make_customers(300)
SPEC = fit_spec(CUSTOMERS, EncodingConfig(bins=2))
SMALL = SPEC.model_copy(update={"categories": SPEC.categories[:2]})
PLATT = Platt(slope=1.5, intercept=0.3)


def test_shapley_values_are_means_over_orders_of_arrival() -> None:
    """For five columns they are what 120 orders of arrival give, one by one."""
    torch.manual_seed(0)
    f = len(SMALL.feature_names)
    model = Ensemble([Mlp(d_in=f, hidden=(6, 4), dropout=0.5) for _ in range(2)]).eval()
    row = encode(CUSTOMERS, SMALL)[7]
    edges = np.cumsum([0, *(len(each.feature_names) for each in SMALL.encodings)])
    expected = np.zeros(5)
    for order in itertools.permutations(range(5)):
        x = np.array(SMALL.reference, dtype=np.float32)
        steps = [x.copy()]
        for column in order:
            x[edges[column] : edges[column + 1]] = row[edges[column] : edges[column + 1]]
            steps.append(x.copy())
        logits = PLATT.slope * predict_logits(model, torch.tensor(np.stack(steps))).numpy()
        expected[list(order)] += np.diff(logits) / math.factorial(5)

    assert shapley(model, PLATT, SMALL, row) == pytest.approx(expected, abs=1e-6)


def test_on_a_linear_network_the_rule_is_exact() -> None:
    """Where SiLU is as good as linear, the rule, Shapley's values and weight times change are one."""
    f = len(SMALL.feature_names)
    member = Mlp(d_in=f, hidden=(4, 3), dropout=0.5)
    with torch.no_grad():
        for linear in member.linears[:-1]:
            linear.bias.fill_(60)
    rows = encode(CUSTOMERS, SMALL)[:3]
    found = rescale(Ensemble([member]).eval(), PLATT, SMALL, rows)

    exact = [shapley(Ensemble([member]).eval(), PLATT, SMALL, row) for row in rows]
    assert found == pytest.approx(np.stack(exact), abs=2e-4)


@pytest.mark.parametrize(
    ("found", "truth", "share"),
    [
        (["a", "b", "c"], ["c", "b", "a"], 1.0),
        (["a", "b", "c"], ["a", "b"], 2 / 3),
        (["a"], [], 0.0),
        ([], [], 1.0),
    ],
)
def test_overlap_is_of_the_longer_list(found: list[str], truth: list[str], share: float) -> None:
    """The order does not count, a missing column does."""
    assert overlap(found, truth) == pytest.approx(share)


def test_top_columns_raise_the_risk_and_are_not_protected() -> None:
    """At most three, largest first."""
    columns = ["tenure", "gender", "Contract", "Partner", "Dependents"]
    contributions = np.array([[0.1, 9.0, 0.3, -1.0, 0.2], [0.0, 1.0, -0.1, 0.5, -2.0]])

    assert top_columns(contributions, columns) == [["Contract", "Dependents", "tenure"], ["Partner"]]
