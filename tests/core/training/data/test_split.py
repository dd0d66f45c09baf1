import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import SplitConfig
from tasks.core.errors import ExtractError
from tasks.core.training.data import split
from tasks.core.training.data.split import (
    order_by_hash,
    split_customers,
    uniform,
    unseen_by,
)

CONFIG = SplitConfig(seed=3)


def _parts(frame: pd.DataFrame, config: SplitConfig = CONFIG) -> list[pd.DataFrame]:
    done = split_customers(frame, config)
    return [done.training, done.validation, done.holdout]


def test_hash_is_the_documented_one() -> None:
    """U can be recomputed in any language from the first eight bytes of a SHA-256."""
    digest = hashlib.sha256(b"7:0001-ABCDE").digest()

    assert uniform(["0001-ABCDE"], 7).tolist() == [int.from_bytes(digest[:8], "big") / 2**64]
    assert uniform([], 7).shape == (0,)


@given(st.lists(st.text(max_size=12), max_size=30), st.integers(0, 2**32 - 1))
def test_hash_lies_between_0_and_1(ids: list[str], seed: int) -> None:
    """Every id of any alphabet has a u, the same for the same id."""
    u = uniform(ids, seed)

    assert u.dtype == np.float64
    assert ((u >= 0) & (u <= 1)).all()
    assert uniform(ids[::-1], seed).tolist() == u[::-1].tolist()


def test_hash_is_even() -> None:
    """Ten thousand ids fill the ten tenths alike."""
    counts, _ = np.histogram(uniform((f"C{i}" for i in range(10_000)), 0), bins=10, range=(0, 1))

    assert counts == pytest.approx(1_000, abs=150)


def test_parts_are_a_partition_stratified_by_class(customers: pd.DataFrame) -> None:
    """Every customer is in one part, and each class is cut at 60 and 80 percent."""
    parts = _parts(customers)
    whole = customers["Churn"].value_counts()

    assert sorted(pd.concat(parts)["customerID"]) == sorted(customers["customerID"])
    for label, n in whole.items():
        sizes = [int((part["Churn"] == label).sum()) for part in parts]
        assert sizes[0] == round(0.6 * n)
        assert sizes[0] + sizes[1] == round(0.8 * n)


def test_within_a_class_the_parts_follow_the_hash(customers: pd.DataFrame) -> None:
    """Training holds a class's lowest u, the holdout its highest, and the cuts say where."""
    done = split_customers(customers, CONFIG)
    for label, cuts in done.cuts.classes.items():
        u = [
            uniform(part.loc[part["Churn"] == label, "customerID"], CONFIG.seed)
            for part in (done.training, done.validation, done.holdout)
        ]

        assert u[0].max() < cuts.validation_from == u[1].min()
        assert u[1].max() < cuts.holdout_from == u[2].min()


def test_neither_row_order_nor_index_matters(customers: pd.DataFrame) -> None:
    """The same customers in another order give the same parts, row by row."""
    shuffled = customers.sample(frac=1, random_state=1).set_index(pd.Index([5] * len(customers)))

    for part, again in zip(_parts(customers), _parts(shuffled), strict=True):
        pd.testing.assert_frame_equal(part, again)
    assert split_customers(shuffled, CONFIG).cuts == split_customers(customers, CONFIG).cuts


def test_another_seed_is_another_split(customers: pd.DataFrame) -> None:
    """The seed decides who is held out."""
    holdouts = [set(_parts(customers, SplitConfig(seed=seed))[2]["customerID"]) for seed in (0, 1)]

    assert holdouts[0] != holdouts[1]


def test_unseen_customers_were_in_neither_training_nor_validation(
    customers: pd.DataFrame, make_customers: Callable[..., pd.DataFrame]
) -> None:
    """Among old customers only held-out ones are unseen, whatever has become of them since."""
    done = split_customers(customers, CONFIG)
    flipped = customers.assign(Churn=np.where(customers["Churn"] == "Yes", "No", "Yes"))
    unseen = set(flipped.loc[unseen_by(flipped, done.cuts), "customerID"])
    strangers = make_customers(1_000, seed=9)

    assert unseen <= set(done.holdout["customerID"])
    assert len(unseen) > 0.8 * len(done.holdout)
    assert unseen_by(strangers, done.cuts).mean() == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("churners", [0, 1, 2])
def test_too_few_of_a_class_are_refused(customers: pd.DataFrame, churners: int) -> None:
    """A class that cannot fill three parts is the extract's fault, named by its size."""
    rare = pd.concat(
        [customers[customers["Churn"] == "No"], customers[customers["Churn"] == "Yes"].iloc[:churners]]
    )

    with pytest.raises(ExtractError, match=f"'Yes'; got only {churners}"):
        split_customers(rare, CONFIG)


def test_customers_with_the_same_hash_are_ordered_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a collision of the hash leaves the order to the customers."""
    monkeypatch.setattr(split, "uniform", lambda ids, _: np.zeros(len(ids)))
    frame = pd.DataFrame({"customerID": list("abcdefg"), "Churn": ["Yes"] * 4 + ["No"] * 3})

    assert order_by_hash(frame.iloc[::-1], CONFIG)["customerID"].tolist() == sorted(frame["customerID"])
