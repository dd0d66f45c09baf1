"""The status command: fast, without an orchestrator, and read-only."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.status import Status
from tests.harness.customers import make_customers
from tests.harness.flow_home import FlowHome

ROOT = Path(__file__).parents[2]


def status(home: FlowHome, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run the status command for a home."""
    return subprocess.run(
        [sys.executable, "flows/status.py", *flags],
        cwd=ROOT,
        env=os.environ | {"CHURN_HOME": str(home.path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_page_for_people_and_json_for_programs(trained_home: FlowHome) -> None:
    """Without alarms the code is 0, with alarms 4; JSON says the same as the page."""
    (trained_home.path / "inbox").mkdir()
    yesterday = (datetime.now(tz=UTC) - timedelta(days=1)).date()
    make_customers(20).to_csv(trained_home.path / "inbox" / f"crm_{yesterday}.csv", index=False)
    trained_home.score()
    roomy = ("--set", "alarms.min_free_share=1.0e-6")

    quiet = status(trained_home, *roomy)
    told = status(trained_home, "--json", *roomy)
    alarmed = status(
        trained_home, "--json", "--set", "alarms.max_age_hours=1", "--set", "alarms.min_free_share=0.999"
    )

    assert quiet.returncode == told.returncode == 0, quiet.stdout + quiet.stderr
    assert str(yesterday) in quiet.stdout
    found = Status.model_validate_json(told.stdout)
    assert [night.scored for night in found.nights] == [20]
    assert "horizon: 30 days (assumed)" in quiet.stdout
    assert json.loads(told.stdout)["champion"]["horizon"] == {"days": 30, "source": "assumed"}
    assert alarmed.returncode == 4
    assert "disk_nearly_full" in {alarm.code for alarm in Status.model_validate_json(alarmed.stdout).alarms}


def test_a_setting_that_does_not_fit(home: FlowHome) -> None:
    """It is refused as everywhere."""
    done = status(home, "--set", "alarms.max_age_hours=0")

    assert done.returncode == 10
    assert done.stderr.startswith("error: setting 'alarms.max_age_hours'")


def test_a_home_that_is_not_there(tmp_path: Path) -> None:
    """A mistyped CHURN_HOME is reported, not created."""
    done = status(FlowHome(tmp_path / "mistyped"))

    assert done.returncode == 10
    assert "does not exist. Set it to the folder" in done.stderr
    assert not (tmp_path / "mistyped").exists()


def test_it_loads_neither_orchestrator_nor_training() -> None:
    """The status must answer where Prefect's server is down and torch is not installed."""
    program = (
        "import sys, flows.status;print(sorted({'prefect', 'torch', 'sklearn', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
