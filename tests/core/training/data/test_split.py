import hashlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import SplitConfig
from tasks.core.errors import ExtractError
from tasks.core.training.data import split
from tasks.core.training.data.split import (
    Parts,
    fold_numbers,
    fold_parts,
    order_by_hash,
    split_customers,
    uniform,
    unseen_by,
)

CONFIG = SplitConfig(seed=3)


def _parts(frame: pd.DataFrame, config: SplitConfig = CONFIG) -> list[pd.DataFrame]:
    done = split_customers(frame, config)
    return [done.training, done.validation, done.holdout]


def _folds(frame: pd.DataFrame, folds: int, config: SplitConfig = CONFIG) -> list[Parts]:
    ordered = order_by_hash(frame, config)
    number = fold_numbers(ordered, folds)
    return [fold_parts(ordered, number, i, config) for i in range(folds)]


def _of_both(churners: int, stayers: int) -> pd.DataFrame:
    """Make customers with an id and an outcome, and nothing else."""
    outcomes = ["Yes"] * churners + ["No"] * stayers
    return pd.DataFrame({"customerID": [f"C{i}" for i in range(len(outcomes))], "Churn": outcomes})


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


@settings(max_examples=25)
@given(st.integers(3, 8), st.integers(80, 200), st.integers(80, 200), st.integers(0, 2**32 - 1))
def test_folds_hold_every_customer_out_once(folds: int, churners: int, stayers: int, seed: int) -> None:
    """Each fold is a partition, no two hold out the same customer, and each class is cut into equal parts."""
    frame = _of_both(churners, stayers)
    found = _folds(frame, folds, SplitConfig(seed=seed))

    for each in found:
        assert sorted(pd.concat(vars(each).values())["customerID"]) == sorted(frame["customerID"])
    held_out = [each.holdout["Churn"].value_counts() for each in found]
    assert sorted(pd.concat([each.holdout for each in found])["customerID"]) == sorted(frame["customerID"])
    assert all(np.ptp([counts[label] for counts in held_out]) <= 1 for label in ("Yes", "No"))


def test_folds_follow_the_hash(customers: pd.DataFrame) -> None:
    """Within a class an earlier fold has the lower u."""
    found = _folds(customers, 4)

    for label in ("Yes", "No"):
        u = [
            uniform(each.holdout.loc[each.holdout["Churn"] == label, "customerID"], CONFIG.seed)
            for each in found
        ]
        assert all(lower.max() < upper.min() for lower, upper in pairwise(u))


def test_folds_do_not_depend_on_row_order_or_index(customers: pd.DataFrame) -> None:
    """The same customers in another order give the same folds, row by row."""
    shuffled = customers.sample(frac=1, random_state=1).set_index(pd.Index([5] * len(customers)))

    for one, other in zip(_folds(customers, 5), _folds(shuffled, 5), strict=True):
        for name, part in vars(one).items():
            pd.testing.assert_frame_equal(part, getattr(other, name))


def test_customers_with_the_same_hash_are_ordered_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a collision of the hash leaves the order to the customers."""
    monkeypatch.setattr(split, "uniform", lambda ids, _: np.zeros(len(ids)))
    frame = _of_both(4, 3)

    assert order_by_hash(frame.iloc[::-1], CONFIG)["customerID"].tolist() == sorted(frame["customerID"])


@settings(max_examples=25)
@given(st.integers(50, 400), st.integers(50, 400), st.integers(0, 2**32 - 1))
def test_the_last_of_five_folds_is_the_split(churners: int, stayers: int, seed: int) -> None:
    """With default shares the candidate's own fit is one of the folds', for any number of customers."""
    frame, config = _of_both(churners, stayers), SplitConfig(seed=seed)
    own, last = split_customers(frame, config), _folds(frame, 5, config)[-1]

    for name, part in vars(last).items():
        pd.testing.assert_frame_equal(part, getattr(own, name))


@pytest.mark.parametrize("shares", [(0.6, 0.2), (0.5, 0.1), (0.2, 0.6)])
def test_folds_train_and_validate_in_the_configured_ratio(shares: tuple[float, float]) -> None:
    """Of what a fold does not hold out, each class is cut as the configuration cuts it."""
    config = SplitConfig(seed=3, training_share=shares[0], validation_share=shares[1])

    for each in _folds(_of_both(400, 1_200), 4, config):
        for label, n in {"Yes": 300, "No": 900}.items():
            assert (each.training["Churn"] == label).sum() == round(n * shares[0] / sum(shares))
            assert (each.validation["Churn"] == label).sum() == n - round(n * shares[0] / sum(shares))


def test_every_customer_validates_in_one_of_five_folds() -> None:
    """With default shares the validation parts go round as the holdouts do."""
    frame = _of_both(100, 100)
    validating = [set(each.validation["customerID"]) for each in _folds(frame, 5)]

    assert set.union(*validating) == set(frame["customerID"])
    assert sum(map(len, validating)) == len(frame)


@pytest.mark.parametrize(("training", "validation"), [(0.95, 0.02), (0.02, 0.95)])
def test_folds_train_and_validate_on_both_classes_whatever_the_shares(
    training: float, validation: float
) -> None:
    """Shares that leave the split a customer of a rare class leave every fold one, too."""
    config = SplitConfig(training_share=training, validation_share=validation)
    frame = _of_both(31, 400)
    parts = [split_customers(frame, config), *_folds(frame, 3, config)]

    assert all(
        set(part["Churn"]) == {"Yes", "No"} for each in parts for part in (each.training, each.validation)
    )


@pytest.mark.parametrize("rare", ["Yes", "No"])
def test_too_few_of_a_class_for_the_folds_are_refused(rare: str) -> None:
    """The message names the class, its size, and the setting that makes do with fewer."""
    few, enough = _of_both(49, 50), _of_both(50, 50)
    few = few if rare == "Yes" else few.replace({"Churn": {"Yes": "No", "No": "Yes"}})

    assert len(_folds(enough, 5)) == 5
    with pytest.raises(
        ExtractError, match=f"5 folds need 50 customers with '{rare}'; got only 49.*evaluation.folds"
    ):
        _folds(few, 5)
