import sys

import pytest

from schemas.absent import absent


def test_what_is_absent_cannot_be_imported_meanwhile() -> None:
    """Afterwards it can be."""
    with absent("wave"), pytest.raises(ImportError):
        __import__("wave")

    assert __import__("wave") is sys.modules["wave"]


def test_what_is_loaded_already_stays() -> None:
    """Others may be using it."""
    with absent("pytest"):
        assert __import__("pytest") is pytest

    assert sys.modules["pytest"] is pytest
