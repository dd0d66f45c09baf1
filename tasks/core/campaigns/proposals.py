"""Keep proposals of campaigns until somebody decides on them, and the record of how each was decided."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.campaign_files import Decision, Proposal
from schemas.closed import to_json
from tasks.core.campaigns.folders import published_campaigns
from tasks.core.campaigns.page import PAGE, write_page
from tasks.core.errors import ConfigError, accessing
from tasks.core.storage.atomic import new_stage, replace_file, reveal, write_new

PROPOSAL: Final = "proposal.json"
DECISION: Final = "decision.json"


@dataclass(frozen=True)
class Decidable:
    """A proposal in its folder, and how it was decided; None while it is open."""

    folder: Path
    proposal: Proposal
    decision: Decision | None


def keep_proposal(proposals: Path, proposal: Proposal, timezone: str) -> Path:
    """Keep a proposal with its page, atomically; one that was made before from the same inputs stays."""
    target = proposals / proposal.name
    if not target.is_dir():
        stage = new_stage(proposals, proposal.name)
        write_new(stage / PROPOSAL, to_json(proposal))
        write_new(stage / PAGE, write_page(proposal, timezone=timezone).encode())
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


def review(folder: Path, campaigns: Path, now: datetime) -> Decidable:
    """Read a proposal and how it was decided; one past its expiry is closed as timed out here.

    An approval counts from the moment in which its campaign was published, even if the run that published it
    was killed before it could record the decision. The caller holds the lock on the proposals.

    Raises:
        ConfigError: the proposal, or a campaign, cannot be understood.
        AccessError: it cannot be read.
    """
    with accessing(folder):
        proposal = _read_proposal(folder)
        decision = _read_decision(folder)
    if decision is None:
        decision = _approval(proposal, campaigns)
        if decision is None and now >= proposal.expires_at:
            decision = Decision(outcome="timed out", by=None, at=proposal.expires_at)
        if decision is not None:
            record(folder, decision)
    return Decidable(folder, proposal, decision)


def review_all(proposals: Path, campaigns: Path, now: datetime) -> Iterator[Decidable]:
    """Review every proposal, by name; see `review`."""
    folders: list[Path] = []
    with suppress(FileNotFoundError), accessing(proposals):
        folders = sorted(each for each in proposals.iterdir() if not each.name.startswith("."))
    for folder in folders:
        yield review(folder, campaigns, now)


def record(folder: Path, decision: Decision) -> None:
    """Record a decision beside its proposal."""
    replace_file(folder / DECISION, to_json(decision))


def _approval(proposal: Proposal, campaigns: Path) -> Decision | None:
    of_this = (
        manifest.decision
        for _, manifest in published_campaigns(campaigns)
        if manifest.proposal == proposal.name
    )
    return next(of_this, None)


def _read_proposal(folder: Path) -> Proposal:
    try:
        return Proposal.model_validate_json((folder / PROPOSAL).read_bytes())
    except (ValidationError, FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            f"'{folder}' is not a proposal as it was made. Move it away and propose the campaign again."
        ) from None


def _read_decision(folder: Path) -> Decision | None:
    try:
        return Decision.model_validate_json((folder / DECISION).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise ConfigError(
            f"'{folder / DECISION}' cannot be understood. Move the proposal away and propose it again."
        ) from None
