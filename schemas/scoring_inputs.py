"""Everything besides the extract and the bundle that determines the bytes of published scores."""

import hashlib
import json
from typing import Final, Self

from pydantic import Field

from schemas.closed import Closed
from schemas.config import IngestConfig, ReadingConfig

RULES_VERSION: Final = 3
"""Raise it with every change after which the same extract, bundle and settings give other bytes."""


class ScoringInputs(Closed):
    """What scores depend on; whatever leaves their bytes alone, such as threads, is not part of it."""

    rules_version: int = Field(description="Version of the rules by which rows are judged and written.")
    reading: ReadingConfig
    objections_id: str | None = Field(
        default=None,
        description="Keyed hash of everyone who objected; None if nobody could have been left out.",
    )

    @classmethod
    def of(cls, ingest: IngestConfig, objections_id: str | None = None) -> Self:
        """Take what matters from the settings; the order in which they were written does not."""
        reading = ingest.model_dump(include=set(ReadingConfig.model_fields))
        reading["allow_personal_columns"] = sorted(set(reading["allow_personal_columns"]))
        return cls(
            rules_version=RULES_VERSION,
            reading=ReadingConfig.model_validate(reading),
            objections_id=objections_id,
        )

    @property
    def inputs_id(self) -> str:
        """Identify them: the first 16 hex digits of the SHA-256 of their JSON with sorted keys.

        Without objections they are identified as before there were any.
        """
        left_out = {"objections_id"} if self.objections_id is None else None
        text = json.dumps(self.model_dump(mode="json", exclude=left_out), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
