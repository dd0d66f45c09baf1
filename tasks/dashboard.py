"""Show a run on Prefect's dashboard, from a process of its own: nothing that Prefect does reaches the run.

The run hands over what happens as lines of JSON and never waits for an answer, except once, when it has
ended: then at most `PATIENCE_SECONDS`. A server that is dead, slow, full or of another version costs the
run nothing but a warning.
"""

import logging
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, NoReturn
from uuid import UUID, uuid4

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from pydantic import TypeAdapter, ValidationError

from schemas.telling import (
    NEWS,
    Forget,
    Forgotten,
    Logged,
    News,
    Page,
    Progressed,
    Reached,
    RunBegan,
    RunEnded,
    Starting,
    StepBegan,
    StepEnded,
    Telling,
    Told,
    Unreachable,
)
from tasks.core.errors import ChurnError, ConfigError, declared
from tasks.core.steps import is_watched, log, watched_by

PATIENCE: Final = "CHURN_PREFECT_WAIT_SECONDS"
"""Names the setting of how long a run that has ended waits for Prefect, in all."""

PATIENCE_SECONDS: Final = 8.0
"""Its default: what a healthy server needs to hear of a run's end, and no more than anybody minds to wait."""

_START_SECONDS: Final = 95.0
"""How long it waits for a temporary server that is starting; Prefect's own limit is 90 (`flows.cli`)."""

_PROGRESS_SECONDS: Final = 5.0
"""Between two lines of progress; work that is done sooner shows none."""

_TELLER: Final = (sys.executable, "-P", "-m", "tasks.teller")
_PARAMETERS: Final = TypeAdapter(dict[str, Any])
_FORMAT: Final = logging.Formatter("%(asctime)s | %(levelname)-7s | %(message)s", "%H:%M:%S")


_shown_on: ContextVar["Dashboard | None"] = ContextVar("shown_on", default=None)


@contextmanager
def on_dashboard() -> Iterator[None]:
    """Show the steps of a run that Prefect started; one by hand is shown already.

    A run that a worker started, and whose end cannot be told, leaves at once: Prefect would try for minutes.
    Shown as Crashed and ordered again, it finds everything done.
    """
    context = FlowRunContext.get()
    if is_watched() or context is None or context.flow is None or context.flow_run is None:
        yield
        return
    logging.getLogger("prefect.flow_runs").addFilter(_one_line)
    run_id = context.flow_run.id
    by_worker = os.environ.get("PREFECT__FLOW_RUN_ID") == str(run_id)
    dashboard, error = None, None
    try:
        with _shown(RunBegan(flow=context.flow.name, run_id=run_id, parameters={}, at=_now())) as dashboard:
            yield
    except Exception as raised:
        error = raised
        raise
    finally:
        if by_worker and dashboard is not None and dashboard.gave_up:
            _leave(error)


def by_hand(flow: "Flow[..., State[Any]]", **parameters: Any) -> State[Any]:
    """Run a flow's body here and now, whether or not Prefect can be reached; show it as a run of the flow."""
    given = _PARAMETERS.dump_python(parameters, mode="json")
    with _shown(RunBegan(flow=flow.name, run_id=None, parameters=given, at=_now())) as dashboard:
        try:
            state: State[Any] = flow.fn(**parameters)
        except Exception as error:
            dashboard.end("FAILED", None, f"Flow run encountered an exception: {_said(error)}")
            raise
        except BaseException as error:
            dashboard.end("CRASHED", None, f"The run was stopped: {type(error).__name__}.")
            raise
        dashboard.end("COMPLETED", state.name, state.message or "")
    return state


def forget_runs(flows: tuple[str, ...], before: datetime, *, dry_run: bool) -> Iterator[Forgotten]:
    """Have Prefect delete runs that ended before a moment, or count them; nothing where no run is shown."""
    dashboard = _shown_on.get()
    return iter(()) if dashboard is None else dashboard.forget(flows, before, dry_run=dry_run)


class Dashboard:
    """Watches a run and hands what happens to the process that tells Prefect."""

    def __init__(self, began: RunBegan) -> None:
        """Start that process."""
        self._steps: list[UUID] = []
        self._work_began = self._shown = time.monotonic()
        self._start_limit = self._shown + _START_SECONDS
        self._given, self._starting = _patience(), False
        self._patience = self._given
        self._outbox: queue.SimpleQueue[Telling | None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._warned = threading.Event()
        self.gave_up = False
        self._teller: subprocess.Popen[bytes] | None = None
        self._tell(began)
        try:
            # Unbuffered pipes: a thread that held a buffer's lock would abort the interpreter's end.
            self._teller = subprocess.Popen(  # noqa: S603 our own program
                _TELLER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the run, which says how it ended
            )
        except OSError as error:
            self._warn(f"Prefect cannot be reached ({error.strerror})")
            return
        for work in (self._send, self._receive):
            threading.Thread(target=work, args=(self._teller,), daemon=True).start()

    def began(self, step: str) -> None:
        """Show that a step began."""
        self._steps.append(uuid4())
        self._work_began = self._shown = time.monotonic()
        self._tell(StepBegan(step_id=self._steps[-1], step=step, at=_now()))

    def ended(self, error: BaseException | None) -> None:
        """Show that the step ended; of a bug only its kind, since its text may hold values."""
        step_id = self._steps.pop()
        self._tell(StepEnded(step_id=step_id, error=None if error is None else _said(error), at=_now()))

    def progress(self, what: str, share: float, rows: int) -> None:
        """Log and show rows, rows a second and the time left, every few seconds."""
        now = time.monotonic()
        if now - self._shown < _PROGRESS_SECONDS:
            return
        self._shown, seconds = now, now - self._work_began
        log.info(
            "%s: %.0f %%, %d rows, %.0f rows a second, about %.0f s left",
            what,
            100 * share,
            rows,
            rows / seconds,
            seconds / share - seconds,
        )
        self._tell(Progressed(step_id=self._step, what=what, percent=100 * share))

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """Show a page."""
        self._tell(Page(step_id=self._step, key=key, markdown=markdown, description=description))

    def log(self, record: logging.LogRecord) -> None:
        """Show a line of the log."""
        self._tell(Logged(step_id=self._step, level=record.levelno, message=record.getMessage(), at=_now()))

    def end(self, type_: Literal["COMPLETED", "FAILED", "CRASHED"], name: str | None, message: str) -> None:
        """Show how a run by hand ended; what Prefect started, Prefect ends."""
        self._tell(RunEnded(type=type_, name=name, message=message, at=_now()))

    def forget(self, flows: tuple[str, ...], before: datetime, *, dry_run: bool) -> Iterator[Forgotten]:
        """Have Prefect delete the runs of flows that ended before a moment; say of each page what is gone."""
        self._tell(Forget(flows=flows, before=before, dry_run=dry_run))
        while isinstance(news := self._hear(), Forgotten):
            yield news
            if news.done:
                return

    def close(self) -> None:
        """Wait until Prefect knows everything, for as long as is reasonable, and leave no process behind."""
        if self._teller is None:
            return
        self._outbox.put(None)
        while isinstance(told := self._hear(), Forgotten):
            pass
        with suppress(ProcessLookupError):
            os.killpg(self._teller.pid, signal.SIGKILL)  # with its temporary server, if it has one
        self._teller.wait()
        self.gave_up = told is None or told.gave_up
        if told is None or told.untold:
            why = told.why if told is not None and told.why else f"no answer within {self._given:g} s"
            self._warn(f"Prefect did not take every report on this run ({why})")

    @property
    def _step(self) -> UUID | None:
        return self._steps[-1] if self._steps else None

    def _tell(self, telling: Telling) -> None:
        self._outbox.put(telling)

    def _send(self, teller: "subprocess.Popen[bytes]") -> None:
        """Write what is handed over; a thread, since a pipe that nobody reads would stop the run."""
        assert teller.stdin is not None
        with suppress(OSError), teller.stdin as pipe:
            while (telling := self._outbox.get()) is not None:
                with suppress(ValueError):  # a path that is not UTF-8 cannot be told
                    pipe.write(f"{telling.model_dump_json()}\n".encode())

    def _receive(self, teller: "subprocess.Popen[bytes]") -> None:
        assert teller.stdout is not None
        with teller.stdout as pipe:
            for line in pipe:
                with suppress(ValidationError):
                    news = NEWS.validate_json(line)
                    if isinstance(news, Unreachable):
                        self._warn(f"Prefect cannot be reached ({news.why})")
                    self._news.put(news)
        self._news.put(None)

    def _hear(self) -> Forgotten | Told | None:
        """Wait for an answer; None where there is none, for which nothing is waited a second time."""
        began = time.monotonic()
        while True:
            limit = self._start_limit if self._starting else began + self._patience
            try:
                news = self._news.get(timeout=max(0.0, limit - time.monotonic()))
            except queue.Empty:
                self._patience = 0.0
                return None
            match news:
                case Starting():
                    self._starting = True
                case Reached():
                    self._starting, began = False, time.monotonic()
                case Told():
                    self._starting = False
                    return news
                case Forgotten() | None:
                    return news

    def _warn(self, what: str) -> None:
        if not self._warned.is_set():
            self._warned.set()
            log.warning("%s. The run is not affected; the dashboard does not show all of it.", what)


class _ToDashboard(logging.Handler):
    def __init__(self, dashboard: Dashboard) -> None:
        super().__init__(logging.INFO)
        self._dashboard = dashboard

    def emit(self, record: logging.LogRecord) -> None:
        self._dashboard.log(record)


@contextmanager
def _shown(began: RunBegan) -> Iterator[Dashboard]:
    """Log to the terminal and to the dashboard."""
    terminal = logging.StreamHandler()
    terminal.setFormatter(_FORMAT)
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(terminal)
    dashboard = Dashboard(began)
    forward = _ToDashboard(dashboard)
    log.addHandler(forward)
    token = _shown_on.set(dashboard)
    try:
        with watched_by(dashboard):
            yield dashboard
    finally:
        _shown_on.reset(token)
        log.removeHandler(forward)
        dashboard.close()
        log.removeHandler(terminal)
        log.level, log.propagate = before


def _leave(error: Exception | None) -> NoReturn:
    """Leave the process of a run that is over, with nothing of Prefect's that waits for a server."""
    if error is not None:
        log.error("%s", error if isinstance(error, ChurnError) else type(error).__name__)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if error is None else 1)


def _patience() -> float:
    given = os.environ.get(PATIENCE, str(PATIENCE_SECONDS))
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", given):
        raise ConfigError(f"{PATIENCE} is '{given}'; expected seconds, such as 60.")
    return float(given)


def _one_line(record: logging.LogRecord) -> bool:
    """Make Prefect log an error that a person can mend as one line; bugs keep their traceback."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ChurnError):
        record.msg, record.args, record.exc_info = str(error), (), None
    return True


def _said(error: BaseException) -> str:
    """Say an error; of a bug only its kind, since its text may hold a customer's value."""
    known = declared(error) if isinstance(error, Exception) else None
    return type(error).__name__ if known is None else f"{type(known).__name__}: {known}"


def _now() -> datetime:
    return datetime.now(tz=UTC)
