import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from schemas.cut_points import CutPoints
from tasks.core.errors import BundleError
from tasks.core.scoring import Model, Scorer
from tests.harness.customers import make_customers
from tests.harness.home import Home


@pytest.mark.parametrize("rows", [0, 1, 2, 600])
def test_any_number_of_customers(trained_home: Home, rows: int) -> None:
    """Nobody, one, two and many are scored, one score a customer."""
    champion = trained_home.champion
    assert champion is not None
    scores = champion.scorer().score(make_customers(600).head(rows))

    assert len(scores) == rows
    assert scores["churn_probability"].between(0, 1).all()


def test_batch_mates_change_nothing(trained_home: Home) -> None:
    """A customer's score is the same alone, in another order and in chunks of any size."""
    champion = trained_home.champion
    assert champion is not None
    customers = make_customers(300)
    expected = champion.scorer().score(customers).set_index("customerID")

    for chunk_rows in (1, 7, 64, 1_000):
        shuffled = customers.sample(frac=1, random_state=chunk_rows)
        scores = champion.scorer(chunk_rows=chunk_rows).score(shuffled).set_index("customerID")
        pd.testing.assert_frame_equal(scores.loc[expected.index], expected)


def test_cut_points_are_cut_from_the_published_probability(trained_home: Home) -> None:
    """Flag, decile and band follow from the six decimals that stand in the file."""
    champion = trained_home.champion
    assert champion is not None
    customers = make_customers(50)
    probability = champion.scorer().probability(customers)
    at = float(np.sort(probability)[25])
    cuts = CutPoints(threshold=at, deciles=tuple([at] * 9), high=at, medium=at)

    scores = Scorer(champion.onnx, champion.spec, cuts, model_version="x").score(customers)

    reached = probability >= at
    assert list(scores["churn_flag"] == 1) == list(reached)
    assert set(scores.loc[reached, "decile"]) == {1}
    assert set(scores.loc[~reached, "decile"]) == {10}
    assert set(scores.loc[~reached, "risk_band"]) == {"low"}


def test_out_of_domain_customers_are_scored_and_marked(trained_home: Home) -> None:
    """A number beyond the training range gets a score, and in_domain 0."""
    champion = trained_home.champion
    assert champion is not None
    customers = make_customers(20)
    customers.loc[3, ["tenure", "TotalCharges"]] = [110.0, 110.0 * customers.loc[3, "MonthlyCharges"]]

    scores = champion.scorer().score(customers)

    assert scores["in_domain"].tolist() == [0 if i == 3 else 1 for i in range(20)]


def test_a_model_of_another_training(trained_home: Home) -> None:
    """A spec that does not fit the graph is refused in a sentence."""
    champion = trained_home.champion
    assert champion is not None
    spec = champion.spec.model_copy(update={"categories": champion.spec.categories[1:]})
    scorer = Scorer(champion.onnx, spec, champion.cut_points, model_version="x")

    with pytest.raises(BundleError, match="of different trainings"):
        scorer.score(make_customers(5))


@pytest.mark.parametrize("onnx", [b"", b"garbage", b"\x08\x08"])
def test_what_is_no_model(onnx: bytes) -> None:
    """Bytes that are no graph are refused without the runtime's own error."""
    with pytest.raises(BundleError) as error:
        Model(onnx, chunk_rows=1)

    assert str(error.value).startswith(f"model.onnx cannot be loaded by onnxruntime {ort.__version__}")
    assert error.value.__suppress_context__


def test_the_self_test_fails_on_another_model(trained_home: Home) -> None:
    """Examples that are scored differently from when they were made stop the night."""
    champion = trained_home.champion
    assert champion is not None
    first = champion.examples.examples[0]
    wrong = champion.examples.model_copy(
        update={"examples": (first.model_copy(update={"probability": 1 - first.probability}),)}
    )
    scorer = champion.scorer()

    with pytest.raises(BundleError, match=r"examples\.json"):
        scorer.self_test(wrong)
