import pickle
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from tasks.core.errors import (
    ChurnError,
    ConfigError,
    ExtractError,
    OrchestratorError,
    UnnamedError,
    listing,
    naming,
    shown,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crm_2026-11-22.csv", "crm_2026-11-22.csv"),
        ("Prénom 顧客", "Prénom 顧客"),
        ("a\r\nb\tc", "a??b?c"),
        ("\x1b[31m\x9b\x7f\x00", "?[31m???"),
        ("\u2028\u202e\u2066\udc80", "????"),
    ],
)
def test_what_a_terminal_would_obey_is_replaced(text: str, expected: str) -> None:
    """Control characters, line ends and changes of direction become '?'; words stay."""
    assert shown(text) == expected


@pytest.mark.parametrize("kind", [ChurnError, ConfigError, ExtractError, OrchestratorError])
def test_a_message_is_one_line(kind: type[ChurnError]) -> None:
    """An error is always one line, even after being passed between processes."""
    error = kind("extract 'a\nb' is empty")

    assert str(error) == str(pickle.loads(pickle.dumps(error))) == "extract 'a?b' is empty"  # noqa: S301


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("is empty.", "extract 'folder/part?1' is empty."),
        (": line 2 is too long.", "extract 'folder/part?1': line 2 is too long."),
    ],
)
def test_an_extract_is_named_where_its_name_is_known(message: str, expected: str) -> None:
    """The message starts with the name; a part's name is not replaced by its folder's."""
    with pytest.raises(ExtractError) as error, naming("folder"), naming("folder/part\n1"):
        raise UnnamedError(message)

    assert str(error.value) == expected


def fail_to_read() -> None:
    """Fail like a reader whose disk fails."""
    try:
        Path("/nowhere").stat()
    except OSError:
        raise UnnamedError("cannot be read.", ConfigError) from None


def test_naming_keeps_what_an_error_is_and_carries() -> None:
    """Whose error it is, the quarantine, and the cause by which a step is tried again."""
    bad = pd.DataFrame({"line": [2]})
    with pytest.raises(ExtractError) as refused, naming("x"):
        raise UnnamedError("is bad.", partial(ExtractError, quarantine=bad))
    with pytest.raises(ConfigError) as config, naming("x"):
        fail_to_read()

    assert refused.value.quarantine is bad
    assert isinstance(config.value.__context__, UnnamedError)
    assert isinstance(config.value.__context__.__context__, OSError)


def test_an_error_that_nobody_named_is_a_bug() -> None:
    """It is not a ChurnError, so no message is shown without a name."""
    assert not isinstance(UnnamedError("is empty."), ChurnError)


def test_nothing_but_naming_says_which_extract() -> None:
    """A message that named an extract itself would be named by chance, or twice."""
    writing = [path for path in (ROOT / "tasks").rglob("*.py") if "extract '" in path.read_text()]

    assert writing == [ROOT / "tasks" / "core" / "errors.py"]


def test_items_of_any_number_are_listed_in_a_line() -> None:
    """Twenty are listed; the others are counted."""
    names = [f"column {place}" for place in range(1, 23)]

    assert listing(names[:20]) == ", ".join(names[:20])
    assert listing(names) == f"{', '.join(names[:20])} and 2 more"
