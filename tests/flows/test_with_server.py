import re
from pathlib import Path

import pytest

from tests.harness.customers import make_customers
from tests.harness.flow_home import QUICK, FlowHome
from tests.harness.sampled import sampled
from tests.harness.server import Server

pytestmark = pytest.mark.xdist_group("second-server")


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """Write the quick settings as a file."""
    path = tmp_path / "quick.json"
    path.write_text(QUICK.model_dump_json())
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Write an extract in which every tenure is the customer's id."""
    path = tmp_path / "crm_2026-03-03.csv"
    make_customers(600).assign(tenure=lambda table: table["customerID"]).to_csv(path, index=False)
    return path


def last_run(server: Server, flow: str) -> dict[str, object]:
    """Return a flow's latest started run."""
    runs = {"start_time": {"is_null_": False}}
    wanted = {"flows": {"name": {"any_": [flow]}}, "flow_runs": runs, "sort": "START_TIME_DESC", "limit": 1}
    run: dict[str, object]
    (run,) = server.ask("flow_runs/filter", wanted)
    return run


@pytest.mark.long
def test_a_training_shows_its_artifacts(
    server: Server, home: FlowHome, quick: Path, crm_extract: Path
) -> None:
    """A training by its file leaves with 0, and its run holds every artifact."""
    ended = server.flow("train", "--extract", str(crm_extract), "--config", str(quick), home=home.path)
    run = last_run(server, "train")
    shown = server.ask("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}})

    assert ended.returncode == 0, ended.stderr
    assert home.champion is not None
    assert run["state_type"] == "COMPLETED"
    assert {artifact["key"] for artifact in shown} == {"data-audit", "evaluation", "gate", "files"}


@pytest.mark.long
def test_a_refused_candidate_is_a_result(
    server: Server, home: FlowHome, tmp_path: Path, crm_extract: Path
) -> None:
    """A candidate that its gate refuses gives exit code 3 and a Completed run named Refused."""
    config = QUICK.model_dump()
    config["gate"] |= {"min_roc_auc": 1.0, "min_f1": 1.0}
    demanding = tmp_path / "demanding.json"
    demanding.write_text(type(QUICK).model_validate(config).model_dump_json())
    ended = server.flow("train", "--extract", str(crm_extract), "--config", str(demanding), home=home.path)
    run = last_run(server, "train")

    assert ended.returncode == 3, ended.stderr
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Refused")
    assert home.champion is None


@pytest.mark.parametrize("flow", sampled(["score", "train"], 2))
def test_a_failing_step_fails_the_run(
    server: Server, trained_home: FlowHome, broken: Path, flow: str
) -> None:
    """A broken extract gives a Failed run, the sender's exit code and one line without a traceback."""
    ended = server.flow(flow, "--extract", str(broken), home=trained_home.path)
    errors = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]

    assert ended.returncode == 20, ended.stderr
    assert last_run(server, flow)["state_type"] == "FAILED"
    assert len(errors) == 1
    assert "Traceback" not in ended.stdout + ended.stderr


def test_the_server_knows_no_customer(
    server: Server, trained_home: FlowHome, tmp_path: Path, broken: Path
) -> None:
    """After good and broken extracts neither the database nor a log holds a customer's id."""
    good = tmp_path / "crm_2026-03-04.csv"
    make_customers(50, seed=4).to_csv(good, index=False)
    for extract in (good, broken):
        server.flow("score", "--extract", str(extract), home=trained_home.path)
    files = [*server.prefect_home.rglob("*"), *server.logs.glob("*.log")]
    stored = b"".join(path.read_bytes() for path in files if path.is_file())

    assert b"50 lines received = 50 accepted" in stored
    assert not re.findall(rb"TEST-\d{3}-\d{7}", stored)
