"""Decide on a proposal of a campaign: publish its list as of now, or close it."""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from schemas.campaign_files import (
    MOST_COMMENT,
    MOST_NAME,
    CampaignManifest,
    Decision,
    Plan,
    Proposal,
    Proposed,
)
from tasks.core.campaigns.choice.sources import open_source
from tasks.core.campaigns.proposals import (
    Decidable,
    find_proposal,
    record,
    review,
)
from tasks.core.campaigns.publish import publish_campaign, write_lists
from tasks.core.contract.quarantine import write_contacts_quarantine
from tasks.core.errors import ConfigError
from tasks.core.jobs.campaign_inputs import (
    Desk,
    Inputs,
    gather,
    open_scores,
    plan_campaign,
    selection_of,
)
from tasks.core.provenance import versions
from tasks.core.steps import conclude, log, step
from tasks.core.storage.atomic import sweep_stages
from tasks.core.storage.locks import locked


def look_at(desk: Desk, name: str) -> Decidable:
    """Read a proposal and how it was decided; one past its expiry is closed as timed out.

    Raises:
        ConfigError: there is no such proposal, or it cannot be understood.
    """
    home = desk.home
    with locked(home.proposals):
        return review(find_proposal(home.proposals, name), home.campaigns, desk.now())


def decide(
    desk: Desk, name: str, *, by: str, approve: bool, comment: str = "", extract: Path | None = None
) -> Path | None:
    """Approve a proposal, or refuse it, in the name of a person.

    On approval the list is made again with the contact lists of now: whoever objected meanwhile is not on it.
    `extract` is where the extract behind the scores is now, if it was moved since the proposal.

    Returns:
        The folder of the campaign; None if it was refused.

    Raises:
        ConfigError: there is no such proposal, it was decided or has expired, the validity is over, or what
            the list is made from cannot be used.
        ContactsError: a contact list breaks its contract.
    """
    by, comment = (" ".join(text.split()) for text in (by, comment))
    if not by:
        raise ConfigError("a decision needs the name of the person who decides. Pass --by NAME.")
    if len(by) > MOST_NAME or len(comment) > MOST_COMMENT or not (by + comment).isprintable():
        raise ConfigError(
            f"a decision takes a name of at most {MOST_NAME} characters and a comment of at most"
            f" {MOST_COMMENT}, without control characters. Shorten --by or --comment."
        )
    home, at = desk.home, desk.now()
    with locked(home.proposals):
        found = review(find_proposal(home.proposals, name), home.campaigns, at)
        _refuse_decided(desk, found)
        sweep_stages(home.campaigns)
        outcome: Literal["approved", "refused"] = "approved" if approve else "refused"
        decision = Decision(outcome=outcome, by=by, at=at, comment=comment)
        folder = _publish(desk, found.proposal, decision, extract) if approve else None
        record(found, decision)
    log.info("proposal %s: %s", found.proposal.name, outcome)
    conclude(f"{found.proposal.campaign.id} {outcome}")
    return folder


@step("publish-campaign")
def _publish(desk: Desk, proposal: Proposal, decision: Decision, moved: Path | None) -> Path:
    """Make the list again with what is known now, and publish it with the decision."""
    proposed_from = None if proposal.extract is None else Path(proposal.extract)
    source = open_scores(lambda: open_source(desk.home, proposal.scores.folder, moved or proposed_from))
    if source.manifest_sha256 != proposal.scores.manifest_sha256:
        raise ConfigError(
            f"scores '{source.folder.name}' are not those of the proposal. Propose the campaign again."
        )
    value_file = None if proposal.value_file is None else Path(proposal.value_file)
    proposed_on = proposal.proposed_at.astimezone(ZoneInfo(proposal.timezone)).date()
    inputs = gather(desk, proposal.campaign, value_file, source, proposal.run_id, proposed_on)
    _refuse_changed(proposal, inputs)
    names = [inputs.name(attempt) for attempt in range(proposal.attempt + 1)]
    for each in names:
        if (desk.home.campaigns / each).exists():
            raise ConfigError(
                f"this list was published before as '{each}', from another proposal with the same inputs."
                " Refuse this one."
            )
    name = names[-1]
    with selection_of(desk, inputs, desk.home.campaigns, name) as (selected, stage):
        plan = plan_campaign(selected, proposal.campaign, inputs)
        _refuse_others(proposal, plan, inputs)
        _warn_of_changes(proposal, plan, inputs)
        if len(inputs.contacts.quarantine):
            write_contacts_quarantine(stage, inputs.contacts.quarantine)
        renewed = proposal.model_copy(update={"plan": plan, "contacts": inputs.contacts.used})
        write_lists(stage, selected, renewed)
        manifest = CampaignManifest(
            files={},
            name=name,
            proposal=proposal.name,
            campaign=proposal.campaign,
            campaign_sha256=proposal.campaign_sha256,
            value_sha256=inputs.value_sha256,
            key_id=inputs.key_id,
            as_of=proposal.as_of,
            scores=source.used,
            contacts=inputs.contacts.used,
            plan=plan,
            proposed=_summary_of(proposal.plan),
            decision=decision,
            versions=versions(),
            expires_on=proposal.campaign.validity.last_day + timedelta(days=proposal.campaign.keep_days),
        )
        folder = publish_campaign(stage, desk.home.campaigns, manifest, desk.config.timezone)
    log.info("campaign: %s", folder)
    return folder


def _refuse_changed(proposal: Proposal, inputs: Inputs) -> None:
    """Refuse to make another list than the one that a person has looked at.

    Raises:
        ConfigError: the customers' values, or the key by which controls are drawn, are others.
    """
    if inputs.value_sha256 != proposal.value_sha256:
        raise ConfigError(
            f"value.file '{inputs.value_file}' has changed since the proposal. Propose the campaign again."
        )
    if inputs.key_id != proposal.key_id:
        raise ConfigError(
            "the proposal's control group was drawn with another key. Restore the key (docs/operations.md),"
            " or propose the campaign again."
        )


def _refuse_others(proposal: Proposal, plan: Plan, inputs: Inputs) -> None:
    """Refuse a list of other customers than the proposed ones, because lists came or went meanwhile.

    Raises:
        ConfigError: others rest than did when a person looked at the proposal.
    """
    changed = {*inputs.resting.campaigns}.symmetric_difference(proposal.resting)
    resting, rested = (each.funnel.not_eligible["rests"] for each in (plan, proposal.plan))
    if changed and resting != rested:
        raise ConfigError(
            f"'{min(changed)}' was approved or withdrawn since the proposal, so {resting:,} customers rest"
            f" instead of {rested:,}: this would be another list. Propose the campaign again."
        )


def _warn_of_changes(proposal: Proposal, plan: Plan, inputs: Inputs) -> None:
    """Say which counts are others than in the proposal, because customers objected or lost their basis."""
    before, now = _summary_of(proposal.plan), _summary_of(plan)
    objected = inputs.contacts.used.objections, proposal.contacts.objections
    compared = [
        ("objections", *map("{:,}".format, objected)),
        ("contacts", f"{now.contacts:,}", f"{before.contacts:,}"),
        ("controls", f"{now.controls:,}", f"{before.controls:,}"),
        ("expected profit", f"{now.expected_profit:,.2f}", f"{before.expected_profit:,.2f}"),
    ]
    changed = [f"{name} {after}, was {first}" for name, after, first in compared if after != first]
    if changed:
        log.warning("since the proposal: %s", "; ".join(changed))


def _summary_of(plan: Plan) -> Proposed:
    return Proposed(
        contacts=plan.funnel.contacts,
        controls=plan.funnel.controls,
        expected_profit=plan.totals.expected_profit,
    )


def _refuse_decided(desk: Desk, found: Decidable) -> None:
    decision, zone = found.decision, found.proposal.timezone
    if decision is not None:
        by = f" by {decision.by}" if decision.by else ""
        at = f"{decision.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
        approved = decision.outcome == "approved"
        action = f"Its list is in {desk.home.campaigns}." if approved else "Propose the campaign again."
        raise ConfigError(f"proposal '{found.proposal.name}' was {decision.outcome}{by} at {at}. {action}")
