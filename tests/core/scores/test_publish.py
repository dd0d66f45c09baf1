import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from schemas.manifest import MANIFEST, ExtractIdentity, ScoresManifest
from schemas.quarantine_reasons import HINTS
from schemas.reports import RowCounts
from tasks.core.contract import quarantine
from tasks.core.errors import PublishError
from tasks.core.scores import folders, publish
from tasks.core.storage.atomic import write_new
from tasks.core.storage.seals import seal_files
from tests.harness.deliveries import INPUTS, publish_scores

COUNTS = RowCounts(received=3, accepted=2, quarantined=1, exact_duplicates=0, blank_lines=0)
FIELDS = [
    "format_version", "files", "as_of_date", "extract", "ignored_columns", "bundle_id",
    "model_id", "bundle_manifest_sha256", "bundle_simulated", "horizon", "inputs_id", "inputs", "contacts",
    "gate_outcome", "forced", "scored", "flagged", "out_of_domain", "supersedes", "versions",
    "scored_at", "expires_on",
]  # fmt: skip


def staged(scores: Path) -> tuple[Path, ScoresManifest]:
    """Stage the scores of an extract, with the manifest that they are published with."""
    stage = publish.open_stage(scores, "any")
    write_new(stage / publish.SCORES, b"scores\n")
    write_new(stage / quarantine.QUARANTINE, b"quarantine\n")
    return stage, ScoresManifest(
        files=seal_files(stage),
        as_of_date=date(2026, 3, 2),
        extract=ExtractIdentity(extract_id="a" * 16, sha256="a" * 64, simulated=False, counts=COUNTS),
        ignored_columns=("Note",),
        bundle_id="b" * 16,
        bundle_manifest_sha256="c" * 64,
        bundle_simulated=False,
        inputs_id=INPUTS.inputs_id,
        inputs=INPUTS,
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
    folder = publish.publish_folder(stage, tmp_path, manifest)
    content = json.loads((folder / MANIFEST).read_bytes())

    assert folder.name == f"2026-03-02-{'a' * 16}-{'b' * 16}-{INPUTS.inputs_id}"
    assert list(content) == FIELDS
    assert list(content["files"]) == [quarantine.QUARANTINE, publish.SCORES]
    assert (folder / MANIFEST).read_bytes() == (json.dumps(content, indent=1) + "\n").encode()
    assert folders.find_scores(tmp_path, "a" * 16, "b" * 16, INPUTS.inputs_id) == folder
    assert not stage.exists()


def test_a_manifest_that_could_not_be_written_is_written_by_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leftovers of a failed attempt do not block the next one."""
    stage, manifest = staged(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(publish, "reveal", fail)
        with pytest.raises(PublishError, match="Input/output error"):
            publish.publish_folder(stage, tmp_path, manifest)

    assert seal_files(stage) == manifest.files
    publish.publish_folder(stage, tmp_path, manifest)
    assert folders.find_scores(tmp_path, "a" * 16, "b" * 16, INPUTS.inputs_id) is not None


def _other_bytes(folder: Path) -> None:
    (folder / publish.SCORES).write_bytes(b"other\n")


def _torn_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"{")


def _no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def _one_more(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"")


@pytest.mark.parametrize("spoil", [_other_bytes, _torn_manifest, _no_manifest, _one_more])
def test_scores_that_are_not_as_published_are_not_taken_for_done(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    """They are named, with what to do; scores by another bundle are not looked at."""
    folder = publish_scores(tmp_path, date(2026, 3, 2), "a" * 16, datetime(2026, 3, 3, 4, tzinfo=UTC))
    assert folders.find_scores(tmp_path, "a" * 16, "b" * 16, INPUTS.inputs_id) == folder
    spoil(folder)

    with pytest.raises(PublishError, match=f"^scores '{folder.name}' have changed since they were published"):
        folders.find_scores(tmp_path, "a" * 16, "b" * 16, INPUTS.inputs_id)
    assert folders.find_scores(tmp_path, "a" * 16, "d" * 16, INPUTS.inputs_id) is None


def test_an_extract_is_of_the_first_day_that_it_was_published_for(tmp_path: Path) -> None:
    """Whatever bundle scored it; one that was never published is of none."""
    now = datetime(2026, 3, 3, 4, tzinfo=UTC)
    publish_scores(tmp_path, date(2026, 3, 2), "a" * 16, now, bundle="d" * 16)
    publish_scores(tmp_path, date(2026, 3, 1), "a" * 16, now, bundle="e" * 16)

    assert folders.published_day(tmp_path, "a" * 16) == date(2026, 3, 1)
    assert folders.published_day(tmp_path, "f" * 16) is None


def test_a_quarantine_is_one_table_however_many_blocks_it_comes_in(tmp_path: Path) -> None:
    """There is one header, at the top, even if no row was refused."""
    hint = HINTS["unknown_category"]

    def fault(line: int) -> pd.DataFrame:
        row = {"line": line, "column": "Contract", "reason": "unknown_category", "hint": hint}
        return pd.DataFrame([row])

    quarantine.write_quarantine(tmp_path, iter([fault(2), fault(9)]))

    assert "," in hint
    assert (tmp_path / quarantine.QUARANTINE).read_text() == (
        "line,column,reason,hint\n"
        f'2,Contract,unknown_category,"{hint}"\n'
        f'9,Contract,unknown_category,"{hint}"\n'
    )
    assert quarantine.quarantine_csv(fault(2).iloc[:0]) == b"line,column,reason,hint\n"
