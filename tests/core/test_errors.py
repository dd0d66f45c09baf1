import pickle

import pytest

from tasks.core.errors import ChurnError, ConfigError, ExtractError, OrchestratorError, shown


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
    """Whatever came from outside, an error is one line, also after travelling between processes."""
    error = kind("extract 'a\nb' is empty")

    assert str(error) == str(pickle.loads(pickle.dumps(error))) == "extract 'a?b' is empty"  # noqa: S301
