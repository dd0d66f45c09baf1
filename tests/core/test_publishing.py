import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from schemas.manifest import MANIFEST, ExtractIdentity, ScoresManifest
from schemas.reports import RowCounts
from tasks.core import publishing
from tasks.core.bundle import seal_files
from tasks.core.errors import PublishError
from tasks.core.files import write_new

COUNTS = RowCounts(received=3, accepted=2, quarantined=1, exact_duplicates=0, blank_lines=0)
FIELDS = [
    "format_version", "files", "as_of_date", "extract", "ignored_columns", "bundle_id",
    "bundle_manifest_sha256", "bundle_simulated", "gate_outcome", "forced", "scored", "flagged",
    "out_of_domain", "supersedes", "versions", "scored_at", "expires_on",
]  # fmt: skip


def staged(scores: Path) -> tuple[Path, ScoresManifest]:
    """Stage the scores of an extract, with the manifest that they are published with."""
    stage = publishing.open_stage(scores, "any")
    write_new(stage / publishing.SCORES, b"scores\n")
    write_new(stage / publishing.QUARANTINE, b"quarantine\n")
    return stage, ScoresManifest(
        files=seal_files(stage),
        as_of_date=date(2026, 3, 2),
        extract=ExtractIdentity(extract_id="a" * 16, sha256="a" * 64, simulated=False, counts=COUNTS),
        ignored_columns=("Note",),
        bundle_id="b" * 16,
        bundle_manifest_sha256="c" * 64,
        bundle_simulated=False,
        gate_outcome="passed",
        forced=False,
        scored=2,
        flagged=1,
        out_of_domain=0,
        supersedes=(),
        versions={"numpy": "2"},
        scored_at=datetime(2026, 3, 3, 4, tzinfo=UTC),
        expires_on=date(2026, 6, 1),
    )


def test_scores_are_published_under_the_name_in_their_manifest(tmp_path: Path) -> None:
    """The folder is named after day, extract and bundle, and its manifest holds the files as they are."""
    stage, manifest = staged(tmp_path)
    folder = publishing.publish(stage, tmp_path, manifest)
    content = json.loads((folder / MANIFEST).read_bytes())

    assert folder.name == f"2026-03-02-{'a' * 16}-{'b' * 16}"
    assert list(content) == FIELDS
    assert list(content["files"]) == [publishing.QUARANTINE, publishing.SCORES]
    assert (folder / MANIFEST).read_bytes() == (json.dumps(content, indent=1) + "\n").encode()
    assert publishing.find_published(tmp_path, "a" * 16, "b" * 16) == folder
    assert not stage.exists()


def test_a_manifest_that_could_not_be_written_is_written_by_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed try left in the stage does not stand in the way of the next one."""
    stage, manifest = staged(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(publishing, "reveal", fail)
        with pytest.raises(PublishError, match="Input/output error"):
            publishing.publish(stage, tmp_path, manifest)

    assert seal_files(stage) == manifest.files
    publishing.publish(stage, tmp_path, manifest)
    assert publishing.find_published(tmp_path, "a" * 16, "b" * 16) is not None
