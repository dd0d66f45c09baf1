"""A Prefect server for each of the two groups of tests that need one; its logs are shown if a test fails."""

from collections.abc import Generator, Iterator

import pytest

from tests.harness.deployment import DEPLOY, working
from tests.harness.flow_home import FlowHome
from tests.harness.home import Home
from tests.harness.server import Program, Server, serving


@pytest.fixture
def home(home: Home) -> FlowHome:
    """Make an empty CHURN_HOME for flows."""
    return FlowHome(home.path)


@pytest.fixture(scope="session")
def _trained(_trained: Home) -> FlowHome:
    return FlowHome(_trained.path)


@pytest.fixture
def trained_home(_trained: FlowHome, home: FlowHome) -> FlowHome:
    """Make a CHURN_HOME for flows, with a champion trained on `crm_extract`."""
    return _trained.copy_to(home.path)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the server."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def deployed(server: Server) -> Server:
    """Create work pool, deployments and automations, as the README says."""
    server.run(*DEPLOY.split())
    return server


@pytest.fixture
def worker(deployed: Server, trained_home: Home) -> Iterator[Program]:
    """Run a worker for a home with a champion."""
    (trained_home.path / "inbox").mkdir()
    with working(deployed, trained_home) as program:
        yield program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the logs with a failure."""
    report = yield
    running = item.funcargs.get("server")
    if report.failed and isinstance(running, Server):
        report.sections.append(("Prefect's logs", running.log_tail()))
    return report
