"""Show a run on Prefect's dashboard from a separate process, so that nothing Prefect does affects the run.

The run sends events as lines of JSON and never waits for an answer, except once, after it has
ended: then at most CHURN_PREFECT_WAIT_SECONDS. If a server is down, slow, full or a different version, the
run only logs a warning.
"""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from schemas.run_messages import (
    REPLY,
    Announced,
    Concluded,
    FinalReport,
    Forget,
    ForgetEnded,
    Forgotten,
    Logged,
    Page,
    Progressed,
    Reply,
    RunBegan,
    RunEnded,
    RunEvent,
    StepBegan,
    StepEnded,
    Unreachable,
)
from schemas.timezone import DEFAULT_TIMEZONE
from tasks.core.errors import ChurnError, as_user_error
from tasks.core.steps import is_watched, log, watched_by
from tasks.dashboard.flows import Ended, Runnable
from tasks.dashboard.terminal import Terminal
from tasks.environment import read_environment

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

BY_HAND: Final = "by hand"
RERUN: Final = "rerun"
"""Tags of runs that no schedule started; their names contain them, too."""

_STOPPED_SECONDS: Final = 2.0
"""How long an interrupted run may take to send the remaining events."""

_FORGET_SECONDS: Final = 60.0
"""How long a sweep lets Prefect delete runs; the next sweep deletes the rest."""

_PROGRESS_SECONDS: Final = 5.0
"""Between two progress lines; shorter work shows none."""

_REPORTER: Final = (sys.executable, "-P", "-m", "tasks.dashboard.reporter")
_PARAMETERS: Final = TypeAdapter(dict[str, Any])

_shown_on: ContextVar["Dashboard | None"] = ContextVar("shown_on", default=None)


@contextmanager
def on_dashboard() -> Iterator[None]:
    """Show the steps of a run that Prefect started; a run by hand is already shown.

    If the end of a worker's run cannot be reported, exit at once: Prefect would retry for minutes.
    The run is then marked Crashed and scheduled again, and finds everything done.
    """
    if is_watched():
        yield
        return
    from prefect.context import FlowRunContext  # noqa: PLC0415 over a second, which a run by hand saves

    context = FlowRunContext.get()
    if context is None or context.flow is None or context.flow_run is None:
        yield
        return
    logging.getLogger("prefect.flow_runs").addFilter(_one_line)
    run_id = context.flow_run.id
    start = _start_of(context.flow_run)
    by_worker = os.environ.get("PREFECT__FLOW_RUN_ID") == str(run_id)
    dashboard, error = None, None
    try:
        began = RunBegan(
            flow=context.flow.name,
            run_id=run_id,
            name=_name(context.flow.name, context.parameters or {}, start),
            tags=tuple(dict.fromkeys([*context.flow_run.tags, *([start] if start else [])])),
            parameters={},
        )
        with _shown(began) as dashboard:
            yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        if by_worker and dashboard is not None and dashboard.gave_up:
            _leave(error)


def run_of_deployment() -> UUID | None:
    """Return the id of the run if Prefect runs it for a deployment: only such a run can be suspended."""
    if is_watched():  # by hand
        return None
    from prefect.context import FlowRunContext  # noqa: PLC0415 over a second, which a run by hand saves

    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    return run.id if run is not None and run.deployment_id is not None else None


def by_hand(flow: Runnable, **parameters: Any) -> Ended:
    """Run a flow's body in this process, with or without Prefect; show it as a run of the flow."""
    given = json.loads(
        _utf8(json.dumps(_PARAMETERS.dump_python(parameters, mode="json"), ensure_ascii=False))
    )
    name = _name(flow.name, parameters, BY_HAND)
    began = RunBegan(flow=flow.name, run_id=None, name=name, tags=(BY_HAND,), parameters=given)
    with _shown(began) as dashboard:
        try:
            ended: Ended = flow.fn(**parameters)
        except Exception as error:
            dashboard.log(logging.ERROR, _described(error))  # the terminal has it from flows.cli
            dashboard.end("FAILED", None, f"Flow run encountered an exception: {_described(error)}")
            raise
        except BaseException as error:
            dashboard.end("CRASHED", None, f"The run was stopped: {type(error).__name__}.")
            dashboard.hurry()
            raise
        dashboard.end("COMPLETED", ended.name, ended.message)
    return ended


def forget_runs(
    flows: tuple[str, ...], before: datetime, *, dry_run: bool
) -> Iterator[Forgotten | ForgetEnded]:
    """Have Prefect delete, or count, runs that ended before a moment; does nothing if no run is shown."""
    dashboard = _shown_on.get()
    return iter(()) if dashboard is None else dashboard.forget(flows, before, dry_run=dry_run)


@dataclass
class _Open:
    """A step in progress, its last progress report, and when it began and last reported."""

    step_id: UUID
    began: float
    shown: float
    what: str | None = None


class Dashboard:
    """Watches a run and forwards its events to the process that reports to Prefect."""

    def __init__(self, began: RunBegan, terminal: Terminal) -> None:
        """Start that process, and show the steps in the terminal, too."""
        self._terminal = terminal
        self._steps: list[_Open] = []
        self._times = Counter[str]()
        self._last: UUID | None = None
        self._patience = self._given = read_environment().prefect_wait_seconds
        self._outbox: queue.SimpleQueue[RunEvent | None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._warned = threading.Event()
        self._final_report: FinalReport | None = None
        self._sent, self._in_hurry = threading.Event(), False
        self.gave_up = False
        self._reporter: subprocess.Popen[bytes] | None = None
        self._report(began)
        try:
            # Unbuffered pipes: a thread that held a buffer's lock would abort the interpreter's end.
            self._reporter = subprocess.Popen(  # noqa: S603 our own program
                (*_REPORTER, str(self._given)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the run, which says how it ended
            )
            for work in (self._send, self._receive):
                threading.Thread(target=work, args=(self._reporter,), daemon=True).start()
        except (OSError, RuntimeError) as error:  # no room for another process or thread
            self._kill()
            self._reporter = None
            self._warn(f"this run cannot be reported to Prefect ({error})")

    def began(self, step: str) -> None:
        """Show that a step began."""
        now = time.monotonic()
        self._steps.append(_Open(uuid4(), now, now))
        self._terminal.began(step)
        self._times[step] += 1
        name = step if self._times[step] == 1 else f"{step} {self._times[step]}"
        self._report(StepBegan(step_id=self._steps[-1].step_id, step=step, name=name, after=self._last))

    def ended(self, error: BaseException | None) -> None:
        """Show that the step ended; for a bug only its type, since its text may contain values."""
        step = self._steps.pop()
        self._terminal.ended()
        if step.what is not None and error is None:
            self._report(Progressed(step_id=step.step_id, what=step.what, percent=100))
        self._last = step.step_id
        self._report(StepEnded(step_id=step.step_id, error=None if error is None else _described(error)))

    def progress(self, what: str, share: float, rows: int) -> None:
        """Show rows, rows per second and the time left: live, and every few seconds in log and dashboard."""
        step, now = self._steps[-1], time.monotonic()
        seconds = now - step.began
        rate, left = rows / seconds, seconds / share - seconds
        said = f"{100 * share:.0f} %, {rows} rows, {rate:.0f} rows a second, about {left:.0f} s left"
        self._terminal.progress(share, said)
        if now - step.shown < _PROGRESS_SECONDS:
            return
        step.shown, step.what = now, what
        if not self._terminal.is_live:
            log.info("%s: %s", what, said)
        self._report(Progressed(step_id=step.step_id, what=what, percent=100 * share))

    def show(self, markdown: str, *, key: str, description: str) -> None:
        """Show a page."""
        self._report(Page(step_id=self._step, key=key, markdown=markdown, description=description))

    def announce(self, event: str, resource: str, facts: Mapping[str, str | int]) -> None:
        """Show that something happened."""
        now = datetime.now(tz=UTC)
        self._report(Announced(event=event, resource=resource, facts=dict(facts), event_id=uuid4(), at=now))

    def conclude(self, result: str) -> None:
        """Show what the run came to."""
        self._report(Concluded(result=result))

    def log(self, level: int, message: str) -> None:
        """Show a log line."""
        self._report(Logged(step_id=self._step, level=level, message=_utf8(message), at=datetime.now(tz=UTC)))

    def end(self, type_: Literal["COMPLETED", "FAILED", "CRASHED"], name: str | None, message: str) -> None:
        """Show how a run by hand ended; Prefect itself ends the runs it started."""
        self._report(RunEnded(type=type_, name=name, message=_utf8(message)))

    def hurry(self) -> None:
        """Stop waiting for Prefect, as whoever stops a run will not wait; the rest is sent meanwhile."""
        self._in_hurry = True

    def forget(
        self, flows: tuple[str, ...], before: datetime, *, dry_run: bool
    ) -> Iterator[Forgotten | ForgetEnded]:
        """Have Prefect delete the flows' runs that ended before a moment; yield each one as it is deleted."""
        self._report(Forget(flows=flows, before=before, dry_run=dry_run, seconds=_FORGET_SECONDS))
        while isinstance(reply := self._hear(), Forgotten | ForgetEnded):
            yield reply
            if isinstance(reply, ForgetEnded):
                return

    def close(self) -> None:
        """Wait a bounded time until Prefect has everything, and leave no process behind."""
        if self._reporter is None:
            return
        self._outbox.put(None)
        if self._in_hurry:
            self._sent.wait(_STOPPED_SECONDS)
            return
        try:
            while self._final_report is None and self._hear() is not None:
                pass
        finally:
            self._kill()
        final = self._final_report
        self.gave_up = final is None or final.gave_up
        if final is None or final.dropped:
            why = final.why if final is not None and final.why else f"no answer within {self._given:g} s"
            self._warn(f"Prefect did not take every report on this run ({why})")

    def _kill(self) -> None:
        """Kill the reporting process, with its temporary server if it has one."""
        if self._reporter is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._reporter.pid, signal.SIGKILL)
            self._reporter.wait()

    @property
    def _step(self) -> UUID | None:
        return self._steps[-1].step_id if self._steps else None

    def _report(self, event: RunEvent) -> None:
        self._outbox.put(event)

    def _send(self, reporter: "subprocess.Popen[bytes]") -> None:
        """Write the queued events; in a thread, since a full pipe would block the run."""
        assert reporter.stdin is not None
        with suppress(OSError), reporter.stdin as pipe:
            while (event := self._outbox.get()) is not None:
                pipe.write(f"{event.model_dump_json()}\n".encode())
        self._sent.set()

    def _receive(self, reporter: "subprocess.Popen[bytes]") -> None:
        assert reporter.stdout is not None
        with reporter.stdout as pipe:
            for line in pipe:
                with suppress(ValidationError):
                    reply = REPLY.validate_json(line)
                    if isinstance(reply, Unreachable):
                        self._warn(f"Prefect cannot be reached ({reply.why})")
                    else:
                        self._news.put(reply)
        self._news.put(None)

    def _hear(self) -> Reply | None:
        """Wait for an answer; None if none arrives, and then nothing waits for Prefect again."""
        try:
            reply = self._news.get(timeout=self._patience)
        except queue.Empty:
            reply, self._patience = None, 0.0
        if isinstance(reply, FinalReport):
            self._final_report = reply
        return reply

    def _warn(self, what: str) -> None:
        if not self._warned.is_set():
            self._warned.set()
            log.warning("%s. The run is not affected; the dashboard may not show all of it.", what)


class _ToDashboard(logging.Handler):
    def __init__(self, dashboard: Dashboard) -> None:
        super().__init__(logging.INFO)
        self._dashboard = dashboard

    def emit(self, record: logging.LogRecord) -> None:
        self._dashboard.log(record.levelno, record.getMessage())


@contextmanager
def _shown(began: RunBegan) -> Iterator[Dashboard]:
    """Log to the terminal and to the dashboard."""
    terminal = Terminal()
    with _logged_to(terminal):
        dashboard = Dashboard(began, terminal)
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


@contextmanager
def _logged_to(terminal: Terminal) -> Iterator[None]:
    before = log.level, log.propagate
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(terminal)
    try:
        yield
    finally:
        log.removeHandler(terminal)
        log.setLevel(before[0])
        log.propagate = before[1]


def _start_of(run: "FlowRun") -> str | None:
    """Tell how a run that Prefect executes was started; None if by its schedule or an automation."""
    by_automation = run.created_by is not None and run.created_by.type == "AUTOMATION"
    return None if run.auto_scheduled or by_automation else RERUN if RERUN in run.tags else BY_HAND


def _name(flow: str, parameters: Mapping[str, Any], start: str | None) -> str:
    """Name a run after its flow, the operator's day and its start: "score 2026-03-02 by hand"."""
    zone = getattr(parameters.get("config"), "timezone", DEFAULT_TIMEZONE)  # train's settings have none
    return f"{flow} {datetime.now(tz=ZoneInfo(zone)).date()}{f' {start}' if start else ''}"


def _leave(error: BaseException | None) -> NoReturn:
    """Exit a finished run's process without running Prefect's exit handlers, which wait for a server."""
    if isinstance(error, ChurnError):
        sys.stderr.write(f"error: {error}\n")
    elif isinstance(error, Exception):
        traceback.print_exception(error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if error is None else 1 if isinstance(error, Exception) else 128 + signal.SIGTERM)


def _one_line(record: logging.LogRecord) -> bool:
    """Make Prefect log an error that a person can fix as one line; bugs keep their traceback."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ChurnError):
        record.msg, record.args, record.exc_info = str(error), (), None
    return True


def _described(error: BaseException) -> str:
    """Describe an error; a bug by its type only, since its text may contain a customer's value."""
    known = as_user_error(error) if isinstance(error, Exception) else None
    return type(error).__name__ if known is None else f"{type(known).__name__}: {known}"


def _utf8(text: str) -> str:
    """Replace what is not valid UTF-8, as in a path, by '?'."""
    return text.encode(errors="replace").decode()
