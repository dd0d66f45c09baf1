"""Fixtures of the sampled torture tests."""

from pathlib import Path

import pytest

from tests.torture import disk


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a home with a champion, a challenger and a waiting extract."""
    return disk.make_template(tmp_path_factory.mktemp("torture"))
