"""The name of a folder of published scores: `<as_of_date>-<extract id>-<bundle id>`."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Self

from pydantic import AfterValidator, StringConstraints

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ID: Final = "[0-9a-f]{16}"
_ANY_DAY: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_ANY_ID: Final = "[0-9a-f]" * 16


@dataclass(frozen=True)
class ScoresName:
    """The identity of published scores: of an extract, as of a day, by a bundle."""

    as_of_date: date
    extract_id: str
    bundle_id: str

    def __str__(self) -> str:
        """Write the name."""
        return f"{self.as_of_date.isoformat()}-{self.extract_id}-{self.bundle_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name.

        Raises:
            ValueError: the text is not such a name.
        """
        found = re.fullmatch(f"({_DAY})-({_ID})-({_ID})", text)
        if found is None:
            raise ValueError(f"'{text}' is not the name of a folder of scores")
        return cls(date.fromisoformat(found[1]), found[2], found[3])

    @staticmethod
    def glob(*, as_of_date: date | None = None, extract_id: str = _ANY_ID, bundle_id: str = _ANY_ID) -> str:
        """Give the pattern of all names with these parts."""
        return f"{as_of_date.isoformat() if as_of_date else _ANY_DAY}-{extract_id}-{bundle_id}"


def _checked(text: str) -> str:
    return str(ScoresName.parse(text))


ScoresFolder = Annotated[str, StringConstraints(pattern=f"^{_DAY}-{_ID}-{_ID}$"), AfterValidator(_checked)]
"""A name as text, in manifests and pointers."""
