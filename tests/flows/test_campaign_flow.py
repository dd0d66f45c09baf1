"""Acceptance: a campaign on the command line, from the proposal to the list."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import pytest
import yaml
from pydantic import BaseModel

from flows import campaign_flow
from schemas.campaign import Campaign, ChargesValue
from tasks.core.errors import ConfigError
from tasks.core.jobs.campaign_inputs import Desk
from tasks.core.jobs.decide_campaign import decide
from tests.harness.campaign_home import CampaignHome, groups_in, leaked, manifest_of, rows_of
from tests.harness.flow_home import FlowHome
from tests.harness.processes import command

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deployments" / "campaign.yaml"


@pytest.fixture
def house(trained_home: FlowHome, tmp_path: Path) -> CampaignHome:
    """Make a home with scores; the clock is the machine's."""
    house = CampaignHome(trained_home, tmp_path / "lists")
    house.score()
    for path in house.folder.glob("*/*.csv"):  # without a day in the name, lists are of the day they changed
        path.rename(path.with_name(f"{path.parent.name}.csv"))
    return house


def lists(house: CampaignHome) -> list[str]:
    """Set the contact lists."""
    return [
        "--set",
        f"contacts.objections={house.folder / 'objections'}",
        "--set",
        f"contacts.basis={house.folder / 'basis'}",
    ]


def file_of(house: CampaignHome, **changes: object) -> str:
    """Write a campaign that does not end."""
    return str(house.write(validity={"first_day": "2026-01-01", "last_day": "2099-12-31"}, **changes))


def run(house: CampaignHome, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    how = command(house.home.path, "campaign_flow.py", *arguments, *lists(house))
    return subprocess.run(capture_output=True, text=True, check=False, **how)


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Run the program's main here."""
    monkeypatch.setattr(sys, "argv", ["campaign_flow.py", *arguments])
    return campaign_flow.main()


def test_from_the_proposal_to_the_list(house: CampaignHome) -> None:
    """Proposed, approved, and not approved twice; logs show the plan and name nobody."""
    proposed = run(house, "--campaign", file_of(house))
    assert proposed.returncode == 0, proposed.stderr
    (name,) = [path.name for path in house.places.proposals.glob("[!.]*")]
    assert "| contacts" in proposed.stderr
    assert f'--approve {name} --by "NAME"' in proposed.stderr
    assert house.campaigns() == []

    approved = run(house, "--approve", name, "--by", "Claire Martin", "--comment", "Fine")
    assert approved.returncode == 0, approved.stderr
    (folder,) = house.campaigns()
    assert len(rows_of(folder)) == 60
    assert (manifest_of(folder).decision.by, manifest_of(folder).decision.comment) == (
        "Claire Martin",
        "Fine",
    )
    assert leaked((proposed.stderr + approved.stderr).encode(), rows_of(folder)["customerID"]) == []

    again = run(house, "--refuse", name, "--by", "Someone else")
    assert again.returncode == 10
    (line,) = [each for each in again.stderr.splitlines() if each.startswith("error: ")]
    assert f"error: proposal '{name}' was approved by Claire Martin" in line
    assert "Traceback" not in again.stderr
    assert house.campaigns() == [folder]


def test_what_the_flow_says(house: CampaignHome, caplog: pytest.LogCaptureFixture) -> None:
    """Proposed, dry, none and refused, each in one line for the dashboard."""
    caplog.set_level(logging.INFO)
    file = Path(file_of(house))
    dry = campaign_flow.campaign.fn((file,), config=house.config, dry_run=True)
    assert dry.message == "Dry run: nothing was kept."
    assert not [*house.places.proposals.glob("[!.]*")]
    assert campaign_flow.campaign.fn(config=house.config).message == (
        "No campaign was named, so none was proposed."
    )

    said = str(campaign_flow.campaign.fn((file, file), config=house.config).message)
    (name,) = [path.name for path in house.places.proposals.glob("[!.]*")]
    assert said.count(f"Decide with --approve {name} --by NAME, or --refuse.") == 2
    refused = campaign_flow.decision.fn(name, "Claire Martin", approve=False, config=house.config)
    assert refused.message == f"Refused: {name}."
    assert house.campaigns() == []
    again = str(campaign_flow.campaign.fn((file,), config=house.config).message)
    assert again.startswith("Proposed: ")
    assert name not in again  # what was refused is not opened again
    assert "hours ago; expected at most 30" in caplog.text


@pytest.mark.parametrize("flag", [["--dry-run"], ["--as-of", "2026-03-01"]])
@pytest.mark.parametrize("how", ["--approve", "--refuse"])
def test_flags_of_a_proposal_do_not_decide(
    flag: list[str], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be ignored, and a dry run would publish."""
    monkeypatch.setattr("sys.argv", ["campaign_flow.py", how, "some-proposal", "--by", "x", *flag])
    with pytest.raises(ConfigError, match="go with --campaign"):
        campaign_flow.main()


@pytest.mark.parametrize("flag", ["--by", "--comment"])
def test_a_proposal_takes_no_decision(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be ignored."""
    monkeypatch.setattr("sys.argv", ["campaign_flow.py", "--campaign", "c.yaml", flag, "x"])
    with pytest.raises(ConfigError, match="go with --approve or --refuse"):
        campaign_flow.main()


def test_a_run_asks_about_one_campaign_after_the_other(
    house: CampaignHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is proposed once the first is decided, so whom the first chose is not on it."""
    monkeypatch.setattr(campaign_flow, "run_of_deployment", lambda: UUID(int=7))
    files = Path(file_of(house)), Path(file_of(house, id="other"))

    def answer(desk: Desk, folder: Path) -> str:
        return str(decide(desk, folder.name, by="Claire Martin", approve=True))

    monkeypatch.setattr(campaign_flow, "_await_decision", answer)
    said = str(campaign_flow.campaign.fn(files, config=house.config).message)
    first, second = house.campaigns()
    assert (str(first) in said, str(second) in said) == (True, True)
    assert not {*groups_in(first)} & {*groups_in(second)}
    monkeypatch.setattr(campaign_flow, "run_of_deployment", lambda: UUID(int=8))
    monkeypatch.setattr(campaign_flow, "_await_decision", lambda _, folder: folder.name)
    with pytest.raises(ConfigError, match="has the id of a campaign before it in this run"):
        campaign_flow.campaign.fn((files[0], files[0]), config=house.config)


@pytest.mark.parametrize("how", ["--approve", "--refuse", "--campaign"])
def test_an_empty_name_is_refused(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""
    monkeypatch.setattr("sys.argv", ["campaign_flow.py", how, "", "--by", "x"])
    with pytest.raises(ConfigError, match="the path is empty"):
        campaign_flow.main()


def test_a_proposal_of_a_day(house: CampaignHome) -> None:
    """`as_of` and `extract` reach the job."""
    file = Path(file_of(house))
    (archived,) = house.places.archive.glob("*.csv")
    day = house.now.date().replace(day=1)
    assert "Proposed:" in str(campaign_flow.campaign.fn((file,), day, archived, house.config).message)
    with pytest.raises(ConfigError, match="there are no scores for 2026-03-02"):
        campaign_flow.campaign.fn((file,), day.replace(day=2), config=house.config)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--approve", "x"), "a decision needs the name of the person who decides. Pass --by NAME"),
        (("--refuse", "x"), "a decision needs the name of the person who decides. Pass --by NAME"),
        ((), "one of the arguments --campaign --approve --refuse is required"),
        (("--campaign", "a.yaml", "--approve", "x"), "not allowed with"),
        (("--campaign", ""), "the path is empty"),
        (("--campaign", "a.yaml", "--as-of", "yesterday"), "is not a date"),
        (("--campaign", "a.yaml", "--set", "nope=1"), "there is no such setting"),
    ],
)
def test_wrong_flags(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str) -> None:
    """One line to the operator, exit code 10."""
    with pytest.raises(ConfigError, match=said) as raised:
        main(monkeypatch, *arguments)
    assert raised.value.exit_code == 10
    assert "\n" not in str(raised.value)


def test_the_printed_schema_is_the_campaign_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not that of the settings of scoring."""
    with pytest.raises(SystemExit) as exit_:
        main(monkeypatch, "--print-schema")
    assert exit_.value.code == 0
    assert json.loads(capsys.readouterr().out) == Campaign.model_json_schema()


def settings_of(model: type[BaseModel], before: str = "") -> set[str]:
    """List every setting of a model by its path; of a value in several forms, the first."""
    found = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if get_origin(kind) in (Union, UnionType):
            kind = next(each for each in get_args(kind) if each is not NoneType)
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= settings_of(kind, f"{before}{name}.")
        else:
            found.add(f"{before}{name}")
    return found


def paths_in(values: dict[str, Any], before: str = "") -> set[str]:
    """List every setting of a file by its path."""
    found = set()
    for name, value in values.items():
        found |= paths_in(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}"}
    return found


def test_the_example_is_valid_and_has_every_setting() -> None:
    """Whoever copies it sees everything that can be set; the other form of `value` is in a comment."""
    text = EXAMPLE.read_text()
    assert isinstance(Campaign.model_validate(yaml.safe_load(text)).value, ChargesValue)
    settings = settings_of(Campaign)
    assert {"value.margin", "budget.money", "experiment.control_share", "decide_within_hours"} <= settings
    assert paths_in(yaml.safe_load(text)) == settings
    other = text.replace("value: { margin", "# value: { margin").replace("# value: { file", "value: { file")
    assert Campaign.model_validate(yaml.safe_load(other)).value.model_dump() == {
        "file": "values.csv",
        "column": "lifetime_value",
    }


def test_the_example_is_proposed(house: CampaignHome) -> None:
    """As it is."""
    assert "Proposed:" in str(campaign_flow.campaign.fn((EXAMPLE,), config=house.config).message)
