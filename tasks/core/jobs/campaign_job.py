"""Propose a campaign, and decide on a proposal: what a campaign run does from start to end."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from schemas.campaign import Campaign, FileValue
from schemas.campaign_files import CampaignManifest, Decision, Plan, Proposal
from schemas.config import Locations, ScoreConfig
from tasks.core.campaigns.draw import Experiment
from tasks.core.campaigns.folders import Resting, find_resting, refuse_other_draw
from tasks.core.campaigns.plan import make_plan
from tasks.core.campaigns.proposals import (
    Decidable,
    find_proposal,
    keep_proposal,
    record,
    review,
    review_all,
)
from tasks.core.campaigns.publish import publish_campaign, write_lists
from tasks.core.campaigns.scored_customers import read_side_by_side
from tasks.core.campaigns.selection import Selected, Selection, Terms
from tasks.core.campaigns.sources import Source, open_latest, open_source
from tasks.core.campaigns.values import ByCharges, FromFile, Values, using_value_file
from tasks.core.errors import ConfigError
from tasks.core.intake.contact_lists import Contacts, read_contacts
from tasks.core.provenance import config_sha256, versions
from tasks.core.report.campaign_summary import plan_page
from tasks.core.scores.freshness import age_hours
from tasks.core.scores.publish import SCORES
from tasks.core.settings import load_config
from tasks.core.steps import conclude, log, progress, show, step
from tasks.core.storage.atomic import new_stage, sweep_stages
from tasks.core.storage.hashing import sha256_of
from tasks.core.storage.locks import locked
from tasks.core.storage.secret import Secret

DRY_RUN: Final = "dry-run"


@dataclass(frozen=True)
class Desk:
    """What every campaign run needs: the home, the settings, the operator's key and the clock."""

    home: Locations
    config: ScoreConfig
    secret: Secret
    now: Callable[[], datetime]


@dataclass(frozen=True)
class _Inputs:
    """Everything that a plan follows from."""

    campaign: Campaign
    value_file: Path | None
    value_sha256: str | None
    source: Source
    contacts: Contacts
    resting: Resting
    today: date
    key_id: str
    run_id: UUID | None

    def name(self, attempt: int = 0) -> str:
        """Name the folder of what is made: the campaign, the day of the scores, and a hash of all inputs.

        A proposal that was refused or has expired is not opened again: the next one is another attempt.
        """
        parts = (
            self.campaign.model_dump_json(),
            self.source.manifest_sha256,
            self.contacts.used.model_dump_json(),
            self.value_sha256,
            self.resting.campaigns,
            self.today.isoformat(),
            self.key_id,
            str(self.run_id),
            attempt,
        )
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return f"{self.campaign.id}-{self.source.manifest.as_of_date}-{digest}"


def propose(
    desk: Desk,
    file: Path,
    *,
    as_of: date | None = None,
    extract: Path | None = None,
    dry_run: bool = False,
    run_id: UUID | None = None,
) -> Path | None:
    """Propose a campaign from the latest scores; nothing of a list is written before somebody approves it.

    Args:
        desk: Home, settings, key and clock.
        file: The campaign, in YAML.
        as_of: The day of the scores to use; None for the latest ones.
        extract: The extract behind them, if it is not in the archive.
        dry_run: Show the plan and keep nothing.
        run_id: Prefect's run that waits for the decision; what it has proposed before is not proposed again.

    Returns:
        The folder of the proposal; None for a dry run.

    Raises:
        ConfigError: the campaign, the contact lists, the scores or the extract cannot be used.
        ContactsError: a contact list breaks its contract.
    """
    campaign = _read_campaign(file)
    with locked(desk.home.proposals):
        if (before := _proposed_by(desk, run_id, campaign.id)) is not None:
            return before
        source = _open(lambda: open_latest(desk.home, as_of, extract))
        _warn_of_age(desk, source)
        inputs = _gather(desk, campaign, _value_file(campaign, file), source, run_id)
        with _selected(desk, inputs, desk.home.proposals) as (selected, _):
            plan = _plan(selected, campaign, inputs)
        if dry_run:
            conclude(f"{campaign.id}: dry run, nothing kept")
            return None
        proposed_at = desk.now()
        proposal = Proposal(
            name=_free_name(desk, inputs),
            campaign=campaign,
            campaign_sha256=config_sha256(campaign),
            value_file=None if inputs.value_file is None else str(inputs.value_file),
            key_id=inputs.key_id,
            as_of=source.manifest.as_of_date,
            scores=source.used,
            extract=None if extract is None else str(extract.absolute()),
            contacts=inputs.contacts.used,
            plan=plan,
            run_id=run_id,
            proposed_at=proposed_at,
            expires_at=proposed_at + timedelta(hours=campaign.decide_within_hours),
        )
        return _keep(desk, proposal)


def look_at(desk: Desk, name: str) -> Decidable:
    """Read a proposal and how it was decided; one past its expiry is closed as timed out.

    Raises:
        ConfigError: there is no such proposal, or it cannot be understood.
    """
    home = desk.home
    with locked(home.proposals):
        return review(find_proposal(home.proposals, name), home.campaigns, desk.now())


def decide(desk: Desk, name: str, *, by: str, approve: bool, comment: str = "") -> Path | None:
    """Approve a proposal, or refuse it, in the name of a person.

    On approval the list is made again with the contact lists of now: whoever objected meanwhile is not on it.

    Returns:
        The folder of the campaign; None if it was refused.

    Raises:
        ConfigError: there is no such proposal, it was decided or has expired, the validity is over, or what
            the list is made from cannot be used.
        ContactsError: a contact list breaks its contract.
    """
    if not by.strip():
        raise ConfigError("a decision needs the name of the person who decides. Pass --by NAME.")
    home, at = desk.home, desk.now()
    with locked(home.proposals):
        found = review(find_proposal(home.proposals, name), home.campaigns, at)
        _refuse_decided(found)
        outcome: Literal["approved", "refused"] = "approved" if approve else "refused"
        decision = Decision(outcome=outcome, by=by.strip(), at=at, comment=comment.strip())
        folder = _publish(desk, found.proposal, decision) if approve else None
        record(found.folder, decision)
    log.info("proposal %s: %s", found.proposal.name, outcome)
    conclude(f"{found.proposal.campaign.id} {outcome}")
    return folder


@step("read-campaign")
def _read_campaign(file: Path) -> Campaign:
    """Read a campaign.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of bounds.
    """
    return load_config(Campaign, file, (), flag="--campaign")


@step("open-scores")
def _open(find: Callable[[], Source]) -> Source:
    """Find the scores, check their seals, and identify their extract."""
    source = find()
    log.info("scores: %s", source.folder.name)
    return source


def _warn_of_age(desk: Desk, source: Source) -> None:
    as_of, limit = source.manifest.as_of_date, desk.config.alarms.max_age_hours
    if (hours := age_hours(as_of, desk.now())) > limit:
        log.warning(
            "the scores are for %s, which ended %.0f hours ago; expected at most %d", as_of, hours, limit
        )


@step("read-contacts")
def _gather(
    desk: Desk, campaign: Campaign, value_file: Path | None, source: Source, run_id: UUID | None
) -> _Inputs:
    """Read the contact lists of now, and check that the campaign may run.

    Raises:
        ConfigError: the validity is over, a list is missing or too old, the file with the values cannot be
            read, or the control group was drawn with another key or share.
        ContactsError: a contact list breaks its contract.
    """
    now = desk.now()
    if now.date() > campaign.validity.last_day:
        raise ConfigError(
            f"campaign '{campaign.id}' ended on {campaign.validity.last_day}; today is {now.date()}. Set"
            " validity.last_day, and propose it again."
        )
    if desk.config.contacts is None:
        raise ConfigError(
            "a campaign needs the CRM's list of objections. Set contacts.objections, in --config or with"
            " --set."
        )
    contacts = read_contacts(desk.config.contacts, desk.secret, now)
    if contacts.bases is None and campaign.eligibility.bases:
        raise ConfigError(
            f"campaign '{campaign.id}' needs a basis for the channel {campaign.channel}, but contacts.basis"
            " is not set. Set it, or set eligibility.bases to [] if the channel needs none."
        )
    key_id = desk.secret.key_id
    refuse_other_draw(desk.home.campaigns, campaign.experiment, key_id)
    resting = find_resting(
        desk.home.campaigns, campaign.eligibility.rest_days, now.date(), desk.config.timezone
    )
    value_sha256 = None
    if value_file is not None:
        with using_value_file(value_file):
            value_sha256 = sha256_of(value_file)
    return _Inputs(campaign, value_file, value_sha256, source, contacts, resting, now.date(), key_id, run_id)


@contextmanager
def _selected(desk: Desk, inputs: _Inputs, beside: Path) -> Iterator[tuple[Selected, Path]]:
    """Select the customers; give them and a hidden folder, which is removed if it was not published."""
    sweep_stages(beside)
    stage = new_stage(beside, inputs.name())
    try:
        terms = Terms(
            campaign=inputs.campaign,
            objections=inputs.contacts.objections,
            bases=inputs.contacts.bases,
            resting=inputs.resting.customers,
            values=_values(inputs.campaign, inputs.value_file),
            experiment=Experiment(inputs.campaign.experiment.id, desk.secret),
        )
        with closing(Selection(terms, stage)) as selection:
            yield _select(selection, inputs, desk.config.threads), stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@step("select")
def _select(selection: Selection, inputs: _Inputs, threads: int) -> Selected:
    """Put every scored customer into a group, and rank the candidates."""
    source = inputs.source

    def on_read(share: float) -> None:
        if share:
            progress("selecting customers", share, selection.everybody.customers)

    read_side_by_side(
        source.folder / SCORES,
        source.delivery,
        source.reading,
        selection.add,
        threads=threads,
        on_read=on_read,
    )
    return selection.finish()


@step("plan")
def _plan(selected: Selected, campaign: Campaign, inputs: _Inputs) -> Plan:
    """Show whom the campaign would contact, what it can show, and what it assumes."""
    plan = make_plan(selected, campaign)
    page = plan_page(campaign, plan, inputs.source.used, inputs.contacts.used)
    show(page, key="campaign", description=f"What campaign {campaign.id} would do")
    log.info("\n%s", page)
    return plan


@step("propose")
def _keep(desk: Desk, proposal: Proposal) -> Path:
    """Keep the proposal until somebody decides on it."""
    folder = keep_proposal(desk.home.proposals, proposal, desk.config.timezone)
    log.info("proposal: %s", folder)
    log.info("decide: python flows/campaign_flow.py --approve %s --by NAME, or --refuse", folder.name)
    conclude(f"{proposal.campaign.id}: {proposal.plan.funnel.contacts} contacts proposed")
    return folder


@step("publish-campaign")
def _publish(desk: Desk, proposal: Proposal, decision: Decision) -> Path:
    """Make the list again with what is known now, and publish it with the decision."""
    extract = None if proposal.extract is None else Path(proposal.extract)
    source = _open(lambda: open_source(desk.home, proposal.scores.folder, extract))
    if source.manifest_sha256 != proposal.scores.manifest_sha256:
        raise ConfigError(
            f"scores '{source.folder.name}' are not those of the proposal. Propose the campaign again."
        )
    value_file = None if proposal.value_file is None else Path(proposal.value_file)
    inputs = _gather(desk, proposal.campaign, value_file, source, proposal.run_id)
    if (desk.home.campaigns / inputs.name()).exists():
        raise ConfigError(
            f"this list was published before as '{inputs.name()}', from another proposal with the same"
            " inputs. Refuse this one."
        )
    with _selected(desk, inputs, desk.home.campaigns) as (selected, stage):
        plan = _plan(selected, proposal.campaign, inputs)
        renewed = proposal.model_copy(update={"plan": plan, "contacts": inputs.contacts.used})
        write_lists(stage, selected, renewed)
        manifest = CampaignManifest(
            files={},
            name=inputs.name(),
            proposal=proposal.name,
            campaign=proposal.campaign,
            campaign_sha256=proposal.campaign_sha256,
            value_sha256=inputs.value_sha256,
            key_id=inputs.key_id,
            as_of=proposal.as_of,
            scores=source.used,
            contacts=inputs.contacts.used,
            plan=plan,
            decision=decision,
            versions=versions(),
            expires_on=proposal.campaign.validity.last_day + timedelta(days=proposal.campaign.keep_days),
        )
        folder = publish_campaign(stage, desk.home.campaigns, manifest, desk.config.timezone)
    log.info("campaign: %s", folder)
    return folder


def _free_name(desk: Desk, inputs: _Inputs) -> str:
    """Name a proposal: as the open one from the same inputs, if there is one."""
    home = desk.home
    for attempt in count():
        name = inputs.name(attempt)
        folder = home.proposals / name
        if not folder.exists() or review(folder, home.campaigns, desk.now()).decision is None:
            break
    return name


def _proposed_by(desk: Desk, run_id: UUID | None, campaign: str) -> Path | None:
    """Find what a run proposed of a campaign before it was suspended or killed."""
    if run_id is None:
        return None
    before = (
        each.folder
        for each in review_all(desk.home.proposals, desk.home.campaigns, desk.now())
        if (each.proposal.run_id, each.proposal.campaign.id) == (run_id, campaign)
    )
    return next(before, None)


def _refuse_decided(found: Decidable) -> None:
    decision = found.decision
    if decision is not None:
        by = f" by {decision.by}" if decision.by else ""
        raise ConfigError(
            f"proposal '{found.proposal.name}' was {decision.outcome}{by} at {decision.at:%Y-%m-%d %H:%M}"
            " UTC. Propose the campaign again."
        )


def _value_file(campaign: Campaign, file: Path) -> Path | None:
    if not isinstance(campaign.value, FileValue):
        return None
    return (file.absolute().parent / campaign.value.file).absolute()


def _values(campaign: Campaign, file: Path | None) -> Values:
    if isinstance(campaign.value, FileValue):
        assert file is not None  # `_value_file` has its path
        return FromFile(file, campaign.value)
    return ByCharges(campaign.value)
