"""Write reasons as sentences for people: `tenure=2` becomes "Client depuis 2 mois : relation récente."."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from schemas.columns import NUMBERS
from tasks.core.campaigns.language import Language, LanguageCode, texts_of

_RECENT_MONTHS: Final = 12
"""A relationship of at most a year is called recent."""
_CACHED: Final = 100_000
_SENTENCES: Final[Mapping[LanguageCode, Mapping[str, Mapping[str, str]]]] = {
    "fr": texts_of("lists/reasons.toml", "fr"),
    "en": texts_of("lists/reasons.toml", "en"),
}


@lru_cache(maxsize=_CACHED)
def reason_sentence(reason: str, code: LanguageCode) -> str:
    """Return the sentence for a reason, `column=value`; an empty reason stays empty.

    Raises:
        ValueError: the column is never a reason, or the value is not in its vocabulary. The message
            does not repeat the value.
    """
    if not reason:
        return ""
    column, _, value = reason.partition("=")
    language = Language(code)
    try:
        sentences = _SENTENCES[code][column]
        kind, shown = _number(column, value, language) if column in NUMBERS else (value, value)
        sentence = sentences[kind]
    except (KeyError, ValueError):
        raise ValueError(f"there is no sentence for this value of {column} as a reason") from None
    return language.typeset(sentence.format(value=shown))


def _number(column: str, value: str, language: Language) -> tuple[str, str]:
    """Return the kind of a number, and how it is written."""
    number = float(value or "nan")
    if not math.isfinite(number):
        return "blank", ""
    if column != "tenure":
        return "amount", language.decimal(number, 2)
    months = round(number)
    kinds = {0: "none", 1: "one"}
    return kinds.get(months, "recent" if months <= _RECENT_MONTHS else "long"), language.whole(months)
