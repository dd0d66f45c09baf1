import pytest

from schemas.config import IngestConfig, ReadingConfig
from schemas.scoring_inputs import ScoringInputs

DEFAULT = ScoringInputs.of(IngestConfig())


def test_the_default_inputs_keep_their_id() -> None:
    """Scores of equal settings are found again by every later version with the same rules."""
    assert DEFAULT.inputs_id == "2e43aed5fb4add63"


@pytest.mark.parametrize(
    "changed",
    [
        {"aliases": {"Client": "customerID"}},
        {"value_maps": {"SeniorCitizen": {"No": "0", "Yes": "1"}}},
        {"allow_personal_columns": ("Phone",)},
        {"max_quarantined_share": 0.5},
        {"max_unpacked_bytes": 2**30},
    ],
)
def test_every_setting_of_reading_counts(changed: dict[str, object]) -> None:
    """Whatever decides which rows are accepted, and as what, gives another id; all of it is tried here."""
    assert ScoringInputs.of(IngestConfig.model_validate(changed)).inputs_id != DEFAULT.inputs_id
    assert len(ReadingConfig.model_fields) == 5


def test_the_rules_count() -> None:
    """Another version of the rules gives another id."""
    assert DEFAULT.model_copy(update={"rules_version": 99}).inputs_id != DEFAULT.inputs_id


def test_what_leaves_the_bytes_alone_does_not_count() -> None:
    """Neither what only a training needs nor the order in which settings are written."""
    first = IngestConfig(
        aliases={"a": "tenure", "b": "gender"}, allow_personal_columns=("x", "y"), min_training_rows=50
    )
    second = IngestConfig(aliases={"b": "gender", "a": "tenure"}, allow_personal_columns=("y", "x", "y"))

    assert ScoringInputs.of(first).inputs_id == ScoringInputs.of(second).inputs_id
