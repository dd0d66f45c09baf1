"""Detect drift in customers or scores."""

from pathlib import Path
from typing import Final

from schemas.manifest import ScoresManifest
from schemas.operations import AlarmPolicy
from tasks.core.scores.folders import published_folders, read_manifest
from tasks.core.scores.latest import corrected_extracts, read_latest

LEAST_CUSTOMERS: Final = 100
"""With fewer customers nothing is compared: at 100, a 30 % share has a standard error of five points."""


def find_drift(scores: Path, policy: AlarmPolicy) -> str | None:
    """Describe how the latest scores drifted from training or from an earlier day; None if they did not."""
    latest = read_latest(scores)
    manifest = read_manifest(scores / latest.folder) if latest else None
    return drifted(manifest, _day_before(scores, manifest), policy) if manifest else None


def drifted(now: ScoresManifest, before: ScoresManifest | None, policy: AlarmPolicy) -> str | None:
    """Describe how scores drifted; `before` are the same bundle's scores for an earlier day, if any."""
    if now.scored < LEAST_CUSTOMERS:
        return None
    strangers = now.out_of_domain / now.scored
    if strangers > policy.max_out_of_domain_share:
        return (
            f"{strangers:.1%} of customers scored for {now.as_of_date} are outside the champion's training"
            f" domain; expected at most {policy.max_out_of_domain_share:.1%}. Check the extract, then"
            " retrain."
        )
    if before is None:
        return None
    share, earlier = now.flagged / now.scored, before.flagged / before.scored
    if abs(share - earlier) > policy.max_flagged_change:
        return (
            f"{share:.1%} of customers scored for {now.as_of_date} are flagged, compared with"
            f" {earlier:.1%} for {before.as_of_date}; expected a change of at most"
            f" {policy.max_flagged_change:.1%}. Check the extract, then retrain."
        )
    return None


def _day_before(scores: Path, now: ScoresManifest | None) -> ScoresManifest | None:
    """Find the newest undamaged scores for an earlier day, by the same bundle and with enough customers."""
    manifests = [each for each in map(read_manifest, published_folders(scores)) if each is not None]
    corrected = corrected_extracts(manifests)
    earlier = (
        each
        for each in manifests
        if now is not None
        and each.bundle_id == now.bundle_id
        and each.as_of_date < now.as_of_date
        and each.scored >= LEAST_CUSTOMERS
        and each.extract.extract_id not in corrected
    )
    return max(earlier, key=lambda each: (each.as_of_date, each.scored_at), default=None)
