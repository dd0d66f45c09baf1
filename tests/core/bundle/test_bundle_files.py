import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from schemas.closed import to_json
from schemas.manifest import MANIFEST
from tasks.core.bundle import bundle_files as bundles
from tasks.core.bundle.bundle_files import open_bundle, open_staged, seal
from tasks.core.errors import BundleError
from tasks.core.storage.seals import seal_files
from tests.harness.bundles import seal_another
from tests.harness.home import Home


def test_a_bundle_sealed_again_has_the_same_bytes(
    trained_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is written as given, and replaces one left by a failed attempt."""
    (sealed,) = (trained_home.registry / "bundles").iterdir()
    staged = Path(shutil.copytree(sealed, tmp_path / "staged"))
    manifest = open_bundle(sealed).manifest

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(bundles, "reveal", fail)
        with pytest.raises(OSError, match="Input/output error"):
            seal(staged, tmp_path / "bundles", manifest)
    folder = seal(staged, tmp_path / "bundles", manifest)

    assert folder == tmp_path / "bundles" / sealed.name
    assert (folder / MANIFEST).read_bytes() == (sealed / MANIFEST).read_bytes()
    assert open_bundle(folder).manifest == manifest


def sealed_in(home: Home) -> Path:
    """Give the folder of the only bundle of a home."""
    (folder,) = (home.registry / "bundles").iterdir()
    return folder


def edit_manifest(folder: Path, **changes: object) -> None:
    """Write other values into a manifest."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def _no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def _linked_manifest(folder: Path) -> None:
    shutil.move(folder / MANIFEST, folder.parent.parent / MANIFEST)
    (folder / MANIFEST).symlink_to(folder.parent.parent / MANIFEST)


def _torn_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"{")


def _odd_manifest(folder: Path) -> None:
    edit_manifest(folder, training_seconds=-1, simulated="perhaps")


def _other_id(folder: Path) -> None:
    edit_manifest(folder, bundle_id="0" * 16)


def _missing(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def _unlisted(folder: Path) -> None:
    (folder / "notes.txt").touch()


def _folder_for_a_file(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()


def _other_bytes(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"x")


def _other_verdict(folder: Path) -> None:
    edit_manifest(folder, simulated=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_manifest, r"manifest\.json is not a plain file"),
        (_linked_manifest, r"manifest\.json is not a plain file"),
        (_torn_manifest, r"manifest\.json has an invalid format\. Restore"),
        (_odd_manifest, r"has an invalid format \(first in simulated, training_seconds\)\. Restore"),
        (_other_id, r"manifest\.json was changed after sealing"),
        (_missing, r"missing \['model\.onnx'\], unlisted \[\]"),
        (_unlisted, r"missing \[\], unlisted \['notes\.txt'\]"),
        (_folder_for_a_file, r"model\.onnx is not a plain file"),
        (_other_bytes, r"\['model\.onnx'\] was changed after sealing"),
        (_other_verdict, r"manifest\.json contradicts evaluation\.json"),
    ],
)
def test_a_bundle_that_is_not_as_sealed_is_not_opened(
    trained_home: Home, spoil: Callable[[Path], None], said: str
) -> None:
    """The one line names the bundle, the file and the way out."""
    folder = sealed_in(trained_home)
    spoil(folder)

    with pytest.raises(BundleError, match=f"^bundle '{folder.name}'.*{said}"):
        open_bundle(folder)


def test_a_bundle_under_another_name_is_not_opened(trained_home: Home) -> None:
    """The folder's name is verified too."""
    folder = sealed_in(trained_home)

    with pytest.raises(BundleError, match=f"^bundle '{'0' * 16}': manifest.json was changed"):
        open_bundle(folder.rename(folder.with_name("0" * 16)))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut_points.json", None, r"was sealed without 'cut_points\.json'"),
        (
            "cut_points.json",
            b'{"high": 2}',
            r"cut_points\.json has an invalid format \(first in deciles, high, m",
        ),
    ],
)
def test_what_was_sealed_wrongly_is_not_opened(
    trained_home: Home, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    """Correct hashes are not enough: no file may be missing or invalid."""
    manifest = open_bundle(sealed_in(trained_home)).manifest
    stage = Path(shutil.copytree(sealed_in(trained_home), tmp_path / "stage"))
    (stage / name).unlink()
    if content is not None:
        (stage / name).write_bytes(content)
    files = seal_files(stage)
    changed = manifest.model_copy(update={"files": files, "bundle_id": bundles.bundle_id(files)})

    with pytest.raises(BundleError, match=said):
        open_bundle(seal(stage, tmp_path / "bundles", changed))


def test_the_id_of_a_bundle_is_of_its_files_names_and_bytes(trained_home: Home) -> None:
    """As other programs compute it: SHA-256 over the lines of sha256sum, in the order of the names."""
    folder = sealed_in(trained_home)
    files = open_bundle(folder).manifest.files

    assert bundles.bundle_id(files) == folder.name
    assert bundles.bundle_id(dict(reversed(files.items()))) == folder.name
    renamed = {f"{name}.": seal for name, seal in files.items()}
    assert bundles.bundle_id(renamed) != folder.name
    listing = "".join(f"{files[name].sha256}  {name}\n" for name in sorted(files))
    assert bundles.sha256(listing.encode())[:16] == folder.name


def test_bundles_that_score_alike_are_known_by_three_files(trained_home: Home) -> None:
    """Another verdict does not change the scoring files, other cut points do; stages compare the same way."""
    champion = open_bundle(sealed_in(trained_home))
    same = replace(champion, manifest_sha256="0" * 64)
    other = seal_another(trained_home)

    assert same.scoring_sha256 == champion.scoring_sha256
    assert [a == b for a, b in zip(other.scoring_sha256, champion.scoring_sha256, strict=True)] == [
        True,
        True,
        False,
    ]
    staged = open_staged(trained_home.registry / "bundles" / other.manifest.bundle_id)
    assert staged.scoring_sha256 == other.scoring_sha256
    assert (staged.spec, staged.cut_points) == (other.spec, other.cut_points)
    assert to_json(staged.cut_points).startswith(b'{\n "')


def test_a_stage_scores_as_the_bundle_will(trained_home: Home, customers: pd.DataFrame) -> None:
    """Only the model version shows that it is still a candidate."""
    bundle = open_bundle(sealed_in(trained_home))
    staged = open_staged(sealed_in(trained_home)).scorer().score(customers)
    sealed = bundle.scorer().score(customers)

    assert set(staged["model_version"]) == {"candidate"}
    assert set(sealed["model_version"]) == {bundle.manifest.bundle_id}
    assert staged.drop(columns="model_version").equals(sealed.drop(columns="model_version"))
