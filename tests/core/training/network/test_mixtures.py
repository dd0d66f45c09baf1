from typing import Any

import numpy as np
import pytest
import torch

from schemas.preprocessing import CategoryEncoding, NumberEncoding
from tasks.core.bundle.encoder import encode
from tasks.core.training.network import mixtures
from tasks.core.training.network.mixtures import Mixtures

COUNT = 4_000


def edges(encoded: Any) -> np.ndarray[Any, Any]:
    """Return where each column's inputs begin, and the end."""
    return np.cumsum([0, *(len(encoding.feature_names) for encoding in encoded.spec.encodings)])


def draw(encoded: Any, monkeypatch: pytest.MonkeyPatch, **shares: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw mixtures with other shares; return the parents, too."""
    for name in ("UNKNOWN", "BEYOND", "OF_REFERENCE"):
        monkeypatch.setattr(mixtures, name, shares.get(name, 0.0))
    customers = torch.tensor(encoded.x_train)
    torch.manual_seed(0)
    rows = torch.randint(len(customers), (COUNT,))
    return Mixtures(customers, encoded.spec).draw(rows), customers[rows]


def test_columns_come_whole_from_one_mate(encoded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column is the customer's, or all of it is the reference's; how many, is drawn evenly from 0 to 1."""
    mixed, parents = draw(encoded, monkeypatch, OF_REFERENCE=1.0)
    reference = torch.tensor(encoded.spec.reference)
    replaced = []
    for start, end in zip(edges(encoded)[:-1], edges(encoded)[1:], strict=True):
        theirs = (mixed[:, start:end] == reference[start:end]).all(dim=1)
        assert (theirs | (mixed[:, start:end] == parents[:, start:end]).all(dim=1)).all()
        replaced.append(theirs)
    share = torch.stack(replaced).float().mean(dim=0)

    assert abs(float(share.mean()) - 0.5) < 0.02
    assert abs(float(share.std()) - np.sqrt(1 / 12)) < 0.05


def test_half_of_the_mates_are_other_customers(encoded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their columns are values that customers have."""
    mixed, _ = draw(encoded, monkeypatch)
    customers = torch.tensor(encoded.x_train)
    for start, end in zip(edges(encoded)[:-1], edges(encoded)[1:], strict=True):
        known = {tuple(row) for row in customers[:, start:end].tolist()}
        assert {tuple(row) for row in mixed[:, start:end].tolist()} <= known


def test_an_unknown_category_has_no_input(encoded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each mixture one category is as the encoder writes a value that training has not seen."""
    mixed, _ = draw(encoded, monkeypatch, UNKNOWN=1.0)
    starts = edges(encoded)
    many = [
        i
        for i, each in enumerate(encoded.spec.encodings)
        if isinstance(each, CategoryEncoding) and len(each.values) > 2
    ]
    blank = [(mixed[:, starts[i] : starts[i + 1]] == 0).all(dim=1) for i in many]
    column = encoded.spec.encodings[many[0]].column
    stranger = encode(encoded.parts.training.head(1).assign(**{column: "?"}), encoded.spec)

    assert (stranger[0, starts[many[0]] : starts[many[0] + 1]] == 0).all()
    assert 0 < torch.stack(blank).float().mean() < 0.1
    assert (torch.stack(blank).sum(dim=0) <= 1).all()


def test_a_number_beyond_the_range_is_as_the_encoder_writes_it(
    encoded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bins are all 1, and its standardised input is between the highest seen and five times as far."""
    mixed, _ = draw(encoded, monkeypatch, BEYOND=1.0)
    starts, far = edges(encoded), torch.zeros(COUNT)
    for i, each in enumerate(encoded.spec.encodings):
        if not isinstance(each, NumberEncoding):
            continue
        number = mixed[:, starts[i]] * each.scale + each.mean
        beyond = number > each.high * (1 + 1e-6)
        far += beyond
        span = each.high - each.low
        assert (mixed[beyond][:, starts[i] + 1 : starts[i + 1]] == 1).all()
        assert number.max() <= each.high + 4.001 * span
        value = float(number[beyond][0])
        written = encode(encoded.parts.training.head(1).assign(**{each.column: value}), encoded.spec)
        expected = torch.tensor(written[0, starts[i] : starts[i + 1]])
        assert torch.allclose(mixed[beyond][0, starts[i] : starts[i + 1]], expected, atol=1e-4)

    assert far.mean() > 0.99
    assert far.max() == 1
