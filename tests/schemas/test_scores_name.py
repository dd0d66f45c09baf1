from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.scores_name import ScoresFolder, ScoresName

OLD = ScoresName(date(2026, 3, 2), "0123456789abcdef", "f" * 16, None)
NAME = ScoresName(date(2026, 3, 2), "0123456789abcdef", "f" * 16, "a" * 16)
TEXT = f"2026-03-02-0123456789abcdef-{'f' * 16}-{'a' * 16}"
NO_NAMES = [
    "",
    TEXT[:-1],
    f"{TEXT}0",
    f"{TEXT}\n",
    f".{TEXT}",
    TEXT.upper(),
    TEXT.replace("2026", "٢٠٢٦"),
    TEXT.replace("-03-", "-13-"),
    TEXT.replace("2026-03-02", "2026-02-30"),
]


def test_a_name_is_read_as_it_was_written() -> None:
    """The parts make the name, and the name gives the parts back; so do names of format 1."""
    assert str(NAME) == TEXT
    assert ScoresName.parse(TEXT) == NAME
    assert str(OLD) == TEXT[:-17]
    assert ScoresName.parse(TEXT[:-17]) == OLD


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_not_a_name_is_refused(text: str) -> None:
    """Other formats and impossible days are refused, in code and in every file that names a folder."""
    with pytest.raises(ValueError, match=r"is not the name of a folder of scores|month|day"):
        ScoresName.parse(text)
    with pytest.raises(ValidationError):
        TypeAdapter(ScoresFolder).validate_python(text)


def test_files_keep_names_as_text() -> None:
    """In manifests and pointers a name is a string, whose shape the JSON Schema says."""
    adapter = TypeAdapter(ScoresFolder)

    assert adapter.validate_python(TEXT) == TEXT
    assert adapter.json_schema() == {
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{16}-[0-9a-f]{16}(-[0-9a-f]{16})?$",
    }
