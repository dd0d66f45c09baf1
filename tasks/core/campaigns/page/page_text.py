"""The texts of a campaign's page, `page.toml`, filled in its language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from schemas.campaign_files import ShareOf
from schemas.disclosure import SMALLEST_CELL
from tasks.core.campaigns.language import Language, texts_of

_EMPTY: Final = "\u2013"


class PageText:
    """Words and sentences; a sentence is a template over the values given here."""

    def __init__(self, language: Language, timezone: str, values: Mapping[str, Any]) -> None:
        """Prepare the filters by which a template writes numbers."""
        self._language, self._timezone, self._values = language, timezone, values
        self._texts = texts_of("page/page.toml", language.code)
        self._templates = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701 page.html.jinja escapes
        self._templates.filters |= {
            "whole": language.whole,
            "percent": language.percent,
            "money": language.money,
            "day": language.day,
            "instant": self.instant,
            "points": self.points,
            "share": self.share,
        }

    def word(self, name: str) -> str:
        """Return a word or phrase that stands alone."""
        return self._filled(str(self._texts[name]), {})

    def words(self, table: str) -> Mapping[str, str]:
        """Return a table of words."""
        return {name: self._language.typeset(word) for name, word in self._texts[table].items()}

    def say(self, name: str, **more: Any) -> str:
        """Fill a sentence, with `more` values than the page's own."""
        return self._filled(self._texts["sentences"][name], more)

    def instant(self, at: datetime) -> str:
        """Write a point in time on the operator's clocks."""
        return self._language.instant(at, self._timezone)

    def points(self, share: float) -> str:
        """Write a share as percentage points, without the sign."""
        return self._language.decimal(100 * share, 1)

    def share(self, share: ShareOf) -> str:
        """Write a share with its interval, 28,8 % [25,9 ; 31,8] or 28.8% (25.9 to 31.8), unless of a few."""
        if share.of < SMALLEST_CELL or share.share is None or share.low is None or share.high is None:
            return _EMPTY
        low, high = self.points(share.low), self.points(share.high)
        interval = f"[{low} ; {high}]" if self._language.code == "fr" else f"({low} to {high})"
        return self._language.typeset(f"{self._language.percent(share.share)} {interval}")

    def _filled(self, template: str, more: Mapping[str, Any]) -> str:
        filled = self._templates.from_string(template).render(self._values, **more)
        return self._language.typeset(filled.strip())
