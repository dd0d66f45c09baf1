from pathlib import Path

import pytest
from pptx import Presentation

from tasks.core.errors import BundleError, RegistryError
from tests.harness.flow_home import FlowHome

FILES = {"presentation.pptx", "presentation.pdf"}


def text_of(file: Path) -> str:
    """Read all text of the slides."""
    shapes = [shape for page in Presentation(str(file)).slides for shape in page.shapes]
    return "\n".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)


def test_the_champion_is_presented(trained_home: FlowHome) -> None:
    """Both files lie below the home folder, readable by their owner only; the registry is as it was."""
    champion = trained_home.champion
    assert champion is not None
    before = {path: path.stat().st_mtime_ns for path in trained_home.registry.rglob("*")}

    state = trained_home.present()

    folder = trained_home.path / "presentations" / champion.manifest.bundle_id
    assert {path.name for path in folder.iterdir()} == FILES
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}
    assert str(folder) in str(state.message)
    assert f"{champion.manifest.bundle_id}, en service" in text_of(folder / "presentation.pptx")
    assert {path: path.stat().st_mtime_ns for path in trained_home.registry.rglob("*")} == before


def test_another_bundle_into_another_folder(home: FlowHome, crm_extract: Path, tmp_path: Path) -> None:
    """A bundle that is not in service says so; writing again replaces the files."""
    home.train(crm_extract, dry_run=True)
    (bundle,) = (home.registry / "bundles").iterdir()
    out = tmp_path / "a" / "folder"

    for _ in range(2):
        home.present(bundle=bundle.name, out=out)

    assert {path.name for path in out.iterdir()} == FILES
    assert f"{bundle.name}, pas en service" in text_of(out / "presentation.pptx")


def test_without_a_champion(home: FlowHome) -> None:
    """The error names the next action, and nothing is written."""
    with pytest.raises(RegistryError, match=r"no champion to present in '.*/registry'\. Train one"):
        home.present()

    assert not (home.path / "presentations").exists()


@pytest.mark.parametrize("bundle", ["0" * 16, "", "../bundles", "."])
def test_unknown_bundles(trained_home: FlowHome, bundle: str) -> None:
    """An unknown id is refused."""
    with pytest.raises(RegistryError, match="there is no such bundle"):
        trained_home.present(bundle=bundle)


def test_a_damaged_bundle_is_not_presented(trained_home: FlowHome) -> None:
    """Numbers that do not verify are not shown to anyone."""
    champion = trained_home.champion
    assert champion is not None
    folder = trained_home.registry / "bundles" / champion.manifest.bundle_id
    (folder / "evaluation.json").write_bytes((folder / "evaluation.json").read_bytes() + b" ")

    with pytest.raises(BundleError, match=r"evaluation\.json"):
        trained_home.present()
