from pathlib import Path

import pytest

from tasks.core.errors import ChurnError
from tasks.core.intake.delivered_file import ExtractPath
from tasks.core.intake.delivery import identify
from tasks.core.intake.hash_ahead import HashAhead


def test_it_identifies_what_was_named_and_anything_else(tmp_path: Path) -> None:
    """The extract is the one that `identify` finds, for the path given first and for others."""
    for name in ("first.csv", "second.csv"):
        (tmp_path / name).write_text(f"customerID\n{name}\n")
    first, second = (ExtractPath(tmp_path / name, delivered=False) for name in ("first.csv", "second.csv"))

    ahead = HashAhead(first.path)

    assert ahead(first) == ahead(first) == identify(first)
    assert ahead(second) == identify(second)


def test_what_is_wrong_is_raised_when_it_is_asked_for(tmp_path: Path) -> None:
    """A missing file is the same fault as without the thread."""
    given = ExtractPath(tmp_path / "missing.csv", delivered=False)
    with pytest.raises(ChurnError) as expected:
        identify(given)

    ahead = HashAhead(given.path)

    with pytest.raises(type(expected.value), match="missing") as found:
        ahead(given)
    assert str(found.value) == str(expected.value)
