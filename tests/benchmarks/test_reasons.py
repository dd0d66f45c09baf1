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
    student, teacher = reasons.measure(network, spec, encode(parts.holdout, spec), customers=4, seed=0)
    reasons.write_report([student, teacher], tmp_path, 4)

    for each in (student, teacher):
        assert each.top_3 >= 0.9
        assert each.top_1 == 1
        assert each.additivity <= 1e-4
        assert each.mean_off < 0.01
        assert min(each.reasons_rows, each.probability_rows) > 0
        row = f"| 0 | {each.model} | {each.top_3:.4f} | {each.top_1:.4f} |"
        assert row in (tmp_path / "reasons.md").read_text()
