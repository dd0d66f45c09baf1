"""Propose a campaign: from a file, scores and contact lists to a plan that waits for a person."""

from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID

from schemas.campaign import Campaign
from schemas.campaign_files import (
    Proposal,
)
from tasks.core.campaigns.choice.sources import Source, open_latest
from tasks.core.campaigns.folders import published_campaigns
from tasks.core.campaigns.proposals import (
    Decidable,
    keep_proposal,
    review,
    review_all,
)
from tasks.core.jobs.campaign_inputs import (
    Desk,
    Inputs,
    gather,
    open_scores,
    plan_campaign,
    selection_of,
    value_file_of,
)
from tasks.core.provenance import config_sha256
from tasks.core.scores.freshness import age_hours
from tasks.core.settings import load_config
from tasks.core.steps import conclude, log, step
from tasks.core.storage.locks import locked

_YEAR: Final = 366


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
        proposals = review_all(desk.home.proposals, desk.home.campaigns, desk.now())
        if (before := _proposed_by(run_id, campaign.id, proposals)) is not None:
            return before
        source = open_scores(lambda: open_latest(desk.home, as_of, extract))
        _warn_of_age(desk, source)
        _warn_of_length(campaign)
        _warn_of_earlier_lists(desk, campaign)
        today = desk.now().date()
        inputs = gather(desk, campaign, value_file_of(campaign, file), source, run_id, today)
        attempt = _free_attempt(desk, inputs)
        name = inputs.name(attempt)
        with selection_of(desk, inputs, desk.home.proposals, name) as (selected, _):
            plan = plan_campaign(selected, campaign, inputs)
        if not plan.funnel.contacts:
            log.warning("nobody would be contacted: the funnel says why")
        if dry_run:
            log.info("dry run: nothing was kept")
            conclude(f"{campaign.id}: dry run, nothing kept")
            return None
        proposed_at = desk.now()
        proposal = Proposal(
            name=name,
            attempt=attempt,
            campaign=campaign,
            campaign_sha256=config_sha256(campaign),
            value_file=None if inputs.value_file is None else str(inputs.value_file),
            value_sha256=inputs.value_sha256,
            key_id=inputs.key_id,
            as_of=source.manifest.as_of_date,
            scores=source.used,
            extract=None if extract is None else str(extract.absolute()),
            contacts=inputs.contacts.used,
            resting=inputs.resting.campaigns,
            plan=plan,
            timezone=desk.config.timezone,
            run_id=run_id,
            proposed_at=proposed_at,
            expires_at=proposed_at + timedelta(hours=campaign.decide_within_hours),
        )
        return _keep(desk, proposal)


@step("read-campaign")
def _read_campaign(file: Path) -> Campaign:
    """Read a campaign.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of bounds.
    """
    return load_config(Campaign, file, (), flag="--campaign")


def _warn_of_length(campaign: Campaign) -> None:
    validity = campaign.validity
    if (days := (validity.last_day - validity.first_day).days + 1) > _YEAR:
        log.warning(
            "campaign '%s' is valid for %d days, and its list is kept even longer: set validity.last_day",
            campaign.id,
            days,
        )


def _warn_of_earlier_lists(desk: Desk, campaign: Campaign) -> None:
    ids = [manifest.campaign.id for _, manifest in published_campaigns(desk.home.campaigns)]
    if already := ids.count(campaign.id):
        log.warning(
            "campaign '%s' has %d approved %s already: this is another list, with a budget of its own",
            *(campaign.id, already, "list" if already == 1 else "lists"),
        )


def _warn_of_age(desk: Desk, source: Source) -> None:
    as_of, limit = source.manifest.as_of_date, desk.config.alarms.max_age_hours
    if (hours := age_hours(as_of, desk.now())) > limit:
        log.warning(
            "the scores are for %s, which ended %.0f hours ago; expected at most %d", as_of, hours, limit
        )


@step("propose")
def _keep(desk: Desk, proposal: Proposal) -> Path:
    """Keep the proposal until somebody decides on it."""
    folder = keep_proposal(desk.home.proposals, proposal)
    log.info("proposal: %s", folder)
    log.info(
        'decide, with the same --config: python flows/campaign_flow.py --approve %s --by "NAME", or --refuse',
        folder.name,
    )
    conclude(f"{proposal.campaign.id}: {proposal.plan.funnel.contacts} contacts proposed")
    return folder


def _free_attempt(desk: Desk, inputs: Inputs) -> int:
    """Number a proposal: as the open one from the same inputs, if there is one."""
    home = desk.home
    for attempt in count():
        folder = home.proposals / inputs.name(attempt)
        if not folder.exists() or review(folder, home.campaigns, desk.now()).decision is None:
            break
    return attempt


def _proposed_by(run_id: UUID | None, campaign: str, proposals: list[Decidable]) -> Path | None:
    """Find what a run proposed of a campaign before it was suspended or killed."""
    before = (
        each.folder
        for each in proposals
        if run_id is not None and (each.proposal.run_id, each.proposal.campaign.id) == (run_id, campaign)
    )
    return next(before, None)
