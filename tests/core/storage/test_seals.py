from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from schemas.manifest import ScoresManifest
from tasks.core.storage.seals import is_as_sealed, seal_files
from tests.harness.deliveries import publish_scores

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Publish tiny scores."""
    publish_scores(tmp_path, date(2026, 3, 1), "a" * 16, NOW)
    (published,) = tmp_path.glob("[!.]*")
    return published


@pytest.fixture
def manifest(folder: Path) -> ScoresManifest:
    """Read their manifest."""
    return ScoresManifest.model_validate_json((folder / "manifest.json").read_bytes())


@pytest.mark.parametrize("hashed", [False, True])
def test_files_are_as_sealed_until_one_changes(folder: Path, manifest: ScoresManifest, hashed: bool) -> None:
    """A longer file, one more and one less are each noticed, by size alone too."""
    assert seal_files(folder) == manifest.files
    assert is_as_sealed(folder, manifest, hashed=hashed)

    scores = (folder / "scores.csv").read_bytes()
    (folder / "scores.csv").write_bytes(scores + b"x")
    assert not is_as_sealed(folder, manifest, hashed=hashed)

    (folder / "scores.csv").write_bytes(scores)
    (folder / "more.csv").write_bytes(b"")
    assert not is_as_sealed(folder, manifest, hashed=hashed)

    (folder / "more.csv").unlink()
    (folder / "scores.csv").unlink()
    assert not is_as_sealed(folder, manifest, hashed=hashed)


def test_other_bytes_of_the_same_size_need_the_hashes(folder: Path, manifest: ScoresManifest) -> None:
    """Sizes cannot tell them."""
    scores = (folder / "scores.csv").read_bytes()
    (folder / "scores.csv").write_bytes(scores[::-1])

    assert is_as_sealed(folder, manifest, hashed=False)
    assert not is_as_sealed(folder, manifest, hashed=True)


@pytest.mark.parametrize("hashed", [False, True])
def test_a_folder_that_cannot_be_read_is_not_as_sealed(
    folder: Path, manifest: ScoresManifest, hashed: bool
) -> None:
    """A folder that is gone is an answer, not an error."""
    assert not is_as_sealed(folder / "gone", manifest, hashed=hashed)
