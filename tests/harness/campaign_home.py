"""A home with published scores, and the people around it: the CRM's lists, who proposes and who decides."""

import base64
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from schemas.campaign import Campaign
from schemas.campaign_files import CampaignManifest, Decision, Proposal
from schemas.config import ContactsConfig, Locations, ScoreConfig
from schemas.manifest import MANIFEST
from tasks.core.campaigns.proposals import DECISION, PROPOSAL
from tasks.core.jobs.campaign_inputs import Desk
from tasks.core.jobs.decide_campaign import decide
from tasks.core.jobs.propose_campaign import propose
from tasks.core.jobs.score_night import score_night
from tasks.core.storage.secret import Secret
from tests.harness.campaigns import make_campaign
from tests.harness.customers import make_customers
from tests.harness.environment import SECRET
from tests.harness.home import Home
from tests.harness.scored import files_below, make_bases
from tests.oracles.campaign import same_customer

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 3, 0, 30, tzinfo=PARIS)
"""Half an hour after midnight in Paris, when it is still the day before in UTC."""

CUSTOMERS = make_customers(300, seed=5).drop(columns="Churn")
IDS = CUSTOMERS["customerID"].tolist()
OBJECTED = IDS[::50]
BASES = make_bases(IDS, seed=5)

SETTINGS: Mapping[str, Any] = {
    "id": "spring",
    "validity": {"first_day": "2026-03-01", "last_day": "2026-12-31"},
    "offer": "Ten percent",
    "incentive": 2.0,
    "contact_cost": 1.0,
    "eligibility": {"risk_bands": ["high", "medium", "low"], "out_of_domain": True, "rest_days": 30},
    "budget": {"contacts": 60},
    "experiment": {"id": "year", "control_share": 0.3},
}


@dataclass
class CampaignHome:
    """A home and a `folder` with the lists and the campaign files; `now` is what the clock shows."""

    home: Home
    folder: Path
    now: datetime = NOW
    secret: Secret = SECRET
    contacts: dict[str, Any] = field(default_factory=dict)
    threads: int = 2

    def __post_init__(self) -> None:
        """Have the CRM export its lists."""
        self.folder.mkdir(exist_ok=True)
        self.export()

    @property
    def places(self) -> Locations:
        """Say where everything lies."""
        return Locations(home=self.home.path)

    @property
    def config(self) -> ScoreConfig:
        """Configure the lists."""
        lists = {name: self.folder / name for name in ("objections", "basis")} | self.contacts
        contacts = {name: path for name, path in lists.items() if path is not None}
        return ScoreConfig(
            settle_seconds=0,
            threads=self.threads,
            contacts=ContactsConfig.model_validate(contacts) if "objections" in contacts else None,
        )

    @property
    def desk(self) -> Desk:
        """Sit down at the desk."""
        return Desk(self.places, self.config, self.secret, lambda: self.now)

    def at(self, now: datetime, objected: Sequence[str] = (), *, without: Iterable[str] = ()) -> None:
        """Let time pass, and have the CRM export the lists of that day."""
        self.now = now
        self.export(objected, without=without)

    def export(self, objected: Sequence[str] = (), *, without: Iterable[str] = ()) -> None:
        """Write both lists of today: `objected` in addition, and nobody of `without` has a basis."""
        rows = [f" {each.lower()} ,2026-01-01,marketing\n" for each in [*OBJECTED, *objected]]
        self._write("objections", "customerID,objected_on,scope\n" + "".join(rows))
        gone = {*without}
        rows = [
            f"{each},{channel},{basis},2026-01-01\n"
            for (each, channel), basis in BASES.items()
            if each not in gone
        ]
        self._write("basis", "customerID,channel,basis,since\n" + "".join(rows))

    def _write(self, name: str, text: str) -> None:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        (folder / f"{name}_{self.now.date()}.csv").write_text(text)

    def score(self, customers: pd.DataFrame = CUSTOMERS, day: str = "2026-03-01") -> Path:
        """Score an extract."""
        self.places.inbox.mkdir(exist_ok=True)
        customers.to_csv(self.places.inbox / f"crm_{day}.csv", index=False)
        (scored,) = score_night(
            home=self.places, config=self.config, secret=self.secret, now=lambda: self.now, force=True
        ).scored
        return scored

    def write(self, **changes: object) -> Path:
        """Write a campaign file."""
        campaign = self.campaign(**changes)
        path = self.folder / f"{campaign.id}.yaml"
        path.write_text(campaign.model_dump_json())  # JSON is YAML
        return path

    def campaign(self, **changes: object) -> Campaign:
        """Make a campaign."""
        return make_campaign(**(dict(SETTINGS) | changes))  # type: ignore[arg-type]

    def propose(self, file: Path | None = None, **options: Any) -> str:
        """Propose the campaign, and name the proposal."""
        folder = propose(self.desk, file or self.write(), **options)
        assert folder is not None
        return folder.name

    def decide(
        self, proposal: str, outcome: Literal["approved", "refused"] = "approved", **options: Any
    ) -> Path | None:
        """Decide on a proposal."""
        said = {"by": "Claire Martin", "comment": " fine "} | options
        return decide(self.desk, proposal, approve=outcome == "approved", **said)

    def approve(self, proposal: str, **options: Any) -> Path:
        """Approve a proposal, and return the folder of its campaign."""
        folder = self.decide(proposal, **options)
        assert folder is not None
        return folder

    def proposal(self, name: str) -> Proposal:
        """Read a proposal."""
        return Proposal.model_validate_json((self.places.proposals / name / PROPOSAL).read_bytes())

    def decision(self, name: str) -> Decision | None:
        """Read how a proposal was decided; None while it is open."""
        path = self.places.proposals / name / DECISION
        return Decision.model_validate_json(path.read_bytes()) if path.exists() else None

    def campaigns(self) -> list[Path]:
        """List the folders of approved campaigns."""
        return sorted(self.places.campaigns.glob("[!.]*"))

    def written(self) -> dict[str, bytes]:
        """Return what campaigns wrote: bytes by path."""
        return files_below(self.home, "proposals", "campaigns")

    def left_over(self) -> list[Path]:
        """List hidden leftovers of unfinished work."""
        return sorted(path for path in self.home.path.rglob(".stage*") if path.parent.name != "work")


def manifest_of(folder: Path) -> CampaignManifest:
    """Read the manifest of a campaign."""
    return CampaignManifest.model_validate_json((folder / MANIFEST).read_bytes())


def rows_of(folder: Path) -> pd.DataFrame:
    """Read campaign.csv, as text."""
    return pd.read_csv(folder / "campaign.csv", dtype="str", keep_default_na=False)


def groups_in(folder: Path) -> dict[str, str]:
    """Read who is contact and who is control, by customer."""
    table = pd.read_csv(folder / "measurement.csv", dtype="str", keep_default_na=False)
    return dict(zip(map(same_customer, table["customerID"]), table["group"], strict=True))


def written_in(*places: Path) -> bytes:
    """Return everything in files, names included, with what is packed into workbooks."""
    return b"\n".join(part for place in places for path in sorted(place.rglob("*")) for part in _parts(path))


def _parts(path: Path) -> Iterator[bytes]:
    yield str(path).encode()
    if path.is_file():
        data = path.read_bytes()
        yield data
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                yield from map(packed.read, packed.namelist())


def traces_of(customer_id: str) -> list[bytes]:
    """Return every form in which an id could be stored: text, UTF-16, and base64 at any offset."""
    forms = []
    for text in {customer_id, customer_id.lower()}:
        data = text.encode()
        encoded = [base64.b64encode(b"\0" * pad + data)[4 if pad else 0 : -4] for pad in range(3)]
        forms += [data, text.encode("utf-16-le"), *encoded]
    return forms


def leaked(data: bytes, customers: Iterable[str]) -> list[str]:
    """List the customers whose ids some data contains in any form."""
    return [each for each in customers if any(trace in data for trace in traces_of(each))]
