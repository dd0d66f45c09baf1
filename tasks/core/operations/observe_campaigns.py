"""Inspect proposals and approved campaigns read-only."""

from dataclasses import dataclass
from datetime import datetime

from schemas.config import Locations
from schemas.status import CampaignStatus, ProposalStatus
from tasks.core.campaigns.folders import published_campaigns
from tasks.core.campaigns.proposals import proposal_folders, read_proposal
from tasks.core.errors import AccessError, ConfigError


@dataclass(frozen=True)
class Campaigns:
    """Proposals that wait, campaigns that are not over, and why some cannot be read."""

    proposals: tuple[ProposalStatus, ...]
    running: tuple[CampaignStatus, ...]
    fault: str | None = None


def observe_campaigns(home: Locations, now: datetime) -> Campaigns:
    """Find what waits and what runs."""
    try:
        return Campaigns(tuple(_waiting(home, now)), tuple(_running(home, now)))
    except (AccessError, ConfigError) as error:
        return Campaigns((), (), str(error))


def _waiting(home: Locations, now: datetime) -> list[ProposalStatus]:
    found = [read_proposal(each, home.campaigns, now) for each in proposal_folders(home.proposals)]
    return [
        ProposalStatus(
            name=each.proposal.name,
            campaign=each.proposal.campaign.id,
            contacts=each.proposal.plan.funnel.contacts,
            proposed_at=each.proposal.proposed_at,
            expires_at=each.proposal.expires_at,
        )
        for each in found
        if each.decision is None
    ]


def _running(home: Locations, now: datetime) -> list[CampaignStatus]:
    return [
        CampaignStatus(
            name=manifest.name,
            campaign=manifest.campaign.id,
            contacts=manifest.plan.funnel.contacts,
            controls=manifest.plan.funnel.controls,
            approved_at=manifest.decision.at,
            last_day=manifest.campaign.validity.last_day,
        )
        for _, manifest in published_campaigns(home.campaigns)
        if now.date() <= manifest.campaign.validity.last_day
    ]
