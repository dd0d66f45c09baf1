"""Publish an approved campaign as one folder, atomically."""

from pathlib import Path
from typing import Final

from schemas.campaign_files import MEASUREMENT_COLUMNS, CampaignManifest, Proposal
from schemas.closed import to_json
from schemas.manifest import MANIFEST
from tasks.core.campaigns.choice.selection import Selected
from tasks.core.campaigns.folders import MEASUREMENT
from tasks.core.campaigns.lists.call_list import open_call_list
from tasks.core.campaigns.lists.call_rows import call_rows, measurement_rows
from tasks.core.campaigns.page.page import PAGE, write_page
from tasks.core.storage.atomic import open_new, reveal, write_new
from tasks.core.storage.seals import seal_files

_HEADER: Final = ",".join(MEASUREMENT_COLUMNS) + "\n"


def write_lists(stage: Path, selected: Selected, proposal: Proposal) -> None:
    """Write the lists of customers and their groups into a new folder, batch by batch."""
    with open_call_list(stage, proposal) as lists:
        for frame in call_rows(selected, proposal):
            lists.add(frame)
    with open_new(stage / MEASUREMENT) as file:
        file.write(_HEADER.encode())
        for frame in measurement_rows(selected):
            file.write(frame.to_csv(None, index=False, header=False, lineterminator="\n").encode())


def publish_campaign(stage: Path, campaigns: Path, manifest: CampaignManifest, timezone: str) -> Path:
    """Add the page, seal the stage and publish it below `campaigns` in one step."""
    sealed = manifest.model_copy(update={"files": seal_files(stage)})
    write_new(stage / PAGE, write_page(sealed, timezone=timezone).encode())
    write_new(stage / MANIFEST, to_json(sealed.model_copy(update={"files": seal_files(stage)})))
    target = campaigns / manifest.name
    reveal(stage, target)
    return target
