from pathlib import Path

import pytest

from schemas.config import EncodingConfig, FitConfig, SplitConfig
from tasks.core.bundle.encoder import encode
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import split_customers
from tests.benchmarks import reasons
from tests.harness.customers import make_customers


def test_the_default_recipe_reaches_the_bar_on_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained on made-up customers: four exact explanations, the sum, and a report with every figure."""
    monkeypatch.setattr(reasons, "SPEED_ROWS", 700)
    monkeypatch.setattr(reasons, "SPEED_ROUNDS", 1)
    parts = split_customers(make_customers(600), SplitConfig())
    spec = fit_spec(parts.training, EncodingConfig())
    network = reasons.train(parts, spec, FitConfig(members=2, hidden=(16, 8), max_epochs=3))
    found = reasons.measure(network, spec, encode(parts.holdout, spec), customers=4)
    reasons.write_report({"small": found}, tmp_path, 4)

    assert found.top_3 >= 0.9
    assert found.top_1 == 1
    assert found.additivity <= 1e-4
    assert found.mean_off < 0.01
    assert min(found.reasons_rows, found.probability_rows) > 0
    assert f"| small | {found.top_3:.4f} | {found.top_1:.4f} |" in (tmp_path / "reasons.md").read_text()
