"""Show how far long work is, in the log and as a Prefect progress artifact: rows and rates only."""

import time
from typing import Any, Final
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from tasks.core.streaming import Progress

_EVERY_SECONDS: Final = 5.0
"""Between two lines; work that is done sooner shows nothing."""


class Meter:
    """Shows the progress of one piece of work."""

    def __init__(self, what: str, logger: Any) -> None:
        """Begin the clock."""
        self._what, self._logger = what, logger
        self._started = self._shown = time.monotonic()
        self._artifact: UUID | None = None

    def show(self, progress: Progress) -> None:
        """Say rows, rows a second and the time left, every few seconds."""
        now = time.monotonic()
        if now - self._shown < _EVERY_SECONDS:
            return
        self._shown = now
        seconds = now - self._started
        share = progress.share
        self._logger.info(
            "%s: %.0f %%, %d rows, %.0f rows a second, about %.0f s left",
            self._what,
            100 * share,
            progress.rows,
            progress.rows / seconds,
            seconds / share - seconds,
        )
        self._set(100 * share)

    def end(self) -> None:
        """Say that it is done, where anything was said before."""
        if self._artifact is not None:
            self._set(100.0)

    def _set(self, percent: float) -> None:
        if self._artifact is None:
            self._artifact = create_progress_artifact(progress=percent, description=self._what)  # type: ignore[assignment]
        else:
            update_progress_artifact(artifact_id=self._artifact, progress=percent)
