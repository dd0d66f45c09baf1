"""A decision on a proposal that can be killed at a chosen point, and what it leaves behind."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from schemas.manifest import MANIFEST
from tasks.core.campaigns import publish
from tasks.core.campaigns.lists.call_list import LISTS
from tasks.core.campaigns.page.page import PAGE
from tasks.core.campaigns.proposals import DECISION, review_all
from tasks.core.jobs import decide_campaign
from tasks.core.storage import atomic
from tasks.core.storage.locks import locked
from tasks.core.storage.seals import seal_files
from tests.harness.campaign_home import CampaignHome, manifest_of
from tests.harness.home import Home
from tests.harness.killing import ended, forked, kill_around

POINTS: Final = tuple(
    f"{moment}:{place}"
    for place in (
        "reveal",
        "record",
        "write-lists",
        "write-page",
        "write-groups",
        "write-manifest",
        "rename-decision",
    )
    for moment in ("before", "after")
)
"""Around the writes of an approval: what is shown at once, what is written before and recorded after."""


@dataclass(frozen=True)
class Approval:
    """A home with an open proposal `name`, which is approved in a process of its own."""

    start: Path
    home: Path
    lists: Path
    name: str

    def prepare(self) -> None:
        """Bring the home back to its start."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.start, self.home)

    @property
    def house(self) -> CampaignHome:
        """Open the home."""
        return CampaignHome(Home(self.home), self.lists)

    def run(
        self,
        kill_at: str | None = None,
        *,
        after_seconds: float | None = None,
        outcome: Literal["approved", "refused"] = "approved",
    ) -> int:
        """Decide in a separate process; return its exit code."""
        return ended(forked(_decide, self, kill_at, outcome), kill_after=after_seconds)

    def faults(self, golden: dict[str, bytes]) -> list[str]:
        """List what is neither the old state nor the new one, now and after another approval."""
        found = [*self._half_done()]
        campaigns = self.house.campaigns()
        places = self.house.places
        with locked(places.proposals):
            (seen,) = review_all(places.proposals, places.campaigns, self.house.now)
        if not campaigns and seen.decision is not None:
            found.append("there is a decision but no campaign")
        if campaigns and seen.decision != manifest_of(campaigns[0]).decision:
            found.append("the proposal has another decision than its campaign")
        if not campaigns and self.run() != 0:
            found.append("it cannot be approved any more")
        found += self._half_done()
        if self.lists_written() != golden:
            found.append("another approval leads elsewhere")
        leftovers = [path.name for path in self.home.rglob(f"{atomic.STAGE_PREFIX}*")]
        return found + [f"left over: {name}" for name in leftovers]

    def lists_written(self) -> dict[str, bytes]:
        """Return what the approved campaigns consist of, without times and names of people."""
        return {
            f"{folder.name}/{path.name}": path.read_bytes() if path.name not in (MANIFEST, PAGE) else b""
            for folder in self.house.campaigns()
            for path in folder.iterdir()
        }

    def _half_done(self) -> Iterator[str]:
        campaigns = self.house.campaigns()
        if len(campaigns) > 1:
            yield f"there are {len(campaigns)} campaigns"
        for folder in campaigns:
            with suppress(OSError, ValueError):
                if seal_files(folder) == manifest_of(folder).files and (folder / LISTS[0]).is_file():
                    continue
            yield "a campaign is half written"
        with suppress(OSError, ValueError):
            self.house.proposal(self.name)
            self.house.decision(self.name)
            return
        yield "the proposal is damaged"


def _decide(approval: Approval, kill_at: str | None, outcome: Literal["approved", "refused"]) -> None:
    """Run as the process that decides."""
    if kill_at is not None:
        _arm(*kill_at.split(":"))
    approval.house.decide(approval.name, outcome)


def _arm(moment: str, place: str) -> None:
    module, name, ending = {
        "reveal": (publish, "reveal", ""),
        "record": (decide_campaign, "record", ""),
        "write-lists": (decide_campaign, "write_lists", ""),
        "write-page": (publish, "write_new", PAGE),
        "write-groups": (publish, "open_new", publish.MEASUREMENT),
        "write-manifest": (publish, "write_new", MANIFEST),
        "rename-decision": (Path, "replace", ""),
    }[place]
    if place == "rename-decision":
        kill_around(module, name, moment, lambda _aside, target: Path(target).name == DECISION)
    else:
        kill_around(module, name, moment, lambda first, *_: str(first).endswith(ending))
