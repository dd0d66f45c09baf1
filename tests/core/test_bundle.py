import shutil
from pathlib import Path

import pytest

from schemas.manifest import MANIFEST
from tasks.core import bundle as bundles
from tasks.core.bundle import open_bundle, seal
from tests.harness.home import Home


def test_a_bundle_sealed_again_has_the_same_bytes(
    trained_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is written as it is given, and one that a failed try left is replaced."""
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
