from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import SplitConfig
from tasks.core.errors import ExtractError
from tasks.core.training.data.outer_folds import outer_folds
from tasks.core.training.data.split import Parts, split_customers, uniform

CONFIG = SplitConfig(seed=3)


def _folds(frame: pd.DataFrame, folds: int, config: SplitConfig = CONFIG) -> list[Parts]:
    return outer_folds(frame, config, folds)


def _of_both(churners: int, stayers: int) -> pd.DataFrame:
    """Make customers with an id and an outcome, and nothing else."""
    outcomes = ["Yes"] * churners + ["No"] * stayers
    return pd.DataFrame({"customerID": [f"C{i}" for i in range(len(outcomes))], "Churn": outcomes})


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
