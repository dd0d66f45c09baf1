import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schemas.config import GatePolicy, Locations, ScoreConfig, TrainConfig
from schemas.cut_points import CutPoints
from schemas.manifest import Champion, FileSeal
from schemas.measures import Measure
from schemas.preprocessing import Examples, Spec
from schemas.reports import RowCounts

ROOT = Path(__file__).parents[2]
DECILES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
CUTS: dict[str, Any] = {"threshold": 0.5, "deciles": DECILES, "high": 0.8, "medium": 0.5}
TRAIN: dict[str, Any] = {"fit": {"hidden": [4_096, 1], "learning_rate": "2e-3", "seed": 7}}
MOVE: dict[str, Any] = {
    "sequence": 1,
    "action": "promote",
    "bundle_id": "0" * 16,
    "manifest_sha256": "0" * 64,
    "previous": None,
    "forced": False,
    "at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (CutPoints, CUTS | {"deciles": DECILES[:8]}),
        (CutPoints, CUTS | {"deciles": DECILES[::-1]}),
        (CutPoints, CUTS | {"high": 0.4}),
        (CutPoints, CUTS | {"threshold": float("nan")}),
        (CutPoints, CUTS | {"unknown": 1}),
        (Champion, MOVE | {"bundle_id": "../../etc/passwd"}),
        (Champion, MOVE | {"manifest_sha256": "0"}),
        (Champion, MOVE | {"format_version": 2}),
        (FileSeal, {"sha256": "0" * 64, "size": -1}),
        (Measure, {"value": float("inf"), "low": None, "high": None}),
        (TrainConfig, {"fit": {"hidden": [64]}}),
        (TrainConfig, {"fit": {"sed": 1}}),
        (TrainConfig, {"fit": {"seed": True}}),
        (TrainConfig, {"fit": {"seed": "7"}}),
        (TrainConfig, {"fit": {"hidden": [0, 5]}}),
        (TrainConfig, {"fit": {"hidden": [64, -5]}}),
        (TrainConfig, {"fit": {"hidden": [4_097, 64]}}),
        (TrainConfig, {"fit": {"hidden": [64, True]}}),
        (TrainConfig, {"split": {"training_share": 0.6, "validation_share": 0.4}}),
        (GatePolicy, {"switched_off": ["everything"]}),
        (ScoreConfig, {"keep_days": 0}),
    ],
)
def test_what_is_not_meant_is_refused(model: type[BaseModel], values: dict[str, Any]) -> None:
    """Unknown fields, impossible values and values that are not finite never enter a contract."""
    with pytest.raises(ValidationError):
        model.model_validate(values)


@pytest.mark.parametrize(("model", "values"), [(CutPoints, CUTS), (Champion, MOVE), (TrainConfig, TRAIN)])
def test_contracts_survive_the_round_trip(model: type[BaseModel], values: dict[str, Any]) -> None:
    """What is written is read back equal."""
    made = model.model_validate(values)

    assert model.model_validate_json(made.model_dump_json()) == made


def test_every_setting_is_described() -> None:
    """Each leaf of the training configuration has a description and a default."""
    definitions = TrainConfig.model_json_schema()["$defs"]
    fields = [field for group in definitions.values() for field in group["properties"].values()]

    assert len(fields) > 25
    assert [field["title"] for field in fields if not field.get("description")] == []


def test_counts_reconcile() -> None:
    """Received lines are accounted for exactly once, or not at all."""
    counts = RowCounts(received=10, accepted=6, quarantined=2, exact_duplicates=1, blank_lines=1)

    assert counts.reconciles
    assert not counts.model_copy(update={"received": 11}).reconciles


def test_everything_lies_below_the_home() -> None:
    """The layout of CHURN_HOME is a contract of its own."""
    names = ("inbox", "work", "archive", "rejected", "registry", "scores", "runs")
    places = Locations(home=Path("/home"))

    assert [getattr(places, name) for name in names] == [Path("/home") / name for name in names]
    assert places.retention_log == Path("/home/retention.jsonl")
    assert places.retention_pending == Path("/home/.retention-pending.json")


@pytest.mark.parametrize(
    ("name", "model"), [("preprocessing", Spec), ("examples", Examples), ("cut_points", CutPoints)]
)
def test_the_schemas_of_a_bundle_are_published(name: str, model: type[BaseModel]) -> None:
    """docs/<name>.schema.json matches pydantic's schema of the bundle's <name>.json."""
    published = json.loads((ROOT / "docs" / f"{name}.schema.json").read_text(encoding="utf-8"))

    assert published == model.model_json_schema()


def test_a_process_may_use_both_contracts() -> None:
    """The training's checks and the night's have the same names, whichever model is built first."""
    program = (
        "from schemas.extract import ScoringExtract, TrainingExtract\n"
        "for model in ({}):\n"
        "    print(*sorted(check.name for check in model.to_schema().checks))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program.format(order)], capture_output=True, text=True, check=True
        ).stdout
        for order in ("ScoringExtract, TrainingExtract", "TrainingExtract, ScoringExtract")
    }

    assert said == {2 * "conflicting_id internet_incoherent phone_incoherent total_blank total_incoherent\n"}
