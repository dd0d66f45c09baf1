"""Find published campaigns by their manifests, and who was on their lists."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from schemas.campaign import Experiment
from schemas.campaign_files import CampaignManifest
from schemas.columns import ID
from schemas.manifest import MANIFEST
from tasks.core.contract.customer_ids import FoldedIds, IdTable, fold
from tasks.core.errors import ConfigError, accessing
from tasks.core.storage.hashing import sha256_of

MEASUREMENT: Final = "measurement.csv"


def published_campaigns(campaigns: Path) -> Iterator[tuple[Path, CampaignManifest]]:
    """Yield the folders of approved campaigns with their manifests, by name.

    Raises:
        AccessError: they cannot be read.
        ConfigError: a manifest cannot be understood: who was chosen by it cannot be known.
    """
    folders: list[Path] = []
    with suppress(FileNotFoundError), accessing(campaigns):
        folders = sorted(each for each in campaigns.iterdir() if not each.name.startswith("."))
    for folder in folders:
        with accessing(folder):
            manifest = _read_manifest(folder)
        if manifest is None:
            raise _changed(folder)
        yield folder, manifest


def expiry_of_campaign(folder: Path) -> date | None:
    """Return the last day on which a campaign is kept; None if it is not one."""
    manifest = _read_manifest(folder)
    return manifest.expires_on if manifest is not None else None


@dataclass(frozen=True)
class Resting:
    """Customers who were on a list, or in its control group, too recently, and these lists' campaigns."""

    campaigns: tuple[str, ...]
    customers: IdTable


def find_resting(campaigns: Path, rest_days: int, today: date, timezone: str) -> Resting:
    """Find who was chosen in the last `rest_days` by an approved list of any campaign.

    The days count from the approval, or from the first day of the validity if that is later, and begin in the
    time zone. Memory grows with the customers.

    Raises:
        AccessError: a campaign cannot be read.
        ConfigError: a campaign is not as it was published.
    """
    ids: dict[str, None] = {}
    names: list[str] = []
    for folder, manifest in published_campaigns(campaigns) if rest_days else ():
        approved = manifest.decision.at.astimezone(ZoneInfo(timezone)).date()
        since = max(approved, manifest.campaign.validity.first_day)
        if today - since < timedelta(days=rest_days):
            names.append(manifest.name)
            with accessing(folder):
                ids |= dict.fromkeys(_chosen(folder, manifest))
    return Resting(tuple(names), IdTable(FoldedIds([[*ids]])))


def refuse_other_draw(campaigns: Path, experiment: Experiment, key_id: str) -> None:
    """Refuse to draw an experiment's control group with another key or another share than before.

    Either would make contacts of controls, or controls of contacts, and no effect could be measured.

    Raises:
        ConfigError: one of its campaigns has another key or share.
    """
    for folder, manifest in published_campaigns(campaigns):
        before = manifest.campaign.experiment
        if before.id != experiment.id:
            continue
        if manifest.key_id != key_id:
            raise ConfigError(
                f"the control group of experiment '{experiment.id}' was drawn with another key (see"
                f" '{folder.name}'). Restore the key (docs/operations.md), or begin a new"
                " experiment."
            )
        if before.control_share != experiment.control_share:
            raise ConfigError(
                f"experiment '{experiment.id}' has the control_share {before.control_share:g} (see"
                f" '{folder.name}'). Set experiment.control_share to it, or begin a new experiment."
            )


def _read_manifest(folder: Path) -> CampaignManifest | None:
    try:
        return CampaignManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (ValidationError, FileNotFoundError, NotADirectoryError):
        return None


def _chosen(folder: Path, manifest: CampaignManifest) -> list[str]:
    """List the contacts and controls of a campaign, folded."""
    path, seal = folder / MEASUREMENT, manifest.files.get(MEASUREMENT)
    if seal is None or not path.is_file() or sha256_of(path) != seal.sha256:
        raise _changed(folder)
    with path.open(encoding="utf-8", newline="") as file:
        return [fold(row[ID]) for row in csv.DictReader(file)]


def _changed(folder: Path) -> ConfigError:
    return ConfigError(
        f"'{folder}' is not a campaign as it was published. Restore it from a backup, or move it away:"
        " whoever was on its list may then be chosen again."
    )
