"""Work out from the manifests alone which scores supersede which, and keep a pointer to the latest."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from schemas.closed import to_json
from schemas.manifest import MANIFEST, Latest, ScoresManifest
from schemas.scores_name import ScoresName
from tasks.core.errors import accessing
from tasks.core.scores.folders import manifests_of, published_folders
from tasks.core.storage.atomic import replace_file, sweep_stages
from tasks.core.storage.hashing import sha256_of

LATEST: Final = "latest.json"


def corrected_extracts(manifests: Iterable[ScoresManifest]) -> set[str]:
    """Return the ids of the extracts that any of these scores supersede."""
    return {ScoresName.parse(name).extract_id for each in manifests for name in each.supersedes}


def reread_folders(manifests: Sequence[ScoresManifest]) -> set[str]:
    """Name the folders whose extract the same bundle scored again for the same day, by other settings."""
    last: dict[tuple[date, str, str], ScoresManifest] = {}
    for each in sorted(manifests, key=lambda each: each.scored_at):
        last[each.as_of_date, each.extract.extract_id, each.bundle_id] = each
    return {str(each.name) for each in manifests} - {str(each.name) for each in last.values()}


def superseded_by(scores: Path, as_of: date, extract_id: str) -> tuple[str, ...]:
    """Name the folders of the earlier extracts for the same day, which this one supersedes.

    A redelivered extract keeps its original position, whichever bundle scores it again.
    """
    of_day = list(manifests_of(published_folders(scores, as_of)))
    own = [each for each in of_day if each.extract.extract_id == extract_id]
    if own:
        return tuple(sorted({name for each in own for name in each.supersedes}))
    if extract_id in corrected_extracts(of_day):
        return ()
    superseded = {name for each in of_day for name in each.supersedes}
    return tuple(sorted(superseded | {str(each.name) for each in of_day}))


def find_latest(scores: Path, champion: str) -> Latest | None:
    """Find the scores to use: for the newest day, those of the extract that no other extract supersedes.

    If several bundles scored that extract, prefer the `champion` (an id), or else the most recent scores.
    """
    newest: list[ScoresManifest] = []
    for manifest in manifests_of(published_folders(scores)):
        if newest and manifest.as_of_date != newest[0].as_of_date:
            break
        newest.append(manifest)
    corrected = corrected_extracts(newest)
    best = max(
        (each for each in newest if each.extract.extract_id not in corrected),
        key=lambda each: (each.bundle_id == champion, each.scored_at, each.bundle_id),
        default=None,
    )
    if best is None:
        return None
    return Latest(
        as_of_date=best.as_of_date,
        folder=str(best.name),
        extract_id=best.extract.extract_id,
        bundle_id=best.bundle_id,
        inputs_id=best.inputs_id,
        manifest_sha256=sha256_of(scores / str(best.name) / MANIFEST),
    )


def find_of_day(scores: Path, day: date) -> ScoresManifest | None:
    """Find the scores to use for a day, of those that nothing supersedes the last; None if there are none."""
    manifests = list(manifests_of(published_folders(scores, day)))
    corrected, reread = corrected_extracts(manifests), reread_folders(manifests)
    usable = (
        each
        for each in manifests
        if each.extract.extract_id not in corrected and str(each.name) not in reread
    )
    return max(usable, key=lambda each: (each.scored_at, each.bundle_id), default=None)


def read_latest(scores: Path) -> Latest | None:
    """Read the pointer; None if it is missing or damaged, since it can be rebuilt from the manifests.

    Raises:
        AccessError: it cannot be read.
    """
    try:
        with accessing(scores / LATEST):
            return Latest.model_validate_json((scores / LATEST).read_bytes())
    except (OSError, ValidationError):
        return None


def swap_latest(scores: Path, champion: str) -> Latest | None:
    """Update the pointer to the latest scores; it moves back a day only if its folder is gone.

    Removes leftovers of killed runs, so the caller must hold the lock on the `work` folder.
    """
    sweep_stages(scores)
    old, new = read_latest(scores), find_latest(scores, champion)
    if old and (new is None or new.as_of_date < old.as_of_date) and (scores / old.folder).is_dir():
        return old
    if new is not None and new != old:
        replace_file(scores / LATEST, to_json(new))
    return new
