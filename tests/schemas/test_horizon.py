from schemas.config import OutcomeConfig, TrainConfig
from schemas.horizon import Horizon


def test_a_horizon_is_assumed_until_it_is_declared() -> None:
    """The default is thirty days; declaring thirty days is something else than assuming them."""
    assert Horizon.of(OutcomeConfig()) == Horizon(days=30, source="assumed")
    assert Horizon.of(OutcomeConfig(horizon_days=30)) == Horizon(days=30, source="declared")


def test_a_declaration_is_kept_where_settings_are_written_down() -> None:
    """What `run.json` and a manifest hold says whether the horizon was declared."""
    for outcome in ({}, {"horizon_days": None}, {"horizon_days": 60}):
        config = TrainConfig.model_validate({"outcome": outcome})
        again = TrainConfig.model_validate_json(config.model_dump_json())

        assert Horizon.of(again.outcome) == Horizon.of(config.outcome)


def test_settings_of_earlier_versions_declare_nothing() -> None:
    """A run interrupted before can be resumed, and an older manifest can be read."""
    earlier = TrainConfig().model_dump(exclude={"outcome"})

    assert Horizon.of(TrainConfig.model_validate(earlier).outcome).source == "assumed"


def test_the_schema_says_what_is_assumed() -> None:
    """`--print-schema` names the default, although the setting itself is empty."""
    (setting,) = OutcomeConfig.model_json_schema()["properties"].values()

    assert "30 days are assumed if it is not declared" in setting["description"]
