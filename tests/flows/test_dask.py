import shutil
import sys
from concurrent.futures import CancelledError
from pathlib import Path

import pandas as pd
import pytest

from schemas.config import ContactsConfig, ScoreConfig
from tasks import cluster
from tasks.core.errors import ConfigError
from tests.harness.customers import make_customers
from tests.harness.dask_cluster import dask_cluster
from tests.harness.flow_home import FlowHome
from tests.harness.server import Server

distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
pytestmark = pytest.mark.xdist_group("second-server")

SMALL = ("--set", "partition_bytes=1048576")


@pytest.fixture(scope="session")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write twenty thousand customers: some bad, one duplicated, some conflicting across partitions."""
    table = make_customers(20_000)
    table.loc[[5, 10_000, 19_000], "Contract"] = "Weekly"
    table.loc[19_990] = table.loc[1]
    table.loc[[12_000, 19_991], "customerID"] = table.loc[2, "customerID"]
    path = tmp_path_factory.mktemp("crm") / "crm_2026-03-01.csv"
    table.to_csv(path, index=False)
    return path


def results(home: FlowHome) -> dict[str, bytes]:
    """Move the published scores and quarantine away."""
    (folder,) = home.published()
    taken = {name: (folder / name).read_bytes() for name in ("scores.csv", "quarantine.csv")}
    shutil.rmtree(folder)
    return taken


@pytest.fixture
def expected(trained_home: FlowHome, extract: Path) -> dict[str, bytes]:
    """Score on this machine."""
    trained_home.score(extract)
    return results(trained_home)


def test_worker_processes_give_the_same_bytes(
    server: Server, trained_home: FlowHome, extract: Path, expected: dict[str, bytes]
) -> None:
    """A cluster that the run starts itself publishes what one machine does, and leaves nothing behind."""
    ended = server.flow(
        "score", "--extract", str(extract), "--runner", "dask", *SMALL, home=trained_home.path
    )

    assert ended.returncode == 0, ended.stderr
    assert "4 partitions" in ended.stdout + ended.stderr
    assert results(trained_home) == expected
    assert [path.name for path in (trained_home.path / "work").iterdir()] == [".lock"]


def test_worker_processes_leave_out_whoever_objected(
    server: Server, trained_home: FlowHome, extract: Path, tmp_path: Path
) -> None:
    """With contact lists, a cluster publishes the bytes of one machine, too."""
    objectors = make_customers(20_000)["customerID"].iloc[::7]
    path = tmp_path / "objections.csv"
    path.write_text(
        "customerID,objected_on,scope\n" + "".join(f"{each.lower()},2026-01-01,all\n" for each in objectors)
    )
    contacts = ContactsConfig(objections=path)
    trained_home.score(extract, config=ScoreConfig(contacts=contacts))
    expected = results(trained_home)
    ended = server.flow(
        *("score", "--extract", str(extract), "--runner", "dask", *SMALL),
        *("--set", f"contacts.objections={path}"),
        home=trained_home.path,
    )

    assert ended.returncode == 0, ended.stderr
    assert results(trained_home) == expected
    scored = {line.partition(b",")[0].decode() for line in expected["scores.csv"].splitlines()}
    assert len(scored) > 10_000
    assert not scored & {*objectors}


@pytest.mark.long
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    server: Server, trained_home: FlowHome, extract: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """Killed within a partition, its work is done by another, to the same bytes; so is a rerun's."""
    env = server.env_of(trained_home.path)
    flags = ("--extract", str(extract), *SMALL)
    with dask_cluster(env, tmp_path, workers=2, preload="tests.harness.killing") as runner:
        ended = server.flow("score", *flags, "--runner", runner, home=trained_home.path)

        assert ended.returncode == 0, ended.stderr
        assert (trained_home.path / "killed").exists()
        assert results(trained_home) == expected

        again = server.flow("score", *flags, "--runner", runner, home=trained_home.path)

    assert again.returncode == 0, again.stderr
    assert results(trained_home) == expected


@pytest.mark.long
def test_a_bad_part_is_refused_as_on_one_machine(
    server: Server, trained_home: FlowHome, extract: Path, tmp_path: Path
) -> None:
    """What a worker refuses is said in the same line, with the same code, and publishes nothing."""
    folder = tmp_path / "crm"
    folder.mkdir()
    shutil.copy(extract, folder / "part-0.csv")
    pd.read_csv(extract).drop(columns="tenure").to_parquet(folder / "part-1.parquet")

    ended = server.flow("score", "--extract", str(folder), "--runner", "dask", home=trained_home.path)

    assert ended.returncode == 20
    assert "error: extract 'crm/part-1.parquet' is missing 1 of 20 columns: 'tenure'" in ended.stderr
    assert trained_home.published() == []


@pytest.mark.long
def test_a_scheduler_that_does_not_answer(server: Server, trained_home: FlowHome, extract: Path) -> None:
    """An address where nobody listens is said in one line, for the operator."""
    env = {**server.env, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    nowhere = Server(env, server.logs)

    ended = nowhere.flow(
        "score", "--extract", str(extract), "--runner", "dask://127.0.0.1:9", home=trained_home.path
    )

    assert ended.returncode == 10
    assert "error: --runner dask://127.0.0.1:9: no scheduler with a worker answers." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "runner", ["ray", "dask:", "dask://", "dask://host", "dask://host:x", "dask://h:1/x", ""]
)
def test_an_unknown_runner(trained_home: FlowHome, extract: Path, runner: str) -> None:
    """What is no runner is refused before anything is taken from the inbox."""
    with pytest.raises(ConfigError, match="expected 'threads', 'dask' or 'dask://host:port'"):
        trained_home.score(extract, runner=runner)


def test_without_the_extra(trained_home: FlowHome, extract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Dask is not installed the line names the extra to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(ConfigError, match=r"pip install -c constraints.txt -e '\.\[dask\]'"):
        trained_home.score(extract, runner="dask")


@pytest.mark.parametrize("error", [distributed.KilledWorker("partition", None, 3), CancelledError()])
def test_a_cluster_that_is_lost(error: Exception) -> None:
    """When a partition has killed worker after worker, or the scheduler is gone, one line says so."""

    class Lost:
        def result(self) -> None:
            raise error

    with pytest.raises(
        ConfigError, match="--runner dask://h:1: the cluster lost its scheduler or too many workers"
    ):
        list(cluster.Results([Lost()], "dask://h:1"))


def test_results_may_be_gone_through_again() -> None:
    """A step that is tried again after a passing fault of the disk gets all of them, in order."""

    class Done:
        def result(self) -> str:
            return "done"

    results = cluster.Results([Done(), Done()], "dask")

    assert len(results) == 2
    assert list(results) == list(results) == ["done", "done"]


def test_an_address_is_written_as_dask_does() -> None:
    """The scheme is ours; Dask's own is TCP."""
    assert cluster._address("dask://scheduler.example:8786") == "tcp://scheduler.example:8786"
    assert cluster._address("dask") is None
