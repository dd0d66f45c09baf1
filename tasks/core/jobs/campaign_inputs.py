"""Everything that the list of a campaign follows from, and the selection of its customers."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from schemas.campaign import Campaign, FileValue
from schemas.campaign_files import Plan
from schemas.config import Locations, ScoreConfig
from tasks.core.campaigns.choice.draw import Experiment
from tasks.core.campaigns.choice.plan import make_plan
from tasks.core.campaigns.choice.scored_customers import read_side_by_side
from tasks.core.campaigns.choice.selection import Selected, Selection, Terms
from tasks.core.campaigns.choice.sources import Source
from tasks.core.campaigns.choice.values import Values, load_values
from tasks.core.campaigns.folders import Resting, find_resting, refuse_other_draw
from tasks.core.errors import ConfigError
from tasks.core.intake.contact_lists import Contacts, read_contacts
from tasks.core.report.campaign_summary import plan_page
from tasks.core.scores.publish import SCORES
from tasks.core.steps import log, progress, show, step
from tasks.core.storage.atomic import new_stage, sweep_stages
from tasks.core.storage.secret import Secret


@dataclass(frozen=True)
class Desk:
    """What every campaign run needs: the home, the settings, the operator's key and the clock."""

    home: Locations
    config: ScoreConfig
    secret: Secret
    now: Callable[[], datetime]


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan follows from."""

    campaign: Campaign
    value_file: Path | None
    values: Values
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


@step("open-scores")
def open_scores(find: Callable[[], Source]) -> Source:
    """Find the scores, check their seals, and identify their extract."""
    source = find()
    log.info("scores: %s", source.folder.name)
    return source


@step("read-contacts")
def gather(
    desk: Desk,
    campaign: Campaign,
    value_file: Path | None,
    source: Source,
    run_id: UUID | None,
    proposed_on: date,
) -> Inputs:
    """Read the contact lists of now, and check that the campaign may run.

    Customers rest who did so on the day of the proposal, or whom a later list chose.

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
    if (bad := contacts.used.quarantined) > 0:
        log.warning("contacts: %d rows break their list's contract", bad)
    if contacts.bases is None and campaign.eligibility.bases:
        raise ConfigError(
            f"campaign '{campaign.id}' needs a basis for the channel {campaign.channel}, but contacts.basis"
            " is not set. Set it, or set eligibility.bases to [] if the channel needs none."
        )
    key_id = desk.secret.key_id
    refuse_other_draw(desk.home.campaigns, campaign.experiment, key_id)
    resting = find_resting(
        desk.home.campaigns, campaign.eligibility.rest_days, proposed_on, desk.config.timezone
    )
    values, value_sha256 = load_values(campaign.value, value_file)
    return Inputs(
        campaign=campaign,
        value_file=value_file,
        values=values,
        value_sha256=value_sha256,
        source=source,
        contacts=contacts,
        resting=resting,
        today=now.date(),
        key_id=key_id,
        run_id=run_id,
    )


@contextmanager
def selection_of(desk: Desk, inputs: Inputs, beside: Path, name: str) -> Iterator[tuple[Selected, Path]]:
    """Select the customers; give them and a hidden folder, which is removed if it was not published."""
    sweep_stages(beside)
    stage = new_stage(beside, name)
    try:
        terms = Terms(
            campaign=inputs.campaign,
            objections=inputs.contacts.objections,
            bases=inputs.contacts.bases,
            resting=inputs.resting.customers,
            values=inputs.values,
            experiment=Experiment(inputs.campaign.experiment.id, desk.secret),
        )
        with closing(Selection(terms, stage)) as selection:
            yield _select(selection, inputs, desk.config.threads), stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@step("select")
def _select(selection: Selection, inputs: Inputs, threads: int) -> Selected:
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
def plan_campaign(selected: Selected, campaign: Campaign, inputs: Inputs) -> Plan:
    """Show whom the campaign would contact, what it can show, and what it assumes."""
    plan = make_plan(selected, campaign)
    page = plan_page(campaign, plan, inputs.source.used, inputs.contacts.used)
    show(page, key="campaign", description=f"What campaign {campaign.id} would do")
    log.info("\n%s", page)
    return plan


def value_file_of(campaign: Campaign, file: Path) -> Path | None:
    """Return the path of the file with the customers' values, if the campaign in `file` names one."""
    if not isinstance(campaign.value, FileValue):
        return None
    return (file.absolute().parent / campaign.value.file).absolute()
