"""The manifest of the fingerprints that are kept of an objection list."""

from datetime import date
from typing import Literal

from pydantic import Field

from schemas.closed import Closed
from schemas.manifest import FileSeal, ShortId
from schemas.timezone import Instant


class KeptManifest(Closed):
    """The seal of `contacts/<moment>-<objections id>/`."""

    format_version: Literal[1] = 1
    files: dict[str, FileSeal]
    day: date = Field(description="The list's day.")
    objections_id: ShortId
    objections: int = Field(ge=0, description="Customers who objected.")
    key_id: ShortId = Field(description="Identifies the key of the fingerprints.")
    kept_at: Instant
