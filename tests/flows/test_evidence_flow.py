import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.config import TrainConfig
from tests.flows.test_train_flow import MODEL_FILES, only_bundle, settings
from tests.harness.flow_home import FlowHome

PATIENCE_SECONDS = 300
FOLDS = {"evaluation": {"folds": 3}}
STUDENT = {"fit": {"student": "distilled"}}
FILES = (*MODEL_FILES, "evaluation.json", "report.html", "model_card.md")


def killed_when(appears: str, home: Path, extract: Path, config: TrainConfig) -> str:
    """Train in a process of its own and kill it as soon as a file of the run appears; give the run's id."""
    program = (
        "import sys; from pathlib import Path; from schemas.config import TrainConfig;"
        " from tests.harness.flow_home import FlowHome;"
        " FlowHome(Path(sys.argv[1])).train(Path(sys.argv[2]), TrainConfig.model_validate_json(sys.argv[3]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, home, extract, config.model_dump_json()],
        env=os.environ | {"CHURN_HOME": str(home)},
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := list(home.glob(f"runs/*/{appears}"))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return found[0].relative_to(home / "runs").parts[0]


def test_the_folds_judge_every_customer(home: FlowHome, crm_extract: Path) -> None:
    """The gate compares over the folds; report and card lead with the answer."""
    home.train(crm_extract, settings(**FOLDS, gate={"switched_off": [], "auc_margin": 0.1}))
    bundle = only_bundle(home)
    (run,) = (home.path / "runs").iterdir()

    champion = home.champion
    assert champion is not None
    evidence = champion.evaluation.cross_fit
    assert evidence is not None
    assert evidence.folds == 3
    assert sorted(path.name for path in (run / "folds").iterdir()) == ["1", "2", "3"]
    difference = evidence.baselines["logistic regression"].difference
    assert difference.customers == champion.manifest.extract.counts.accepted
    (check,) = [each for each in champion.manifest.gate.checks if each.name == "baseline"]
    assert f"on {difference.customers} customers" in check.observed
    for name in ("report.html", "model_card.md"):
        assert "Better than logistic regression: " in (bundle / name).read_text()


@pytest.mark.long
@pytest.mark.parametrize(
    "appears",
    [
        "checkpoints/member_2/last.pt",
        "checkpoints/student/last.pt",
        "folds/2/member_2/last.pt",
        "folds/2/student/last.pt",
    ],
)
def test_a_killed_training_resumes_to_the_same_bytes(
    home: FlowHome,
    crm_extract: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    appears: str,
) -> None:
    """Killed in teacher, student or fold and resumed, a training ends as if uninterrupted."""
    config = settings(**FOLDS, **STUDENT)
    home.train(None, resume=killed_when(appears, home.path, crm_extract, config))
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / "other"))
    other = FlowHome(tmp_path / "other")
    other.train(crm_extract, config)

    assert only_bundle(home).name == only_bundle(other).name
    for name in FILES:
        assert (only_bundle(home) / name).read_bytes() == (only_bundle(other) / name).read_bytes()
