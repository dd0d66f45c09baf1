import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest

from schemas.columns import PROTECTED
from schemas.cut_points import CutPoints
from schemas.scores import REASONS
from tasks.core.bundle.encoder import encode
from tasks.core.bundle.onnx_model import Model
from tasks.core.bundle.scorer import Scorer
from tasks.core.errors import BundleError
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


def test_a_row_without_content_gets_no_score(trained_home: Home) -> None:
    """Scores keep the position of their customer in the frame, whatever blank rows stand between."""
    champion = trained_home.champion
    assert champion is not None
    customers, scorer = make_customers(20), champion.scorer()
    frame = customers.reindex([0, 50, *range(1, 20), 51]).set_axis(range(100, 122))

    scores = scorer.score(frame)

    assert scores.index.tolist() == [0, *range(2, 21)]
    assert frame.iloc[scores.index]["customerID"].tolist() == scores["customerID"].tolist()
    pd.testing.assert_frame_equal(scores.reset_index(drop=True), scorer.score(customers))


def test_batch_mates_change_nothing(trained_home: Home) -> None:
    """A customer's row is the same bytes alone, in another order and among any number of others."""
    champion = trained_home.champion
    assert champion is not None
    customers = make_customers(300)
    scorer = champion.scorer()
    expected = scorer.score(customers).set_index("customerID")

    for size in (1, 7, 64, 299):
        shuffled = customers.sample(frac=1, random_state=size).head(5 * size)
        parts = [scorer.score(shuffled.iloc[i : i + size]) for i in range(0, len(shuffled), size)]
        scores = pd.concat(parts).set_index("customerID")
        pd.testing.assert_frame_equal(scores, expected.loc[scores.index], check_exact=True)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 639, 641, 1_000, 1_024, 4_096])
def test_results_are_the_same_bits_in_any_batch(trained_home: Home, size: int) -> None:
    """Probability, contributions and reasons of thousands of random rows do not depend on the batch."""
    model, matrix = _model_and_rows(trained_home, 4_200 if size > 10 else 900)
    expected = (*model.reasons(matrix), model.contributions(matrix), model.probability(matrix))
    batches = [matrix[i : i + size] for i in range(0, len(matrix), size)]
    found = [(*model.reasons(b), model.contributions(b), model.probability(b)) for b in batches]

    for whole, parts in zip(expected, zip(*found, strict=True), strict=True):
        assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_nobody_is_scored_without_an_error(trained_home: Home) -> None:
    """An empty matrix gives empty results of the usual shapes and types."""
    model, matrix = _model_and_rows(trained_home, 0)
    probability, top = model.reasons(matrix)

    assert [each.shape for each in (probability, top)] == [(0,), (0, 3)]
    assert [each.dtype for each in (probability, top)] == [np.float32, np.int64]
    assert model.contributions(matrix).shape == (0, model.columns)


def _model_and_rows(home: Home, rows: int) -> tuple[Model, np.ndarray]:
    assert home.champion is not None
    model = Model(home.champion.onnx)
    return model, np.random.default_rng(0).normal(0, 1, (rows, model.inputs)).astype(np.float32)


def test_reasons_are_named_by_the_crms_columns(trained_home: Home) -> None:
    """Reasons are the columns with the largest contributions, strongest first, empty if there are fewer."""
    champion = trained_home.champion
    assert champion is not None
    customers = make_customers(400)
    scores = champion.scorer().score(customers)
    model, spec = Model(champion.onnx), champion.spec
    contributions = pd.DataFrame(model.contributions(encode(customers, spec)), columns=list(spec.columns))
    contributions = contributions.drop(columns=list(PROTECTED))

    for given, row in zip(scores[list(REASONS)].to_numpy(), contributions.to_dict("records"), strict=True):
        expected = [name for name in sorted(row, key=row.__getitem__, reverse=True) if row[name] > 0][:3]
        assert [*given] == [*expected, "", "", ""][:3]


def test_cut_points_are_cut_from_the_published_probability(trained_home: Home) -> None:
    """Flag, decile and band follow from the rounded probability in the file."""
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

    with pytest.raises(BundleError, match="from different training runs"):
        Scorer(champion.onnx, spec, champion.cut_points, model_version="x")


def test_a_spec_with_other_inputs(trained_home: Home) -> None:
    """So is one with the graph's columns, but not its inputs."""
    champion = trained_home.champion
    assert champion is not None
    first, *others = champion.spec.numbers
    fewer = first.model_copy(update={"edges": first.edges[1:], "reference": first.reference[1:]})
    spec = champion.spec.model_copy(update={"numbers": (fewer, *others)})
    scorer = Scorer(champion.onnx, spec, champion.cut_points, model_version="x")

    with pytest.raises(BundleError, match="from different training runs"):
        scorer.score(make_customers(5))


@pytest.mark.parametrize("onnx", [b"", b"garbage", b"\x08\x08"])
def test_what_is_no_model(onnx: bytes) -> None:
    """Bytes that are no graph are refused without the runtime's own error."""
    with pytest.raises(BundleError) as error:
        Model(onnx)

    loaded = f"model.onnx cannot be loaded by onnxruntime {ort.__version__}"
    assert str(error.value).startswith("model.onnx cannot be read" if onnx == b"garbage" else loaded)
    assert error.value.__suppress_context__


@pytest.mark.parametrize("field", ["probability", "contributions", "reasons", "encoded"])
def test_the_self_test_fails_on_another_model(trained_home: Home, field: str) -> None:
    """Examples that are encoded, scored or explained differently from when they were made stop the night."""
    champion = trained_home.champion
    assert champion is not None
    first = champion.examples.examples[0]
    columns = zip(first.contributions, champion.examples.columns, strict=True)
    lowest = min(each for each in columns if each[1] not in PROTECTED)
    changes = {
        "probability": 1 - first.probability,
        "contributions": tuple(value + 0.02 for value in first.contributions),
        "reasons": (lowest[1],),
        "encoded": (first.encoded[0] + 1, *first.encoded[1:]),
    }
    changed = first.model_copy(update={field: changes[field]})
    wrong = champion.examples.model_copy(update={"examples": (changed, *champion.examples.examples[1:])})
    scorer = champion.scorer()

    with pytest.raises(BundleError, match=r"examples\.json"):
        scorer.self_test(wrong)
