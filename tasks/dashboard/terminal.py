"""Show a run in the terminal: log lines and, on a screen, one live line of the step in progress."""

import logging
import sys
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class _Stderr(Console):
    def on_broken_pipe(self) -> None:
        """Print nothing more; rich itself would end the process."""
        self.quiet = True


class Terminal(logging.Handler):
    """Prints to stderr; away from a screen, as in a log file, lines only. No error of it reaches the run."""

    def __init__(self) -> None:
        """Write to the current stderr."""
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s | %(levelname)-7s | %(message)s", "%H:%M:%S"))
        is_screen = sys.stderr is not None and sys.stderr.isatty()
        self._console = _Stderr(
            stderr=True, force_terminal=is_screen, highlight=False, markup=False, emoji=False
        )
        self.is_live = is_screen and not self._console.is_dumb_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._steps: list[TaskID] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line above the live one; on a screen, a page of Markdown as a page."""
        try:
            if self.is_live and getattr(record, "markdown", False):
                from rich.markdown import Markdown  # noqa: PLC0415 a tenth of a second

                self._console.print(Markdown(record.getMessage()))
            else:
                self._console.print(self.format(record), markup=False, soft_wrap=True)
        except Exception:  # noqa: BLE001 as every handler of logging does
            self.handleError(record)

    def began(self, step: str) -> None:
        """Show a step."""
        self._draw(lambda: self._steps.append(self._progress.add_task(step, total=None, said="")))
        self._draw(self._progress.start)

    def progress(self, share: float, said: str) -> None:
        """Show the finished share of the step, from 0 to 1, with a text."""
        if self._steps:
            self._draw(lambda: self._progress.update(self._steps[-1], total=1.0, completed=share, said=said))

    def ended(self) -> None:
        """Remove the step; its lines in the log remain."""
        if self._steps:
            self._draw(lambda: self._progress.remove_task(self._steps.pop()))
        if not self._steps:
            self._draw(self._progress.stop)

    def _draw(self, change: Callable[[], None]) -> None:
        """Change the live line, until the screen cannot be drawn on any more."""
        if self.is_live:
            try:
                change()
            except OSError:
                self._console.quiet = True
                self._progress.stop()
                self.is_live = False
