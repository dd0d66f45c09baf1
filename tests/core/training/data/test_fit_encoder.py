import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from schemas.config import EncodingConfig
from schemas.preprocessing import Spec
from tasks.core.bundle.encoder import Encoder, encode
from tasks.core.training.data.fit_encoder import fit_spec

CONFIG = EncodingConfig()


def _in_domain(frame: pd.DataFrame, spec: Spec) -> npt.NDArray[np.bool_]:
    encoder = Encoder(spec)
    return encoder.in_domain(encoder.columns(frame))


def test_default_spec_has_74_inputs(customers: pd.DataFrame) -> None:
    """Three standardised numbers with sixteen bins each and 23 category inputs."""
    spec = fit_spec(customers, CONFIG)

    assert len(spec.feature_names) == 3 * (1 + 16) + 23
    assert Spec.model_validate_json(spec.to_json_bytes()) == spec


def test_training_part_is_standardised_and_in_its_own_domain(customers: pd.DataFrame) -> None:
    """On the training rows, a standardised number has mean 0 and standard deviation 1."""
    spec = fit_spec(customers, CONFIG)
    matrix = encode(customers, spec)
    standardised = [i for i, name in enumerate(spec.feature_names) if name.endswith(":standardised")]

    assert matrix[:, standardised].mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert matrix[:, standardised].std(axis=0) == pytest.approx(1, abs=1e-5)
    assert _in_domain(customers, spec).all()


def test_bins_hold_equal_shares(customers: pd.DataFrame) -> None:
    """Edges are training quantiles: each bin of charges holds a sixteenth of the customers."""
    edges = fit_spec(customers, CONFIG).numbers[1].edges
    counts, _ = np.histogram(customers["MonthlyCharges"], bins=np.array(edges))

    assert len(edges) == 17
    assert counts == pytest.approx(600 / 16, abs=2)


def test_row_order_changes_no_byte(customers: pd.DataFrame) -> None:
    """The same customers in another order give the same bytes."""
    shuffled = customers.sample(frac=1, random_state=1)

    assert fit_spec(shuffled, CONFIG).to_json_bytes() == fit_spec(customers, CONFIG).to_json_bytes()


def test_blank_total_charges_count_as_nothing_charged(customers: pd.DataFrame) -> None:
    """Blanks are imputed before mean, scale and edges are fitted."""
    number = fit_spec(customers, CONFIG).numbers[2]

    assert customers["TotalCharges"].isna().any()
    assert number.blank == 0.0
    assert number.low == 0.0
    assert number.mean == pytest.approx(customers["TotalCharges"].fillna(0).mean())


def test_protected_attributes_can_be_left_out(customers: pd.DataFrame) -> None:
    """Configured so, gender and age group change no input."""
    spec = fit_spec(customers, EncodingConfig(protected_attributes=False))
    swapped = customers.assign(gender="Male", SeniorCitizen="1")

    assert not any(name.startswith(("gender", "SeniorCitizen")) for name in spec.feature_names)
    assert np.array_equal(encode(swapped, spec), encode(customers, spec))


def test_value_unseen_in_training_has_no_input(customers: pd.DataFrame) -> None:
    """A value of the vocabulary that training did not meet is encoded as zeros and out of domain."""
    training = customers[customers["Contract"] != "Two year"]
    spec = fit_spec(training, CONFIG)
    stranger = customers[customers["Contract"] == "Two year"]
    inputs = [i for i, name in enumerate(spec.feature_names) if name.startswith("Contract=")]

    assert [spec.feature_names[i] for i in inputs] == ["Contract=One year"]
    assert not encode(stranger, spec)[:, inputs].any()
    assert not _in_domain(stranger, spec).any()


@pytest.mark.parametrize("constant", [0.0, 0.1, 70.35, 1e300])
def test_number_that_never_varied_is_one_zero_input(customers: pd.DataFrame, constant: float) -> None:
    """A constant has scale 1, no bin, and anything else is out of domain."""
    training = customers.assign(MonthlyCharges=constant)
    spec = fit_spec(training, CONFIG)
    number = spec.numbers[1]
    column = spec.feature_names.index("MonthlyCharges:standardised")

    assert (number.mean, number.scale, number.edges) == (constant, 1.0, (constant,))
    assert not encode(training, spec)[:, column].any()
    assert not _in_domain(customers.assign(MonthlyCharges=constant + 1 + constant), spec).any()


def test_few_distinct_numbers_give_fewer_bins(customers: pd.DataFrame) -> None:
    """Quantiles that coincide are one edge."""
    training = customers.assign(tenure=np.where(customers["tenure"] > 30, 5.0, 1.0))
    spec = fit_spec(training, CONFIG)

    assert spec.numbers[0].edges == (1.0, 5.0)
    assert np.isfinite(encode(training, spec)).all()


def test_one_customer_is_enough(customers: pd.DataFrame) -> None:
    """A single row gives a valid spec with constant columns only."""
    spec = fit_spec(customers.iloc[:1], CONFIG)

    assert len(spec.feature_names) == 3
    assert not encode(customers.iloc[:1], spec).any()
