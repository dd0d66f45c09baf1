from pathlib import Path

import numpy as np
import pytest

from schemas.config import IngestConfig
from tasks.core.bundle.bundle_files import STATE
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.training.network.model_state import from_bytes
from tasks.core.training.network.student import Student
from tests.harness.flow_home import FlowHome
from tests.oracles.attribution import as_ensemble, overlap, shapley, top_columns

pytestmark = pytest.mark.xdist_group("real")  # one worker trains


@pytest.mark.real
def test_the_default_makes_a_champion_of_the_real_extract(real_home: FlowHome) -> None:
    """With no setting at all the gate lets the model in, well above its headline."""
    champion = real_home.champion
    assert champion is not None
    evaluation = champion.evaluation
    baseline = evaluation.baselines["logistic regression"]

    assert champion.manifest.extract.counts.accepted == 7_043
    assert evaluation.measures.roc_auc.value is not None
    assert evaluation.measures.roc_auc.value > 0.84
    assert evaluation.measures.f1.value is not None
    assert evaluation.measures.f1.value > 0.62
    assert baseline.difference.roc_auc.high is not None
    assert baseline.difference.roc_auc.high > 0


@pytest.mark.real
def test_reasons_of_real_customers_are_the_exact_ones(real_home: FlowHome, real_extract: Path) -> None:
    """For half a dozen customers of the default student: exact Shapley values name the same columns."""
    champion = real_home.champion
    assert champion is not None
    folder = real_home.registry / "bundles" / champion.manifest.bundle_id
    student, platt = from_bytes((folder / STATE).read_bytes())
    assert isinstance(student, Student)
    extract = read_extract(real_extract.read_bytes(), real_extract.name, "training", IngestConfig())
    rows = encode(extract.customers.head(6), champion.spec)
    exact = np.stack([shapley(as_ensemble(student), platt, champion.spec, row) for row in rows])
    found = Model(champion.onnx).contributions(rows)
    truth, named = (top_columns(each, champion.spec.columns) for each in (exact, found))

    assert np.abs(found.sum(axis=1, dtype=np.float64) - exact.sum(axis=1)).max() <= 1e-4
    assert np.mean([overlap(a, b) for a, b in zip(named, truth, strict=True)]) >= 0.97
    assert np.mean([a[:1] == b[:1] for a, b in zip(named, truth, strict=True)]) >= 0.95
