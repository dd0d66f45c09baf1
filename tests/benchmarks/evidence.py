"""Simulate the cross-fitted evidence: does its interval hold, and does its verdict tell models apart?

`python -m tests.benchmarks.evidence regressions` and `recipe` simulate extracts of 7,043 customers. Two
models are fitted in every outer fold; the truth is the mean difference of these fitted models' ROC-AUCs on
a million fresh customers, and an interval should contain it in 95 % of the draws. `power` counts verdicts
on the real extract. One line per draw or seed is appended, so an interrupted study continues.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import logit
from scipy.stats import t
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from schemas.baselines import LOGISTIC_REGRESSION, SPLINES
from schemas.columns import FEATURES, ID
from schemas.config import GatePolicy, IngestConfig, SplitConfig, TrainConfig
from tasks.core.bundle.encoder import encode
from tasks.core.extract.whole.in_memory import read_extract
from tasks.core.intervals import Z_95
from tasks.core.simulator.population import populate
from tasks.core.training.data.fit_encoder import fit_spec
from tasks.core.training.data.outer_folds import outer_folds
from tasks.core.training.data.split import Parts, order_by_hash
from tasks.core.training.evaluation.baselines import fit_regressions
from tasks.core.training.metrics.delong import Influence, influence, mean_difference, paired_difference
from tasks.core.training.metrics.ranking import Ranking
from tasks.core.training.network.calibration import rounded_probability
from tasks.core.training.network.ensemble import train_network
from tests.benchmarks.fresh_customers import FreshCustomers, as_frame
from tests.benchmarks.peers.peer import label
from tests.benchmarks.quality import ROOT, append, read_results

CUSTOMERS, FOLDS = 7_043, 5
RESAMPLES = 1_000
DRAWS = {"regressions": 500, "recipe": 30, "power": 20}
WORSE_BY, FIRST_SEED = 0.01, 200
"""How much worse a candidate is on purpose, in ROC-AUC; the first of the split seeds that judge it."""

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
OfFresh = Callable[[FreshCustomers], npt.NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True)
class Models:
    """A fold's two models: their scores of all customers of the draw, and how they score fresh ones."""

    scores: tuple[Floats, Floats]
    of_fresh: tuple[OfFresh, OfFresh]


Recipe = Callable[[Parts, pd.DataFrame], Models]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Two models' scores in every fold: (k, N), with the label and the fold of each of N customers."""

    ours: Floats
    theirs: Floats
    left: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.intp]

    def folds(self) -> list[tuple[Floats, Floats, npt.NDArray[np.bool_]]]:
        """Give each fold's own customers, as the product compares them."""
        return [
            (self.ours[v, rows], self.theirs[v, rows], self.left[rows])
            for v, rows in enumerate(self.fold == v for v in range(FOLDS))
        ]

    def differences(self) -> Floats:
        """Compute ours minus theirs in each fold."""
        return np.array([paired_difference(*fold).roc_auc.value for fold in self.folds()])


def by_influence_curves(judged: Judged) -> Interval:
    """LeDell, Petersen & van der Laan 2015, as in the product: the folds are independent."""
    found = mean_difference(judged.folds()).roc_auc
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def with_covariance(judged: Judged) -> Interval:
    """Add the covariance of the folds: i judges the model that j has shaped, and j the one that i has.

    Two folds' models differ by the customers of these folds; the variance of the difference of their
    influence curves on the other customers, times (k - 1) / 2, is what the influence of one customer on
    another adds.
    """
    low, high = by_influence_curves(judged)
    size = int(judged.left.sum()), int((~judged.left).sum())
    shaped = []
    for v, w in combinations(range(FOLDS), 2):
        rows = (judged.fold != v) & (judged.fold != w)
        left = judged.left[rows]
        one, other = (
            _difference(influence(judged.ours[i, rows], left), influence(judged.theirs[i, rows], left))
            for i in (v, w)
        )
        shaped.append(sum((a - b).var() / n for a, b, n in zip(one, other, size, strict=True)))
    variance = ((high - low) / 2 / Z_95) ** 2 + (FOLDS - 1) / 2 * float(np.mean(shaped))
    return _around((low + high) / 2, Z_95 * np.sqrt(variance))


def by_corrected_t(judged: Judged) -> Interval:
    """Nadeau & Bengio 2003: the folds' deviation, enlarged because their training parts overlap."""
    differences = judged.differences()
    deviation = np.sqrt((1 / FOLDS + 1 / (FOLDS - 1)) * differences.var(ddof=1))
    return _around(differences.mean(), t.ppf(0.975, FOLDS - 1) * deviation)


def by_bootstrap(judged: Judged) -> Interval:
    """Resample the customers of each fold and class, with replacement; percentiles of the mean difference."""
    rng = np.random.default_rng(0)
    means = np.zeros(RESAMPLES)
    for v in range(FOLDS):
        rows = judged.fold == v
        left = judged.left[rows]
        weights = np.zeros((RESAMPLES, len(left)))
        for of_class in (left, ~left):
            n = int(of_class.sum())
            weights[:, of_class] = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
        for sign, scores in ((1, judged.ours), (-1, judged.theirs)):
            means += sign * Ranking.of(scores[v, rows], left, weights).roc_auc() / FOLDS
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


METHODS: dict[str, Callable[[Judged], Interval]] = {
    "influence curves": by_influence_curves,
    "influence curves with the folds' covariance": with_covariance,
    "corrected t": by_corrected_t,
    "stratified bootstrap": by_bootstrap,
}


def _difference(ours: Influence, theirs: Influence) -> Influence:
    return ours[0] - theirs[0], ours[1] - theirs[1]


def _around(centre: float, half_width: float) -> Interval:
    return float(centre - half_width), float(centre + half_width)


def regressions(parts: Parts, ordered: pd.DataFrame) -> Models:
    """Logistic regression with splines against the plain one: both are fitted in a second."""
    fitted = fit_regressions(parts.training)
    ours, theirs = (_regression(fitted[name], ordered) for name in (SPLINES, LOGISTIC_REGRESSION))
    return Models(scores=(ours[0], theirs[0]), of_fresh=(ours[1], theirs[1]))


def whole_recipe(parts: Parts, ordered: pd.DataFrame) -> Models:
    """The default network, teacher and student, against logistic regression."""
    config = TrainConfig()
    spec = fit_spec(parts.training, config.encoding)
    with tempfile.TemporaryDirectory() as folder:
        network = train_network(parts, spec, config.fit, checkpoints=Path(folder))

    def score(matrix: npt.NDArray[np.float32]) -> Floats:
        return rounded_probability(network.model, network.platt, matrix)

    theirs = _regression(fit_regressions(parts.training)[LOGISTIC_REGRESSION], ordered)
    return Models(
        scores=(score(encode(ordered, spec)), theirs[0]),
        of_fresh=(lambda fresh: score(fresh.encode(spec)), theirs[1]),
    )


def _regression(model: Pipeline, ordered: pd.DataFrame) -> tuple[Floats, OfFresh]:
    scores = model.predict_proba(ordered[list(FEATURES)])[:, 1]
    return scores, lambda fresh: fresh.regression_logits(model)


def fit_folds(ordered: pd.DataFrame, split: SplitConfig, recipe: Recipe) -> tuple[list[Models], Judged]:
    """Fit a recipe's two models in every fold, and score all customers with each."""
    parts = outer_folds(ordered, split, FOLDS)
    fitted = [recipe(each, ordered) for each in parts]
    ours, theirs = (np.stack([models.scores[i] for models in fitted]) for i in (0, 1))
    return fitted, Judged(ours=ours, theirs=theirs, left=label(ordered), fold=_fold(ordered, parts))


def _fold(ordered: pd.DataFrame, parts: Sequence[Parts]) -> npt.NDArray[np.intp]:
    """Give each customer the number of the fold that holds it out, from 0."""
    numbers = {customer: v for v, each in enumerate(parts) for customer in each.holdout[ID]}
    return ordered[ID].map(numbers).to_numpy(dtype=np.intp)


def judge_draw(draw: int, recipe: Recipe, fresh: FreshCustomers) -> dict[str, Any]:
    """Simulate an extract, fit a recipe's two models in every fold, and compare found with true."""
    ordered = order_by_hash(as_frame(populate(0, CUSTOMERS, draw, {})), SplitConfig())
    fitted, judged = fit_folds(ordered, SplitConfig(), recipe)
    truths = [[fresh.roc_auc(score(fresh)) for score in models.of_fresh] for models in fitted]
    return {
        "draw": draw,
        "found": float(judged.differences().mean()),
        "truth": float(np.mean([ours - theirs for ours, theirs in truths])),
        **{name: method(judged) for name, method in METHODS.items()},
    }


def judge_power(seed: int, customers: pd.DataFrame, deviation: float) -> dict[str, Any]:
    """Judge the default and a model that is worse on purpose, on one split seed of an extract.

    The worse one is logistic regression with noise of this standard deviation on its logits, the same in
    all folds: a useless input.
    """
    split = SplitConfig(seed=seed)
    ordered = order_by_hash(customers, split)
    _, judged = fit_folds(ordered, split, whole_recipe)
    noise = np.random.default_rng(seed).normal(scale=deviation, size=len(ordered))
    worse = replace(judged, ours=logit(judged.theirs) + noise)
    return {"draw": seed, "default": by_influence_curves(judged), "worse": by_influence_curves(worse)}


def noise_that_costs(cost: float, customers: pd.DataFrame) -> float:
    """Find the noise that lowers logistic regression's ROC-AUC by a cost, on average over 200 draws."""
    split = SplitConfig()
    ordered = order_by_hash(customers, split)
    parts = outer_folds(ordered, split, FOLDS)
    fold = _fold(ordered, parts)
    left = label(ordered)
    logits = np.empty(len(ordered))
    for v, each in enumerate(parts):
        model = fit_regressions(each.training)[LOGISTIC_REGRESSION]
        logits[fold == v] = model.decision_function(ordered.loc[fold == v, list(FEATURES)])
    noise = np.random.default_rng(0).normal(size=(200, len(ordered)))
    whole = roc_auc_score(left, logits)

    def excess(deviation: float) -> float:
        found = np.mean([roc_auc_score(left, logits + deviation * each) for each in noise])
        return float(whole - found - cost)

    return float(brentq(excess, 0.01, 2.0, xtol=1e-3))


def coverage_table(results: Sequence[dict[str, Any]]) -> str:
    """Tabulate each method's coverage and mean width, in Markdown."""
    truth = np.array([each["truth"] for each in results])
    lines = [
        f"{len(results)} draws; the true difference is {truth.mean():+.4f} on average.",
        "",
        "| interval | contains the truth | lies above it | lies below it | mean width |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in METHODS:
        low, high = np.array([each[name] for each in results]).T
        above, below = float((low > truth).mean()), float((high < truth).mean())
        lines.append(
            f"| {name} | {1 - above - below:.1%} | {above:.1%} | {below:.1%} | {(high - low).mean():.4f} |"
        )
    return "\n".join(lines)


def power_table(results: Sequence[dict[str, Any]], margin: float) -> str:
    """Count the verdicts, in Markdown."""
    lines = [
        "| candidate | seeds | pass | not proven | fail | called better |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in ("default", "worse"):
        low, high = np.array([each[name] for each in results]).T
        passed, failed, better = (int(each.sum()) for each in (low > -margin, high < -margin, low > 0))
        open_ = len(results) - passed - failed
        lines.append(f"| {name} | {len(results)} | {passed} | {open_} | {failed} | {better} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing of a study, then print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=tuple(DRAWS))
    parser.add_argument("--extract", type=Path, default=ROOT.parent / "shared" / "data" / "telco_churn.csv")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "benchmarks" / "evidence")
    parser.add_argument("--draws", type=int, help=f"number of draws or seeds; default: {DRAWS}")
    flags = parser.parse_args()
    flags.out.mkdir(parents=True, exist_ok=True)
    file = flags.out / f"{flags.study}.jsonl"
    count = flags.draws or DRAWS[flags.study]
    if flags.study == "power":
        data = flags.extract.read_bytes()
        customers = read_extract(data, flags.extract.name, "training", IngestConfig()).customers
        deviation = noise_that_costs(WORSE_BY, customers)
        print(f"noise of {deviation:.3f} logits costs {WORSE_BY:g} in ROC-AUC", flush=True)
        judge = partial(judge_power, customers=customers, deviation=deviation)
        first = FIRST_SEED
    else:
        recipe = {"regressions": regressions, "recipe": whole_recipe}[flags.study]
        judge = partial(judge_draw, recipe=recipe, fresh=FreshCustomers())
        first = 0
    done = {line["draw"] for line in read_results(file)}
    for draw in range(first, first + count):
        if draw not in done:
            append(file, judge(draw))
            print(f"{draw - first + 1}/{count}", flush=True)
    results = list(read_results(file))
    print(
        power_table(results, GatePolicy().auc_margin) if flags.study == "power" else coverage_table(results)
    )


if __name__ == "__main__":
    main()
