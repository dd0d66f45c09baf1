import io
import logging
import sys

import pytest

from tasks.dashboard.terminal import Terminal


class Screen(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def run_on(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """Show a step with its progress, a line and a page, and return what was printed."""
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    log = logging.Logger("run")  # noqa: LOG001 a logger of its own
    log.addHandler(terminal)
    terminal.began("score-extract")
    terminal.progress(0.25, "25 %, 1000 rows")
    terminal._progress.refresh()
    log.info("scored [1] of %d", 2)
    log.info("\n%s", "| check | verdict |\n| --- | --- |\n| parity | pass |", extra={"markdown": True})
    terminal.ended()
    return stderr.getvalue()


def test_a_screen_shows_one_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step and its progress are drawn below the lines; a table is drawn as a table."""
    printed = run_on(Screen(), monkeypatch)

    assert "score-extract" in printed
    assert "25 %, 1000 rows" in printed
    assert " | INFO    | scored [1] of 2\n" in printed
    assert "parity" in printed
    assert "| --- |" not in printed


def test_a_log_file_has_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither control characters nor progress are written where there is no screen; text stays as it is."""
    first, *rest = run_on(io.StringIO(), monkeypatch).splitlines()

    assert first.endswith(" | INFO    | scored [1] of 2")
    assert rest[1:] == ["| check | verdict |", "| --- | --- |", "| parity | pass |"]


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("FORCE_COLOR", "1")])
def test_no_live_line_where_none_can_be_drawn(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without a cursor gets lines only, and so does a file, whatever the environment demands."""
    monkeypatch.setattr(sys, "stderr", Screen() if name == "TERM" else io.StringIO())
    monkeypatch.setenv(name, value)

    assert not Terminal().is_live


def test_a_screen_that_goes_away_stops_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live line is given up; the step goes on."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    terminal.began("score-extract")

    def gone(_: str) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(screen, "write", gone)
    terminal.began("inner-step")
    terminal.progress(0.5, "half")
    terminal.ended()
    terminal.ended()

    assert not terminal.is_live
