import configparser
import re
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from tests.flows.test_base_install import INSTALL
from tests.harness.deployment import DEPLOY, DEPLOYMENTS, WORKER
from tests.harness.server import ROOT, SERVER

FOLDER = ROOT / "deployments"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


@pytest.mark.parametrize(("name", "extra"), [("score", "."), ("train", '".[train]"')])
def test_an_image_installs_what_the_base_install_does(name: str, extra: str) -> None:
    """A container file installs as the base install's test does, the training's with its extra."""
    text = (FOLDER / f"{name}.Containerfile").read_text().replace("\\\n", "")
    installs = re.findall(r"pip install --no-cache-dir --quiet ([^&\n]+?)\s*(?:&&|\n)", text)

    assert installs == [re.sub(r" \.$", f" {extra}", given) for given in INSTALL]


@pytest.mark.parametrize("name", ["score", "train"])
def test_an_image_copies_what_is_there(name: str) -> None:
    """Every source that a container file copies is in the project, and is let through to the build."""
    text = (FOLDER / f"{name}.Containerfile").read_text()
    sources = [
        source for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for source in line.split()[:-1]
    ]
    let_through = (ROOT / ".dockerignore").read_text().splitlines()

    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert {f"!{source}" for source in sources} == {line for line in let_through if line.startswith("!")}


def test_compose_runs_what_the_readme_runs() -> None:
    """The services run the commands of the README; only this machine sees the server."""
    worker, queue = WORKER.partition(" --name")[0], "--name {0} --work-queue {1}"

    assert SERVICES["server"]["command"] == f"{SERVER} --host 0.0.0.0"
    assert SERVICES["deploy"]["command"] == DEPLOY
    assert SERVICES["score"]["command"] == f"{worker} {queue.format('score', 'default')}"
    assert SERVICES["train"]["command"] == f"{worker} {queue.format('train', 'train')}"
    assert [port for each in SERVICES.values() for port in each.get("ports", [])] == ["127.0.0.1:4200:4200"]


def test_a_description_says_when_a_deployment_runs() -> None:
    """The list of deployments shows the description; its time is the schedule's."""
    for each in DEPLOYMENTS.values():
        hours = [schedule["cron"].split()[1] for schedule in each.get("schedules", [])]

        assert all(f"at {int(hour):02d}:00" in each["description"] for hour in hours)
        assert each.get("tags", []) == ([each["name"]] if hours else [])


def test_compose_names_files_that_are_there() -> None:
    """Container files and settings that compose.yaml names exist."""
    for service in SERVICES.values():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()
            assert (FOLDER / service["env_file"]).is_file()


def test_the_lock_has_the_database_driver() -> None:
    """The driver that compose.yaml names for PostgreSQL is installed with Prefect."""
    url = SERVICES["server"]["environment"]["PREFECT_SERVER_DATABASE_CONNECTION_URL"]

    assert make_url(url.replace("${PREFECT_DATABASE_PASSWORD}", "x")).get_dialect().import_dbapi()


@pytest.mark.parametrize(("name", "commands"), [("server", [SERVER]), ("worker", [DEPLOY, WORKER])])
def test_units_run_what_the_readme_runs(name: str, commands: list[str]) -> None:
    """A unit runs the README's commands, is started again, and takes everything with it when it stops."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(FOLDER / "systemd" / f"churn-{name}.service")
    service = unit["Service"]

    assert all(command in service["ExecStart"] for command in (". deployments/env.sh", *commands))
    assert service["KillMode"] == "control-group"
    assert service["Restart"] == "always"
    assert service["UMask"] == "0077"


def test_an_upgrade_brings_everything_to_the_new_version() -> None:
    """The page's upgrade runs deploy.sh, so automations too, and restarts every unit that there is."""
    page = (ROOT / "docs" / "operations.md").read_text()
    block = page.partition("## Upgrade\n\n```\n")[2].partition("```")[0]
    commands = [line.partition("#")[0].strip() for line in block.splitlines()]
    units = sorted(unit.stem for unit in (FOLDER / "systemd").iterdir())

    assert commands[0] == ". deployments/env.sh"
    assert commands[-2:] == [f"systemctl restart {' '.join(units)}", DEPLOY]
