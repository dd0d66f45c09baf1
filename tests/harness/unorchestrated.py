"""Run a flow's own body and steps without the orchestrator: the same code, no server, no network."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import prefect
from prefect.logging import disable_run_logger


@contextmanager
def unorchestrated() -> Iterator[None]:
    """Call steps as plain functions; log and show nothing."""
    plain = patch.object(prefect.Task, "__call__", lambda step, *args, **kwargs: step.fn(*args, **kwargs))
    silent = patch("tasks.report.create_markdown_artifact")
    still = patch("tasks.compare.create_markdown_artifact")
    progress = patch("tasks.progress.create_progress_artifact")
    with plain, silent, still, progress, disable_run_logger():
        yield
