from typing import Any

import numpy as np
import pytest
import torch

from schemas.columns import PROTECTED
from tasks.core.bundle.onnx_model import Model
from tasks.core.training.export.graph import export
from tasks.core.training.network.calibration import Platt
from tasks.core.training.network.mlp import Ensemble, Mlp, predict_logits
from tests.oracles.attribution import overlap, rescale, shapley, top_columns

PLATT = Platt(slope=0.9, intercept=-0.5)


@pytest.fixture(scope="module", params=["fitted", "one", "deep"])
def network(request: pytest.FixtureRequest, ensemble: Ensemble, encoded: Any) -> Ensemble:
    """Three members of two layers, one of two, and two of four."""
    if request.param == "fitted":
        return ensemble
    torch.manual_seed(1)
    members, hidden = {"one": (1, (24, 12)), "deep": (2, (8, 8, 8, 8))}[request.param]
    drawn = [Mlp(d_in=encoded.x_train.shape[1], hidden=hidden, dropout=0.5) for _ in range(members)]
    for member in drawn:  # as far from linear as a fitted one
        for linear in member.linears:
            linear.weight.data *= 2
    return Ensemble(drawn).eval()


def test_contributions_are_the_rescale_rules(network: Ensemble, encoded: Any) -> None:
    """Column by column they are what the rule gives in float64; rounding shows in single customers."""
    found = Model(export(network, PLATT, encoded.spec)).contributions(encoded.x_holdout)
    off = np.abs(found - rescale(network, PLATT, encoded.spec, encoded.x_holdout)).max(axis=1)

    assert np.median(off) < 1e-5
    assert np.quantile(off, 0.95) < 1e-3
    assert off.max() < 2e-2


def test_contributions_sum_to_the_difference_in_the_logit(network: Ensemble, encoded: Any) -> None:
    """Nothing is left over: they sum to the logit minus the reference customer's, within 1e-4."""
    found = Model(export(network, PLATT, encoded.spec)).contributions(encoded.x_holdout)
    reference = torch.tensor([encoded.spec.reference])
    logit, base = (
        PLATT.slope * predict_logits(network, x).numpy().astype(np.float64)
        for x in (torch.tensor(encoded.x_holdout), reference)
    )

    assert np.abs(found.sum(axis=1, dtype=np.float64) - (logit - base)).max() <= 1e-4


def test_top_reasons_are_the_largest_contributions(network: Ensemble, encoded: Any) -> None:
    """Three columns that raise the risk, in order; fewer where fewer do; protected ones never."""
    model = Model(export(network, PLATT, encoded.spec))
    contributions, (_, top) = model.contributions(encoded.x_holdout), model.reasons(encoded.x_holdout)
    columns = encoded.spec.columns
    named = [[columns[i] for i in row if i >= 0] for row in top]

    assert named == top_columns(contributions, columns)
    assert not {column for row in named for column in row} & {*PROTECTED}
    raised = contributions[:, [columns.index(column) for column in PROTECTED]] > 0
    assert raised.any()  # otherwise the line above proves nothing


def test_the_reference_customer_has_no_reason(ensemble: Ensemble, encoded: Any) -> None:
    """The average customer has no reasons, and finite contributions."""
    model = Model(export(ensemble, PLATT, encoded.spec))
    average = np.array([encoded.spec.reference], dtype=np.float32)

    assert np.abs(model.contributions(average)).max() < 1e-5
    assert (model.reasons(average)[1] == -1).sum() >= 2


@pytest.mark.parametrize("bias", [0.0, 1e-30, -0.3, 1.0, -1.2785, 7.0, -15.0])
def test_units_that_stand_still_are_no_harm(encoded: Any, bias: float) -> None:
    """Where z is exactly the reference's, in any unit, contributions are finite: none is 0 / 0."""
    member = Mlp(d_in=encoded.x_train.shape[1], hidden=(16, 8), dropout=0.5)
    for linear in member.linears[:-1]:
        linear.weight.data[::2] = 0
        linear.bias.data[::2] = bias
    model = Model(export(Ensemble([member]).eval(), PLATT, encoded.spec))

    assert np.isfinite(model.contributions(encoded.x_holdout)).all()


def test_reasons_are_exact_shapley_values_almost_always(encoded: Any) -> None:
    """For customers of a smooth network the top three hardly ever differ from the exact ones."""
    spec = encoded.spec.model_copy(update={"categories": encoded.spec.categories[:9]})
    torch.manual_seed(0)
    model = Ensemble(
        [Mlp(d_in=len(spec.feature_names), hidden=(16, 8), dropout=0.5) for _ in range(2)]
    ).eval()
    for member in model.members:
        for linear in member.linears:
            linear.weight.data *= 2
    rows = encoded.x_holdout[:20, : len(spec.feature_names)]
    exact = np.stack([shapley(model, PLATT, spec, row) for row in rows])
    found = Model(export(model, PLATT, spec)).contributions(rows)

    truth, named = top_columns(exact, spec.columns), top_columns(found, spec.columns)
    assert np.abs(exact.sum(axis=1) - found.sum(axis=1)).max() < 1e-5
    assert np.mean([overlap(a, b) for a, b in zip(named, truth, strict=True)]) >= 0.95
    assert np.abs(found - exact).max() < 0.2 * np.abs(exact).max()
