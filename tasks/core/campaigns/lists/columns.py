"""The columns of the lists, and their cells for people."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final, Literal

import pandas as pd

from schemas.campaign_files import CALL_COLUMNS
from tasks.core.campaigns.language import LanguageCode, texts_of
from tasks.core.campaigns.lists.reasons import reason_sentence

Kind = Literal["text", "whole", "money", "day"]
Cell = str | int | float | date
"""A cell for people: text, a count, an amount, or a day."""

KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(CALL_COLUMNS, "text"),
    **dict.fromkeys(("priority", "decile"), "whole"),
    **dict.fromkeys(("monthly_value", "expected_value"), "money"),
    **dict.fromkeys(("scored_on", "valid_until"), "day"),
}
"""What a column contains."""

PEOPLE_COLUMNS: Final = (
    "customerID",
    "priority",
    "risk_band",
    "reason_1",
    "reason_2",
    "suggested_action",
    "adviser_decision",
    "monthly_value",
    "expected_value",
    "phone",
    "email",
    "sms",
    "basis",
    "valid_until",
    "scored_on",
    "decile",
    "campaign_id",
    "model_version",
)
"""The columns in the order in which an adviser needs them: who, why, what to offer, and the answer."""

PEOPLE_KINDS: Final = tuple(KINDS[name] for name in PEOPLE_COLUMNS)


def machine_columns(frame: pd.DataFrame) -> list[list[str]]:
    """Return the columns of campaign.csv as text: amounts with two decimals, days in ISO 8601."""
    return [
        [f"{value:.2f}" if KINDS[name] == "money" else str(value) for value in frame[name].tolist()]
        for name in CALL_COLUMNS
    ]


def rows_for_people(frame: pd.DataFrame, code: LanguageCode) -> Iterator[tuple[Cell, ...]]:
    """Yield each row with its words in this language, in the order of PEOPLE_COLUMNS.

    Raises:
        ValueError: a reason has no sentence.
    """
    words = texts_of("lists/words.toml", code)
    translations: Mapping[str, Mapping[str, str]] = {
        "risk_band": words["risk_bands"],
        "basis": {"": words["bases"]["none"], **words["bases"]},
        **dict.fromkeys(("phone", "email", "sms"), words["answers"]),
    }

    def cells(name: str) -> list[Cell]:
        values = frame[name].tolist()
        if name in translations:
            return [translations[name][str(value)] for value in values]
        if name.startswith("reason_"):
            return [reason_sentence(value, code) for value in values]
        return [_CELLS[KINDS[name]](value) for value in values]

    return zip(*map(cells, PEOPLE_COLUMNS), strict=True)


_CELLS: Final[dict[Kind, Callable[[object], Cell]]] = {
    "text": str,
    "whole": lambda value: int(str(value)),
    "money": lambda value: round(float(str(value)), 2),
    "day": lambda value: date.fromisoformat(str(value)),
}
