"""Seal a trained model into a bundle; open a bundle only if every byte is unchanged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from schemas.closed import Closed, to_json
from schemas.cut_points import CutPoints
from schemas.manifest import MANIFEST, MODEL, BundleManifest, FileSeal
from schemas.preprocessing import Examples, Spec
from schemas.reports import JudgedEvaluation
from tasks.core.bundle.scorer import Scorer
from tasks.core.errors import BundleError, accessing
from tasks.core.storage.atomic import make_folder, reveal, write_new
from tasks.core.storage.hashing import sha256

T = TypeVar("T", bound=Closed)

SPEC: Final = "preprocessing.json"
EXAMPLES: Final = "examples.json"
CUT_POINTS: Final = "cut_points.json"
STATE: Final = "model.pt"
TEACHER: Final = "teacher.pt"
EVALUATION: Final = "evaluation.json"
REPORT: Final = "report.html"
CARD: Final = "model_card.md"
SCORING_FILES: Final = (MODEL, SPEC, CUT_POINTS)
"""The files that determine a score: two bundles with the same ones give the same scores."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, read fully into memory, so later changes to its folder have no effect."""

    manifest: BundleManifest
    manifest_sha256: str
    onnx: bytes
    spec: Spec
    cut_points: CutPoints
    examples: Examples
    evaluation: JudgedEvaluation

    @property
    def scoring_sha256(self) -> tuple[str, ...]:
        """Hashes of the files that determine a score."""
        return tuple(self.manifest.files[name].sha256 for name in SCORING_FILES)

    def scorer(self) -> Scorer:
        """Load the model and test it on the bundle's own examples.

        Raises:
            BundleError: the model cannot be loaded, or its scores of the examples differ.
        """
        scorer = Scorer(
            self.onnx,
            self.spec,
            self.cut_points,
            model_version=self.manifest.bundle_id,
        )
        scorer.self_test(self.examples)
        return scorer


@dataclass(frozen=True)
class Staged:
    """A candidate as unsealed bundle files, so that the files that would run are the ones evaluated.

    `teacher` is the graph of its teacher, to compare it with; None if it has none. It is not in the bundle.
    """

    folder: Path
    onnx: bytes
    spec: Spec
    cut_points: CutPoints
    scoring_sha256: tuple[str, ...]
    teacher: bytes | None = None

    def scorer(self) -> Scorer:
        """Load the staged model.

        Raises:
            BundleError: the model cannot be loaded or does not fit the spec.
        """
        return Scorer(self.onnx, self.spec, self.cut_points, model_version="candidate")


def bundle_id(files: Mapping[str, FileSeal]) -> str:
    """Return a bundle's id: the first 16 hex digits of the hash of its `<sha256>  <name>` lines, sorted."""
    listing = "".join(f"{seal.sha256}  {name}\n" for name, seal in sorted(files.items()))
    return sha256(listing.encode())[:16]


def open_staged(folder: Path) -> Staged:
    """Read a staged candidate from its files."""
    return Staged(
        folder=folder,
        onnx=(folder / MODEL).read_bytes(),
        spec=Spec.model_validate_json((folder / SPEC).read_bytes()),
        cut_points=CutPoints.model_validate_json((folder / CUT_POINTS).read_bytes()),
        scoring_sha256=tuple(sha256((folder / name).read_bytes()) for name in SCORING_FILES),
    )


def seal(stage: Path, bundles: Path, manifest: BundleManifest) -> Path:
    """Turn a stage into a bundle below `bundles` in one step; return its folder.

    An existing bundle with the same bytes is left untouched.
    """
    (stage / MANIFEST).unlink(missing_ok=True)  # left by a failed attempt
    write_new(stage / MANIFEST, to_json(manifest))
    folder = make_folder(bundles) / manifest.bundle_id
    reveal(stage, folder)
    return folder


def open_bundle(folder: Path) -> Bundle:
    """Read a sealed bundle and verify every hash before loading anything.

    Raises:
        BundleError: a file is missing, unlisted, a link, or changed.
        AccessError: one cannot be read.
    """
    place = f"bundle '{folder.name}'"
    raw = _read(folder / MANIFEST, place)
    manifest = _parse(BundleManifest, raw, MANIFEST, place)
    with accessing(folder):
        present = {path.name for path in folder.iterdir()}
    listed = {MANIFEST, *manifest.files}
    if present != listed:
        raise BundleError(
            f"{place}: missing {sorted(listed - present)}, unlisted {sorted(present - listed)};"
            " expected the files in its manifest. Restore it from a backup, or promote another bundle."
        )
    contents = {name: _read(folder / name, place) for name in manifest.files}
    damaged = [name for name, data in contents.items() if sha256(data) != manifest.files[name].sha256]
    if damaged or bundle_id(manifest.files) != manifest.bundle_id or manifest.bundle_id != folder.name:
        raise BundleError(
            f"{place}: {damaged or MANIFEST} was changed after sealing."
            " Restore it from a backup, or promote another bundle."
        )
    try:
        bundle = Bundle(
            manifest=manifest,
            manifest_sha256=sha256(raw),
            onnx=contents[MODEL],
            spec=_parse(Spec, contents[SPEC], SPEC, place),
            cut_points=_parse(CutPoints, contents[CUT_POINTS], CUT_POINTS, place),
            examples=_parse(Examples, contents[EXAMPLES], EXAMPLES, place),
            evaluation=_parse(JudgedEvaluation, contents[EVALUATION], EVALUATION, place),
        )
    except KeyError as error:
        raise BundleError(f"{place} was sealed without {error}. Train and promote a new one.") from None
    judged = bundle.evaluation
    if (manifest.gate, manifest.metrics, manifest.simulated) != (
        judged.gate,
        judged.measures,
        judged.simulated,
    ):
        raise BundleError(
            f"{place}: {MANIFEST} contradicts {EVALUATION} on gate, metrics or origin."
            " Restore it from a backup, or promote another bundle."
        )
    return bundle


def _read(path: Path, place: str) -> bytes:
    with accessing(path):
        if path.is_file() and not path.is_symlink():
            return path.read_bytes()
    raise BundleError(f"{place}: {path.name} is not a plain file. Restore it, or promote another bundle.")


def _parse(model: type[T], data: bytes, name: str, place: str) -> T:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()} - {""})[:3]
        first = f" (first in {', '.join(fields)})" if fields else ""
        raise BundleError(
            f"{place}: {name} has an invalid format{first}."
            " Restore it from a backup, or promote another bundle."
        ) from None
