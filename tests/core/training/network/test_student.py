from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from torch import nn

from schemas.config import EncodingConfig, FitConfig, IngestConfig, SplitConfig
from tasks.core.bundle.encoder import encode
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.split import split_customers
from tasks.core.training.metrics.classification import measure
from tasks.core.training.network.calibration import fit_platt
from tasks.core.training.network.distil import distil
from tasks.core.training.network.ensemble import train_network
from tasks.core.training.network.mlp import Ensemble, predict_logits
from tasks.core.training.network.stopping_folds import stopping_folds
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


@pytest.mark.long
def test_the_teachers_calibration_is_right_for_a_student(real_extract: Path, tmp_path: Path) -> None:
    """Nested check: students of single members, judged out of fold, need the calibration of these members.

    A student of all members has seen every customer, so it cannot be calibrated on them itself.
    """
    data = read_extract(real_extract.read_bytes(), real_extract.name, "training", IngestConfig())
    parts = split_customers(data.customers, SplitConfig())
    spec = fit_spec(parts.training, EncodingConfig())
    network = train_network(parts, spec, FitConfig(student="none"), checkpoints=tmp_path)
    x = encode(pd.concat([parts.training, parts.validation], ignore_index=True), spec)
    folds = stopping_folds(parts, FitConfig().members)
    logits = np.empty(len(x))
    for i, (member, held_back) in enumerate(zip(network.teacher.members, folds, strict=True)):
        student = distil(
            Ensemble([member]).eval(),
            x[~held_back],
            spec,
            seed=0,
            checkpoints=tmp_path / f"student_{i}",
            on_steps=lambda *_: None,
        )
        logits[held_back] = predict_logits(student, torch.tensor(x[held_back])).numpy()
    nested = fit_platt(logits, network.label)

    assert nested.slope == pytest.approx(network.platt.slope, abs=1e-3)
    assert nested.intercept == pytest.approx(network.platt.intercept, abs=1e-3)
    by_teacher, by_itself = (
        measure(expit(p.slope * logits + p.intercept), network.label, threshold=0.5, resamples=1, seed=0)
        for p in (network.platt, nested)
    )
    assert by_itself.brier.value == pytest.approx(by_teacher.brier.value, abs=1e-5)
    assert by_itself.ece.value == pytest.approx(by_teacher.ece.value, abs=1e-4)
