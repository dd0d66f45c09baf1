"""Keep proposals of campaigns until somebody decides on them, and the record of how each was decided."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.campaign_files import Decision, Proposal
from schemas.closed import to_json
from tasks.core.campaigns.folders import published_campaigns
from tasks.core.campaigns.page.page import PAGE, write_page
from tasks.core.errors import ConfigError, accessing
from tasks.core.steps import log
from tasks.core.storage.atomic import new_stage, replace_file, reveal, sweep_stages, write_new
from tasks.core.storage.locks import is_locked, locked

PROPOSAL: Final = "proposal.json"
DECISION: Final = "decision.json"


@dataclass(frozen=True)
class Decidable:
    """A proposal in its folder, and how it was decided; None while it is open."""

    folder: Path
    proposal: Proposal
    decision: Decision | None


def keep_proposal(proposals: Path, proposal: Proposal) -> Path:
    """Keep a proposal with its page, atomically; one that was made before from the same inputs stays."""
    target = proposals / proposal.name
    if not target.is_dir():
        stage = new_stage(proposals, proposal.name)
        write_new(stage / PROPOSAL, to_json(proposal))
        write_new(stage / PAGE, write_page(proposal, timezone=proposal.timezone).encode())
        reveal(stage, target)
    return target


def find_proposal(proposals: Path, name: str) -> Path:
    """Find a proposal's folder by its name or its path.

    Raises:
        ConfigError: there is no such proposal.
    """
    folder = proposals / Path(name).name
    if not (folder / PROPOSAL).is_file():
        raise ConfigError(
            f"there is no proposal '{Path(name).name}' in {proposals}. flows/status.py lists the open ones."
        )
    return folder


def read_proposal(folder: Path, campaigns: Path, now: datetime) -> Decidable:
    """Read a proposal and how it was decided; one past its expiry has timed out.

    An approval counts from the moment in which its campaign was published, even if the run that published it
    was killed before it could record the decision.

    Raises:
        ConfigError: the proposal, or a campaign, cannot be understood.
        AccessError: it cannot be read.
    """
    with accessing(folder):
        proposal = _read_proposal(folder)
        decision = _read_decision(folder)
    if proposal is None:
        raise ConfigError(
            f"'{folder}' is not a proposal as it was made. Move it away and propose the campaign again."
        )
    if decision is None:
        decision = _approval(proposal, campaigns)
    if decision is None and now >= proposal.expires_at:
        decision = Decision(outcome="timed out", by=None, at=proposal.expires_at)
    return Decidable(folder, proposal, decision)


def review(folder: Path, campaigns: Path, now: datetime) -> Decidable:
    """Read a proposal as `read_proposal` does, and record a decision that is not on record yet.

    The caller holds the lock on the proposals.
    """
    found = read_proposal(folder, campaigns, now)
    if found.decision is not None and not (folder / DECISION).exists():
        record(found, found.decision)
    return found


def proposal_folders(proposals: Path) -> list[Path]:
    """List the folders of proposals, by name.

    Raises:
        AccessError: they cannot be listed.
    """
    with suppress(FileNotFoundError), accessing(proposals):
        return sorted(each for each in proposals.iterdir() if not each.name.startswith("."))
    return []


def review_all(proposals: Path, campaigns: Path, now: datetime) -> list[Decidable]:
    """Review every proposal, by name; one that cannot be understood is left out, with a warning."""
    found = []
    for folder in proposal_folders(proposals):
        try:
            found.append(review(folder, campaigns, now))
        except ConfigError as error:
            log.warning("%s", error)
    return found


def close_expired(proposals: Path, campaigns: Path, now: datetime) -> None:
    """Record every decision that is not on record yet, time-outs above all; leave it to a run in progress.

    What a killed approval left of a list is deleted.

    Raises:
        AccessError: a proposal or a campaign cannot be read or written.
    """
    if proposal_folders(proposals) and not is_locked(proposals):
        with locked(proposals):
            sweep_stages(campaigns)
            review_all(proposals, campaigns, now)


def record(found: Decidable, decision: Decision) -> None:
    """Record a decision beside its proposal, and on its page.

    What a run that was killed meanwhile left there is swept; it may have left a page that shows no decision.
    """
    folder, proposal = found.folder, found.proposal
    sweep_stages(folder)
    replace_file(folder / DECISION, to_json(decision))
    page = write_page(proposal, timezone=proposal.timezone, decision=decision)
    replace_file(folder / PAGE, page.encode())


def _approval(proposal: Proposal, campaigns: Path) -> Decision | None:
    of_this = (
        manifest.decision
        for _, manifest in published_campaigns(campaigns)
        if manifest.proposal == proposal.name
    )
    return next(of_this, None)


def expiry_of_proposal(folder: Path) -> date | None:
    """Return the day on which a proposal expires; None if it is not one."""
    proposal = _read_proposal(folder)
    return proposal.expires_at.date() if proposal is not None else None


def _read_proposal(folder: Path) -> Proposal | None:
    try:
        return Proposal.model_validate_json((folder / PROPOSAL).read_bytes())
    except (ValidationError, FileNotFoundError, NotADirectoryError):
        return None


def _read_decision(folder: Path) -> Decision | None:
    try:
        return Decision.model_validate_json((folder / DECISION).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError:
        raise ConfigError(
            f"'{folder / DECISION}' cannot be understood. Move the proposal away and propose it again."
        ) from None
