"""The name of a folder of published scores: `<as_of_date>-<extract id>-<bundle id>-<inputs id>`."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Self

from pydantic import AfterValidator, StringConstraints

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ID: Final = "[0-9a-f]{16}"
_SHAPE: Final = re.compile(f"({_DAY})-({_ID})-({_ID})(?:-({_ID}))?")


@dataclass(frozen=True)
class ScoresName:
    """Which scores a folder holds: of an extract, as of a day, by a bundle, with certain inputs.

    `inputs_id` is None in the names of format 1, which did not record how an extract was read.
    """

    as_of_date: date
    extract_id: str
    bundle_id: str
    inputs_id: str | None

    def __str__(self) -> str:
        """Write the name."""
        parts = (self.as_of_date.isoformat(), self.extract_id, self.bundle_id, self.inputs_id)
        return "-".join(filter(None, parts))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name.

        Raises:
            ValueError: it is not one.
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise ValueError(f"'{text}' is not the name of a folder of scores")
        return cls(date.fromisoformat(found[1]), found[2], found[3], found[4])


def _checked(text: str) -> str:
    return str(ScoresName.parse(text))


ScoresFolder = Annotated[
    str, StringConstraints(pattern=f"^{_DAY}-{_ID}-{_ID}(-{_ID})?$"), AfterValidator(_checked)
]
"""A name as text, in manifests and pointers."""
