"""Write numbers, days and words in the language of a campaign."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from schemas.horizon import Horizon
from tasks.core.horizon import horizon_text
from tasks.core.report import french

LanguageCode = Literal["fr", "en"]

_MINUS: Final = "\u2212"
_NARROW: Final = "\u202f"
_NOTHING: Final = {"fr": "aucune donnée", "en": "no data"}

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@cache
def texts_of(file: str, code: LanguageCode) -> Mapping[str, Any]:
    """Read the texts in one language from a TOML file, whose path counts from this folder."""
    texts: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / file).read_text("utf-8"))[code]
    return texts


@dataclass(frozen=True)
class Language:
    """How numbers and days are written; whatever is None is written in words."""

    code: LanguageCode

    def whole(self, count: int | None) -> str:
        """Write a count: 7 043 or 7,043."""
        if count is None:
            return _NOTHING[self.code]
        return french.whole(count) if self.code == "fr" else f"{count:,}"

    def decimal(self, value: float | None, digits: int) -> str:
        """Write a number with thousands and a real minus sign: 1 234,50 or 1,234.50."""
        if value is None:
            return _NOTHING[self.code]
        text = f"{value:,.{digits}f}".replace("-", _MINUS)
        if text.startswith(_MINUS) and not text.strip(f"{_MINUS}0.,"):
            text = text[1:]  # there is no minus zero
        return text.translate({ord(","): _NARROW, ord("."): ","}) if self.code == "fr" else text

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Write a share: 26,5 % or 26.5%."""
        if share is None:
            return _NOTHING[self.code]
        return self.decimal(100 * share, digits) + ("\u00a0%" if self.code == "fr" else "%")

    def money(self, value: float | None) -> str:
        """Write a sum of money to the nearest unit; the currency is that of the bills."""
        return self.decimal(value, 0)

    def day(self, day: date) -> str:
        """Write a day: 31/12/2026 or 31 December 2026."""
        return f"{day:%d/%m/%Y}" if self.code == "fr" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def instant(self, at: datetime, timezone: str) -> str:
        """Write a point in time as the clocks of a zone show it, to the minute, with the zone."""
        local = at.astimezone(ZoneInfo(timezone))
        clock = f"{local:%H h %M}" if self.code == "fr" else f"{local:%H:%M}"
        return f"{self.day(local.date())}, {clock} ({timezone})"

    def column(self, name: str) -> str:
        """Name a column of the contract: facture mensuelle or monthly charges."""
        if self.code == "fr":
            return str(french.NAMES["columns"][name])
        words = re.split("(?<=[a-z])(?=[A-Z])", name)
        return " ".join(word if word.isupper() else word.lower() for word in words)

    def horizon(self, value: Horizon | None) -> str:
        """Write the horizon of the scores, and where it comes from."""
        return french.horizon(value) if self.code == "fr" else horizon_text(value)

    def typeset(self, text: str) -> str:
        """Put no-break spaces and typographic apostrophes where the language has them."""
        return french.typeset(text) if self.code == "fr" else text.replace("'", "\u2019")
