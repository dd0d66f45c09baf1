"""A home with data of all ages, and what a sweep of it leaves."""

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from schemas.closed import to_json
from schemas.config import Locations
from schemas.manifest import MANIFEST
from schemas.operations import RetentionPolicy
from schemas.retention import Swept
from tasks.core.campaigns.proposals import PROPOSAL
from tasks.core.intake.rejects import REASON
from tasks.core.operations.expiry import find_expired
from tasks.core.operations.sweep import sweep as delete_expired
from tasks.core.scores.latest import swap_latest
from tasks.core.storage.atomic import make_folder
from tests.harness.campaigns import make_manifest, make_proposal
from tests.harness.deliveries import BUNDLE, publish_scores

TODAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 5, tzinfo=UTC)
POLICY = RetentionPolicy()
DAYS = (0, 30, 31, 90, 91)
"""Ages around the limits."""


def make_aged_home(home: Path) -> Locations:
    """Make a home with data of all ages, and data that no sweep may touch."""
    places = Locations(home=home)
    for folder in (places.inbox, places.work, places.archive, places.registry, places.runs):
        make_folder(folder)
    for age in DAYS:
        day = TODAY - timedelta(days=age)
        moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        extract = f"{age:016d}"
        for path in (
            places.inbox / f".{day}-simulated.truth.csv",
            places.inbox / f".stage-{day}-killed.csv-77",
            places.prefect / "storage" / f"{day}-failed",
            places.prefect / "dlq" / f"{day}-undelivered",
        ):
            (make_folder(path.parent) / path.name).write_text("SIM-0000001")
            os.utime(path, (moment.timestamp(),) * 2)
        publish_scores(places.scores, day, extract, moment)
        (places.archive / f"{day}-{extract}.csv").write_text("0000-AAAAA")
        (places.archive / f"{day}-{extract}.csv.sha256").write_text("hash")
        older = day - timedelta(days=POLICY.contacts_days - POLICY.archive_days)
        (make_folder(places.contacts / f"{older}T040000.000000-{extract}") / "fingerprints.bin").touch()
        proposal = make_proposal().model_copy(update={"expires_at": moment})
        (make_folder(places.proposals / f"proposal-{extract}") / PROPOSAL).write_bytes(to_json(proposal))
        campaign = make_manifest(proposal).model_copy(
            update={"expires_on": day + timedelta(days=POLICY.proposals_days)}
        )
        (make_folder(places.campaigns / f"campaign-{extract}") / MANIFEST).write_bytes(to_json(campaign))
        rejected = make_folder(places.rejected / extract)
        (rejected / "extract").write_text("0000-AAAAA")
        (rejected / REASON).write_text("why")
        os.utime(rejected / REASON, (moment.timestamp(),) * 2)
        (make_folder(places.runs / f"{day:%Y%m%d}T040000-1" / "checkpoints") / "best.pt").write_bytes(
            b"x" * 99
        )
    for path in (
        places.inbox / "2020-01-01-old.csv",
        places.inbox / ".arriving.csv",
        places.prefect / "auth",
        places.work / "2020-01-01-old.csv",
        places.registry / "2020-01-01-bundle",
        places.archive / "a-note.txt",
        places.archive / ".hidden",
        places.runs / "mine",
        places.rejected / "without-reason",
        places.contacts / "a-note.txt",
        places.proposals / "a-note.txt",
        places.campaigns / "a-note.txt",
        places.scores / "2020-01-01-mine",
    ):
        path.write_text("kept")
    swap_latest(places.scores, BUNDLE)
    return places


def sweep(places: Locations, now: datetime = NOW) -> list[Swept]:
    """Sweep, and check that nothing failed."""
    proof, left = delete_expired(places, find_expired(places, POLICY, BUNDLE, now), now)
    assert left == []
    return proof


def ages(folder: Path) -> list[int]:
    """List the ages, in days, of the entries of a folder, by the dates in their names."""
    names = [path.name for path in folder.iterdir() if path.suffix != ".sha256"]
    days = [re.match(r"(?:\.stage-|\.)?(\d{4})-?(\d\d)-?(\d\d)[T-]\w{6}", name) for name in names]
    return sorted((TODAY - date(*map(int, day.groups()))).days for day in days if day is not None)
