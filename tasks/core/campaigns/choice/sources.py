"""What a campaign is made from: scores as they were published, and the extract behind them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from schemas.campaign_files import ScoresUsed
from schemas.config import IngestConfig, Locations
from schemas.manifest import MANIFEST, ScoresManifest
from tasks.core.errors import ConfigError
from tasks.core.intake.archive import find_archived
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import Delivery, identify
from tasks.core.scores.folders import read_manifest
from tasks.core.scores.latest import find_of_day, read_latest
from tasks.core.storage.hashing import sha256_of
from tasks.core.storage.seals import is_as_sealed


@dataclass(frozen=True)
class Source:
    """Scores that are as they were sealed, and their extract."""

    folder: Path
    manifest: ScoresManifest
    manifest_sha256: str
    delivery: Delivery

    @property
    def reading(self) -> IngestConfig:
        """How the extract was read when it was scored."""
        assert self.manifest.inputs is not None  # `open_latest` refuses it
        return IngestConfig.model_validate(self.manifest.inputs.reading.model_dump())

    @property
    def used(self) -> ScoresUsed:
        """Name the scores in a manifest."""
        manifest = self.manifest
        return ScoresUsed(
            folder=self.folder.name,
            manifest_sha256=self.manifest_sha256,
            extract_id=manifest.extract.extract_id,
            bundle_id=manifest.bundle_id,
            model_id=manifest.model_id,
            simulated=manifest.extract.simulated or manifest.bundle_simulated,
            horizon=manifest.horizon,
        )


def open_latest(home: Locations, as_of: date | None, extract: Path | None) -> Source:
    """Open the scores to use, or those of a day, and their extract: the archived one, or one that is given.

    Raises:
        ConfigError: there are no such scores, they have changed, or the extract is another or missing.
    """
    if as_of is None:
        latest = read_latest(home.scores)
        name = latest.folder if latest is not None else None
    else:
        manifest = find_of_day(home.scores, as_of)
        name = str(manifest.name) if manifest is not None else None
    if name is None:
        day = f" for {as_of}" if as_of is not None else ""
        raise ConfigError(f"there are no scores{day} in {home.scores}. Score an extract first.")
    return open_source(home, name, extract)


def open_source(home: Locations, name: str, extract: Path | None) -> Source:
    """Open the scores in the folder of this name, and their extract.

    Raises:
        ConfigError: they have changed or are missing, or the extract is another or missing.
    """
    folder = home.scores / name
    manifest = read_manifest(folder)
    if manifest is None or not is_as_sealed(folder, manifest, hashed=True):
        raise ConfigError(
            f"scores '{name}' are missing or have changed since they were published. Score the extract again,"
            " then propose the campaign again."
        )
    if manifest.inputs is None:
        raise ConfigError(
            f"scores '{name}' do not record how their extract was read. Score the extract again."
        )
    return Source(folder, manifest, sha256_of(folder / MANIFEST), _find_extract(home, manifest, extract))


def _find_extract(home: Locations, manifest: ScoresManifest, given: Path | None) -> Delivery:
    extract_id = manifest.extract.extract_id
    path = given or find_archived(home.archive, extract_id)
    if path is None:
        raise ConfigError(
            f"extract {extract_id}, which has the customers' values, is not in the archive. Pass the extract"
            " that was scored with --extract."
        )
    delivery = identify(ExtractPath(path, delivered=False))
    if delivery.sha256 != manifest.extract.sha256:
        raise ConfigError(
            f"the extract is {delivery.extract_id}, but the scores are of extract {extract_id}. Pass that one"
            " with --extract."
        )
    return delivery
