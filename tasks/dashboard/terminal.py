"""Show a run in the terminal: log lines and, on a screen, one live line for the step in progress."""

import logging
import sys

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Terminal(logging.Handler):
    """Prints to stderr; away from a screen, as in a log file, lines only."""

    def __init__(self) -> None:
        """Write to the current stderr."""
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s | %(levelname)-7s | %(message)s", "%H:%M:%S"))
        self._console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
        self.is_live = self._console.is_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self.is_live,
        )
        self._steps: list[TaskID] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line above the live one; on a screen, a page of Markdown as a page."""
        if self.is_live and getattr(record, "markdown", False):
            self._console.print(Markdown(record.getMessage()))
        else:
            self._console.print(self.format(record), markup=False, soft_wrap=True)

    def began(self, step: str) -> None:
        """Show a step."""
        self._progress.start()
        self._steps.append(self._progress.add_task(step, total=None, said=""))

    def progress(self, share: float, said: str) -> None:
        """Show the finished share of the step, from 0 to 1, with a text."""
        if self._steps:
            self._progress.update(self._steps[-1], total=1.0, completed=share, said=said)

    def ended(self) -> None:
        """Remove the step; its lines in the log remain."""
        self._progress.remove_task(self._steps.pop())
        if not self._steps:
            self._progress.stop()
