"""Propose a campaign and decide on it: `python flows/campaign_flow.py`, and as `campaign/propose`."""

from flows import cli  # first: it sets what Prefect reads on import

# isort: split
from datetime import date
from pathlib import Path

from schemas.campaign import Campaign
from schemas.config import ScoreConfig
from tasks.core.campaigns.proposals import Decidable
from tasks.core.errors import ConfigError
from tasks.core.jobs.campaign_inputs import Desk
from tasks.core.jobs.decide_campaign import decide, look_at
from tasks.core.jobs.propose_campaign import propose
from tasks.core.settings import load_config
from tasks.dashboard.flows import Ended, flow
from tasks.dashboard.runs import by_hand, on_dashboard, run_of_deployment


@flow(name="campaign")
def campaign(
    campaigns: tuple[Path, ...] = (),
    as_of: date | None = None,
    extract: Path | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
    dry_run: bool = False,
) -> Ended:
    """Propose campaigns; as a deployment, wait for a person to decide on each, and publish what was approved.

    Args:
        campaigns: Campaign files.
        as_of: The day of the scores to use; default: the latest ones.
        extract: The extract behind the scores, if it is not in the archive.
        config: The settings of scoring: where the contact lists are.
        dry_run: Show each plan and keep nothing.
    """
    desk = _desk(config)
    run_id = run_of_deployment()
    proposed: list[Path] = []
    decided: list[str] = []
    for each in campaigns:
        with on_dashboard():
            folder = propose(desk, each, as_of=as_of, extract=extract, dry_run=dry_run, run_id=run_id)
        if folder is None:
            continue
        if run_id is not None and folder in proposed:
            raise ConfigError(
                f"'{each.name}' has the id of a campaign before it in this run. Give it an id of its own."
            )
        proposed.append(folder)
        if run_id is not None:
            decided.append(_await_decision(desk, folder))
    return Ended(message=" ".join(decided) if decided else _summary(proposed, dry_run=dry_run))


@flow(name="decide")
def decision(
    proposal: str,
    by: str,
    approve: bool,
    comment: str = "",
    extract: Path | None = None,
    config: ScoreConfig = ScoreConfig(),  # noqa: B008 frozen
) -> Ended:
    """Approve a proposal, or refuse it.

    Args:
        proposal: Name of the proposal.
        by: Who decides.
        approve: Whether it is approved.
        comment: Why.
        extract: Where the extract behind the scores is now, if it was moved since the proposal.
        config: The settings of scoring: where the contact lists are.
    """
    with on_dashboard():
        folder = decide(_desk(config), proposal, by=by, approve=approve, comment=comment, extract=extract)
    return Ended(message=f"Approved: {folder}." if folder is not None else f"Refused: {proposal}.")


def _await_decision(desk: Desk, folder: Path) -> str:
    """Suspend the run until somebody decides on a proposal, and do what was decided; return a line on it."""
    from tasks.dashboard.suspension import wait_for_decision  # noqa: PLC0415 it imports Prefect

    found = look_at(desk, folder.name)
    if found.decision is None:
        seconds = max(1, round((found.proposal.expires_at - desk.now()).total_seconds()))
        answer = wait_for_decision(folder.name, _question(found), seconds)
        found = look_at(desk, folder.name)  # somebody may have decided on the command line meanwhile
    if found.decision is not None:
        return f"{folder.name}: {found.decision.outcome}."
    with on_dashboard():
        approved = decide(
            desk,
            folder.name,
            by=answer.name,
            approve=answer.decision == "approve",
            comment=answer.comment,
        )
    return f"Approved: {approved}." if approved is not None else f"Refused: {folder.name}."


def _question(found: Decidable) -> str:
    proposal = found.proposal
    funnel, totals = proposal.plan.funnel, proposal.plan.totals
    return (
        f"Campaign **{proposal.campaign.id}**: {funnel.contacts:,} contacts, {funnel.controls:,} controls."
        f" Expected profit {totals.expected_profit:,.2f}, an assumption. Read"
        f" `{found.folder / 'campaign.html'}`, then approve or refuse."
    )


def _summary(folders: list[Path], *, dry_run: bool) -> str:
    if dry_run:
        return "Dry run: nothing was kept."
    if not folders:
        return "No campaign was named, so none was proposed."
    return " ".join(
        f"Proposed: {each}. Decide with --approve {each.name} --by NAME, or --refuse." for each in folders
    )


def _desk(config: ScoreConfig) -> Desk:
    return Desk(cli.locations(), config, cli.secret(), cli.clock(config.timezone))


def main() -> Ended | None:
    """Read the flags, and propose or decide."""
    parser = cli.Parser(
        description="Propose whom a campaign contacts, and approve or refuse a proposal.",
        epilog="Everything about campaigns: docs/campaigns.md.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--campaign", type=cli.path, metavar="FILE", help="propose the campaign in this file")
    which.add_argument(
        "--approve", type=cli.path, metavar="PROPOSAL", help="publish the list of this proposal"
    )
    which.add_argument(
        "--refuse", type=cli.path, metavar="PROPOSAL", help="close this proposal without a list"
    )
    parser.add_argument("--as-of", type=cli.day, metavar="DATE", help="day of the scores (default: latest)")
    parser.add_argument(
        "--extract", type=cli.path, metavar="PATH", help="extract behind the scores, if it is not archived"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and keep nothing")
    parser.add_argument("--by", metavar="NAME", help="who decides; needed to approve or refuse")
    parser.add_argument("--comment", default="", help="why; kept with the decision")
    cli.add_config_flags(parser, ScoreConfig, schema=Campaign)
    flags = parser.parse_args()
    config = load_config(ScoreConfig, flags.config, flags.set)
    if flags.campaign is not None:
        if flags.by or flags.comment:
            raise ConfigError("--by and --comment go with --approve or --refuse. Leave them out to propose.")
        return by_hand(
            campaign,
            campaigns=(flags.campaign,),
            as_of=flags.as_of,
            extract=flags.extract,
            config=config,
            dry_run=flags.dry_run,
        )
    if flags.as_of or flags.dry_run:
        raise ConfigError("--as-of and --dry-run go with --campaign. Leave them out to decide.")
    if not flags.by:
        raise ConfigError("a decision needs the name of the person who decides. Pass --by NAME.")
    return by_hand(
        decision,
        proposal=(flags.approve or flags.refuse).name,
        by=flags.by,
        approve=flags.approve is not None,
        comment=flags.comment,
        extract=flags.extract,
        config=config,
    )


if __name__ == "__main__":
    cli.run(main)
