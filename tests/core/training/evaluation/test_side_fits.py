from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from schemas.config import TrainConfig
from tasks.core.errors import ExtractError
from tasks.core.training.data.outer_folds import outer_folds
from tasks.core.training.data.split import split_customers
from tasks.core.training.evaluation import side_fits as module
from tasks.core.training.evaluation.cross_fit import FoldScores, compare_folds
from tasks.core.training.evaluation.side_fits import OWN, WITHOUT_PROTECTED, SideFits, collect, side_fits
from tasks.core.training_run import Order, Run

FOUR = tuple(f"fold {i} of 5" for i in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def some(make_customers: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Draw three hundred customers."""
    return make_customers(300, seed=6)


def _side_fits(
    customers: pd.DataFrame,
    *,
    folds: int = 5,
    protected: bool = True,
    resumed: bool = False,
    **split: float,
) -> SideFits:
    config = TrainConfig.model_validate(
        {
            "evaluation": {"folds": folds},
            "encoding": {"protected_attributes": protected},
            "split": split,
        }
    )
    run = Run(Path("run"), Order(extract=None, config=config), resumed=resumed)
    return side_fits(customers, split_customers(customers, config.split), run)


def _drawn(names: tuple[str, ...], n: int) -> dict[str, Any]:
    """Draw what the fits of these folds and the refit would find."""
    rng = np.random.default_rng(0)
    found: dict[str, Any] = {
        name: FoldScores(
            label=rng.random(n) < 0.4,
            candidate=rng.random(n),
            teacher=None,
            baselines={"tree": rng.random(n)},
        )
        for name in names
    }
    return found | {WITHOUT_PROTECTED: rng.random(60)}


@pytest.mark.parametrize(
    ("folds", "protected", "names", "fits"),
    [
        (5, True, (*FOUR, OWN), (*FOUR, WITHOUT_PROTECTED)),
        (5, False, (*FOUR, OWN), FOUR),
        (0, True, (), (WITHOUT_PROTECTED,)),
        (0, False, (), ()),
    ],
)
def test_the_settings_say_what_is_fitted(
    some: pd.DataFrame, folds: int, protected: bool, names: tuple[str, ...], fits: tuple[str, ...]
) -> None:
    """The candidate's own fold is not fitted again; without protected attributes there is no refit."""
    found = _side_fits(some, folds=folds, protected=protected)

    assert found.names == names
    assert tuple(found.fits) == fits


@pytest.mark.parametrize(
    ("folds", "split"), [(5, {"training_share": 0.5}), (3, {}), (5, {"validation_share": 0.3})]
)
def test_a_fold_that_differs_from_the_candidates_split_is_fitted(
    some: pd.DataFrame, folds: int, split: dict[str, float]
) -> None:
    """Other shares or another number of folds leave no fold to the candidate."""
    found = _side_fits(some, folds=folds, **split)

    assert OWN not in found.names
    assert tuple(found.fits) == (*found.names, WITHOUT_PROTECTED)
    assert len(found.names) == folds


@pytest.mark.parametrize("resumed", [True, False])
def test_each_fit_has_its_own_customers_and_checkpoints(
    some: pd.DataFrame, resumed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fold i has its own parts, and goes on from its checkpoints only in a resumed run."""
    asked: list[Any] = []

    def fit(*args: Any, **options: Any) -> Any:
        asked.append((args, options))
        return SimpleNamespace(probability=lambda holdout: holdout["tenure"].to_numpy())

    monkeypatch.setattr(module, "fit_fold", fit)
    monkeypatch.setattr(module, "refit_without", fit)
    found = _side_fits(some, resumed=resumed)
    config = TrainConfig()
    own = split_customers(some, config.split)

    results = {name: run() for name, run in found.fits.items()}

    folds = outer_folds(some, config.split, 5)
    for i, ((parts, given), options) in enumerate(asked[:4]):
        assert options == {"checkpoints": Path(f"run/folds/{i + 1}"), "resume": resumed}
        assert given.evaluation.folds == 5
        assert all(part.equals(getattr(folds[i], name)) for name, part in vars(parts).items())
    (parts, _), options = asked[4]
    assert options == {"checkpoints": Path("run/without_protected"), "resume": resumed}
    assert parts.training.equals(own.training)
    assert results[WITHOUT_PROTECTED].tolist() == own.holdout["tenure"].tolist()
    assert len({str(options["checkpoints"]) for _, options in asked}) == 5


def test_fits_may_end_in_any_order(some: pd.DataFrame) -> None:
    """The folds are compared in their own order, whichever process was the fastest."""
    fits = _side_fits(some)
    found = _drawn(fits.names, len(some))
    expected = compare_folds([found[name] for name in fits.names])

    results = [collect(fits, dict(order)) for order in ([*found.items()], [*found.items()][::-1])]

    for each in results:
        assert each.cross_fit == expected
        assert each.without_protected is found[WITHOUT_PROTECTED]


def test_what_is_switched_off_has_no_result(some: pd.DataFrame) -> None:
    """Either part, or both, may be missing from the evaluation."""
    nothing = collect(_side_fits(some, folds=0, protected=False), {})
    alone = collect(_side_fits(some, folds=0), _drawn((), 0))
    folds = _side_fits(some, protected=False)
    found = _drawn(folds.names, len(some))
    del found[WITHOUT_PROTECTED]
    compared = collect(folds, found)

    assert (nothing.cross_fit, nothing.without_protected) == (None, None)
    assert alone.cross_fit is None
    assert alone.without_protected is not None
    assert compared.cross_fit is not None
    assert compared.without_protected is None


def test_a_fold_whose_result_is_missing_is_a_bug(some: pd.DataFrame) -> None:
    """No mean is taken over fewer folds than were asked for."""
    fits = _side_fits(some)

    with pytest.raises(KeyError, match=OWN):
        collect(fits, _drawn(FOUR, len(some)))


def test_too_few_customers_for_the_folds_are_refused_before_anything_is_fitted(some: pd.DataFrame) -> None:
    """The extract is named as the cause, and the setting that makes do with it."""
    few = pd.concat([some[some["Churn"] == "No"], some[some["Churn"] == "Yes"].iloc[:49]])

    with pytest.raises(ExtractError, match=r"'Yes'; got only 49.*evaluation\.folds"):
        _side_fits(few)
