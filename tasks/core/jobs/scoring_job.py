"""Score one extract with one champion, once: the same code at night, by hand and after a promotion."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from schemas.config import ContactsConfig, Locations, ScoreConfig
from schemas.manifest import ExtractIdentity, ScoresManifest
from schemas.scores_name import ScoresName
from schemas.scoring_inputs import ScoringInputs
from tasks.core.bundle import registry
from tasks.core.bundle.bundle_files import Bundle
from tasks.core.contract.objections import Objections
from tasks.core.contract.quarantine import CONTACTS_QUARANTINE, write_contacts_quarantine, write_quarantine
from tasks.core.contract.quirks import quirks_line
from tasks.core.engine.stream import Progress, Totals, score_stream
from tasks.core.errors import BundleError, RegistryError, listing
from tasks.core.extract.whole.whole_extract import Findings, Reading
from tasks.core.intake.checksum_sidecar import verify_checksum
from tasks.core.intake.contact_lists import Contacts, read_contacts
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, Texts
from tasks.core.intake.delivery import identify as hash_extract
from tasks.core.intake.kept_objections import keep_objections, read_kept
from tasks.core.provenance import versions
from tasks.core.report.summary import counts_line
from tasks.core.scores.folders import find_scores
from tasks.core.scores.latest import read_latest, superseded_by, swap_latest
from tasks.core.scores.publish import SCORES, StagedScores, open_stage, publish_folder, translate_disk_errors
from tasks.core.steps import log, progress, step
from tasks.core.storage.seals import seal_files
from tasks.core.storage.secret import Secret


@dataclass(frozen=True)
class ScoringJob:
    """An extract, the champion that scores it, the day it describes, and the folder of all scores.

    `force` lets a champion trained on simulated customers score real ones. `contacts` say who objected.
    """

    delivery: Delivery
    champion: Bundle
    as_of: date
    config: ScoreConfig
    scores: Path
    force: bool
    contacts: Contacts | None = None

    @property
    def objections(self) -> Objections | None:
        """Who is left out; None if no objections are known."""
        return self.contacts.objections if self.contacts is not None else None

    @property
    def bundle_id(self) -> str:
        """The id of the champion's bundle."""
        return self.champion.manifest.bundle_id

    @property
    def inputs(self) -> ScoringInputs:
        """Everything else that the scores depend on."""
        used = self.contacts.used if self.contacts is not None else None
        return ScoringInputs.of(self.config.ingest, used.objections_id if used else None)


Engine = Callable[[ScoringJob], StagedScores]
"""Computes the scores of a job: threads of this process, or a cluster. The output is identical."""


@step("pin-champion")
def pin_champion(home_registry: Path) -> Bundle:
    """Open the champion, verify every hash and check it on its own examples.

    Raises:
        RegistryError: there is no champion, or its pointer is damaged.
        AccessError: the registry cannot be read.
        BundleError: the bundle changed since it was sealed, or scores its examples differently.
    """
    bundle = registry.open_champion(home_registry)
    if bundle is None:
        raise RegistryError(registry.no_champion(home_registry))
    bundle.scorer()
    manifest = bundle.manifest
    log.info(
        "champion: bundle %s, model %s (gate: %s)",
        manifest.bundle_id,
        manifest.model_id,
        manifest.gate.outcome,
    )
    if bundle.manifest.simulated:
        log.warning("The champion was trained on SIMULATED customers.")
    return bundle


@step("read-contacts")
def open_contacts(
    home: Locations, config: ContactsConfig | None, secret: Secret, now: Callable[[], datetime]
) -> Contacts | None:
    """Read who objected and who may be contacted; without a list, who objected by the last one kept.

    None if there never was a list. The caller holds the lock on the home's `work` folder.

    Raises:
        ConfigError: a list is missing, cannot be read or is too old, or the key is another.
        ContactsError: a list breaks its contract.
    """
    if config is None:
        contacts = read_kept(home.contacts, secret)
        if contacts is not None:
            log.warning(
                "contacts.objections is not set: the %d customers who objected by %s's list are left out",
                contacts.used.objections,
                contacts.day,
            )
        return contacts
    moment = now()
    contacts = read_contacts(config, secret, moment)
    keep_objections(home.contacts, contacts, secret, moment)
    used = contacts.used
    log.info("contacts: %d ids objected; %d bases, by id and channel", used.objections, used.bases)
    if used.quarantined:
        log.warning(
            "contacts: %d rows break their list's contract; see %s", used.quarantined, CONTACTS_QUARANTINE
        )
    return contacts


Hash = Callable[[ExtractPath], Delivery]
"""Identifies an extract by the hash of its bytes."""


@step("identify")
def identify(given: ExtractPath, identify_by: Hash = hash_extract) -> Delivery:
    """Hash an extract; a delivered one must match its sidecar.

    Raises:
        ExtractError: the delivered path is not a plain file, or does not match its sidecar.
        ConfigError: the operator's path cannot be read.
    """
    delivery = identify_by(given)
    log.info("extract %s: %d bytes", delivery.extract_id, delivery.size)
    if given.delivered:
        verify_checksum(delivery)
    return delivery


@step("find-published")
def find_published(job: ScoringJob) -> Path | None:
    """Find the folder with this extract's scores by this champion with these settings.

    Raises:
        PublishError: the folder exists but changed since it was sealed.
    """
    extract_id = job.delivery.extract_id
    found = find_scores(job.scores, extract_id, job.bundle_id, job.inputs.inputs_id)
    if found is not None:
        log.info(
            "extract %s was already scored by this champion with these settings: see %s", extract_id, found
        )
        latest = read_latest(job.scores)
        same = latest is not None and (latest.extract_id, latest.bundle_id) == (extract_id, job.bundle_id)
        if latest is not None and same and latest.folder != found.name:
            log.warning(
                "the latest scores, %s, are of this extract with other settings, scored later."
                " To use the earlier ones, move that folder away and run again.",
                latest.folder,
            )
    return found


@step("score")
def score_by_threads(job: ScoringJob) -> StagedScores:
    """Score an extract's accepted customers, in order; quarantine the other rows with their reasons.

    Raises:
        ExtractError: the extract breaks the contract as a whole.
        BundleError: a champion trained on simulated customers would score real ones without `force`,
            or a probability is not a number within 0 and 1.
        PublishError: the scores could not be written.
    """

    def here(reading: Reading, scores: Path, on_block: Callable[[Progress], None]) -> tuple[Findings, Totals]:
        return score_stream(
            Texts(job.delivery, job.config.ingest),
            reading,
            job.champion.scorer(),
            scores,
            threads=job.config.threads,
            on_block=on_block,
            objections=job.objections,
        )

    return stage_scores(job, here)


Fill = Callable[[Reading, Path, Callable[[Progress], None]], tuple[Findings, Totals]]
"""Reads and scores an extract into a new file, and reports its progress."""


def stage_scores(job: ScoringJob, fill: Fill) -> StagedScores:
    """Write scores and quarantine into a hidden folder, which is removed on failure.

    Raises:
        ExtractError: the extract breaks the contract as a whole.
        BundleError: a champion trained on simulated customers would score real ones without `force`.
        PublishError: the scores could not be written.
    """
    extract, ingest = job.delivery, job.config.ingest
    name = str(ScoresName(job.as_of, extract.extract_id, job.bundle_id, job.inputs.inputs_id))
    stage = open_stage(job.scores, name)
    try:
        with translate_disk_errors(name), closing(Reading(extract.name, "scoring", ingest, stage)) as reading:
            findings, totals = fill(reading, stage / SCORES, _show_progress(extract.extract_id))
            write_quarantine(stage, reading.quarantine(findings.repeats))
            if job.contacts is not None and len(job.contacts.quarantine):
                write_contacts_quarantine(stage, job.contacts.quarantine)
            files = seal_files(stage)
        _log_counts(findings, reading.ignored_columns, extract.extract_id)
        _refuse_other_origin(job, findings)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    identity = ExtractIdentity(
        extract_id=extract.extract_id,
        sha256=extract.sha256,
        simulated=findings.simulated,
        counts=findings.counts,
    )
    return StagedScores(stage, files, identity, reading.ignored_columns, totals)


@step("publish")
def publish(job: ScoringJob, staged: StagedScores, now: datetime) -> Path:
    """Publish staged scores as one folder, atomically.

    Raises:
        ChangedError: the extract changed after it was scored.
        PublishError: the scores could not be written.
    """
    job.delivery.confirm()
    supersedes = superseded_by(job.scores, job.as_of, job.delivery.extract_id)
    if supersedes:
        log.info(
            "extract %s supersedes earlier scores of its day: %d", job.delivery.extract_id, len(supersedes)
        )
    champion = job.champion.manifest
    manifest = ScoresManifest(
        files=staged.files,
        as_of_date=job.as_of,
        extract=staged.extract,
        ignored_columns=staged.ignored_columns,
        bundle_id=job.bundle_id,
        model_id=champion.model_id,
        bundle_manifest_sha256=job.champion.manifest_sha256,
        bundle_simulated=champion.simulated,
        horizon=champion.horizon,
        inputs_id=job.inputs.inputs_id,
        inputs=job.inputs,
        contacts=job.contacts.used if job.contacts is not None else None,
        gate_outcome=champion.gate.outcome,
        forced=job.force,
        scored=staged.totals.scored,
        flagged=staged.totals.flagged,
        out_of_domain=staged.totals.out_of_domain,
        supersedes=supersedes,
        versions=versions(),
        scored_at=now,
        expires_on=now.date() + timedelta(days=job.config.keep_days),
    )
    folder = publish_folder(staged.folder, job.scores, manifest)
    log.info("published: %s", folder)
    return folder


@step("point-to-latest")
def point_to_latest(scores: Path, champion: Bundle) -> None:
    """Update the pointer to the latest scores from the manifests."""
    found = swap_latest(scores, champion.manifest.bundle_id)
    if found is not None:
        log.info("latest scores: %s", found.folder)


def _show_progress(extract_id: str) -> Callable[[Progress], None]:
    return lambda done: progress(f"scoring extract {extract_id}", done.share, done.rows)


def _log_counts(findings: Findings, ignored_columns: tuple[str, ...], extract_id: str) -> None:
    log.info("extract %s: %s", extract_id, counts_line(findings.counts))
    if ignored_columns:
        log.warning("Columns ignored by scoring: %s", listing(ignored_columns))
    if findings.quirks:
        log.warning("Read although written otherwise: %s", quirks_line(findings.quirks))
    if findings.signed_ids:
        log.warning(
            "Ids that start with '+' or '-', which a spreadsheet reads as formulas: %d. They are published as"
            " sent: import customerID as text.",
            findings.signed_ids,
        )
    if findings.simulated:
        log.warning("These customers are SIMULATED.")


def _refuse_other_origin(job: ScoringJob, findings: Findings) -> None:
    if job.champion.manifest.simulated and not findings.simulated and not job.force:
        raise BundleError(
            f"the champion '{job.bundle_id}' was trained on simulated customers and cannot"
            " score real ones. Train on a real extract first, or override with --force."
        )
