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

    @classmethod
    def of(cls, ingest: IngestConfig) -> Self:
        """Take what matters from the settings; the order in which they were written does not."""
        reading = ingest.model_dump(include=set(ReadingConfig.model_fields))
        reading["allow_personal_columns"] = sorted(set(reading["allow_personal_columns"]))
        return cls(rules_version=RULES_VERSION, reading=ReadingConfig.model_validate(reading))

    @property
    def inputs_id(self) -> str:
        """Identify them: the first 16 hex digits of the SHA-256 of their JSON with sorted keys."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
