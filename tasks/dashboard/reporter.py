"""Report a run to Prefect's API: a program that the run starts, sends lines of JSON to and never depends on.

Messages are kept in order until the API accepts them, so a restarted server receives all of them. Messages
that the API refuses are counted and dropped. After the run has ended, the program keeps trying for a few
seconds, and finally reports what Prefect did not accept.
"""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

os.environ["PREFECT_CLIENT_MAX_RETRIES"] = "0"  # retried here, where it is known whether the run has ended

# isort: split
from tasks.core.loading import uncollected

# isort: split
with uncollected():
    import httpx
    from prefect.client.orchestration import SyncPrefectClient, get_client
    from prefect.client.schemas.actions import (
        ArtifactCreate,
        ArtifactUpdate,
        FlowCreate,
        FlowRunCreate,
        LogCreate,
        TaskRunCreate,
    )
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterEndTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import TERMINAL_STATES, State, StateType, TaskRunResult
    from prefect.exceptions import ObjectNotFound
    from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
    from prefect.states import Completed, Failed, Running, to_state_create

from schemas.run_messages import (
    RUN_EVENT,
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
from tasks.core.errors import OrchestratorError
from tasks.dashboard.temporary_server import temporary_server

_UNKNOWN_SECONDS: Final = 2.0
"""How long to wait after the run's end for a server that never answered; otherwise, the run decides."""

_WARN_SECONDS: Final = 3.0
"""How long a server may leave the first request unanswered before the run is warned."""

_PAUSE_SECONDS: Final = 0.5
_REQUEST_SECONDS: Final = 60.0
_RUNS_A_PAGE: Final = 200
"""Page size limit of Prefect's server."""

_LATER: Final = frozenset({408, 429, 502, 503, 504})
"""HTTP statuses after which the same request may succeed later; 503 is a locked SQLite."""

_HAS_ENDED: Final = sorted(TERMINAL_STATES)


class Reporter:
    """Reports the events of one run to the API, in order."""

    def __init__(self, answer: int, patience: float) -> None:
        """Write reply to the descriptor `answer`; after the run has ended, wait `patience` seconds."""
        self._patience = patience - 1
        self.events: queue.SimpleQueue[RunEvent | None] = queue.SimpleQueue()
        self._answer = answer
        self._started = time.monotonic()
        self._ended: float | None = None
        self._reached = self._warned = False
        self._dropped, self._why = 0, ""
        self._began: RunBegan | None = None
        self._is_over = False
        self._run_id: UUID | None = None
        self._key = str(uuid4())
        self._artifacts: dict[str, UUID] = {}
        self._lines: list[Logged] = []

    def listen(self) -> None:
        """Receive the run's events; after the last one, this program has a few seconds left."""
        for line in sys.stdin.buffer:
            self.events.put(RUN_EVENT.validate_json(line))
        self._ended = time.monotonic()
        self.events.put(None)
        time.sleep(self._patience + 1)
        os.killpg(0, signal.SIGKILL)  # whatever still waits for an answer; and the temporary server

    def report_all(self) -> None:
        """Report everything, then report what could not be."""
        gave_up = False
        try:
            with self._server(), _client() as client:
                self._greet(client)
                while (event := self.events.get()) is not None:
                    if isinstance(event, Logged):
                        self._lines.append(event)
                    else:
                        self._deliver(partial(self._report, client, event))
                    if self.events.empty():
                        self._deliver_lines(client)
                self._deliver_lines(client)
                if self._began is not None and self._began.run_id is None and not self._is_over:
                    message = "The run's process ended without reporting why."
                    ended = RunEnded(type="CRASHED", name=None, message=message)
                    self._deliver(partial(self._report, client, ended))
        except Exception as error:  # noqa: BLE001 what it is does not matter to the run, which is warned
            gave_up = True
            self._leave_out(error)
            self._warn(error)
        self.say(FinalReport(dropped=self._dropped, why=self._why or None, gave_up=gave_up))

    def say(self, reply: Reply) -> None:
        """Send reply to the run, if it is still listening."""
        with suppress(OSError):
            os.write(self._answer, f"{reply.model_dump_json()}\n".encode())

    @contextmanager
    def _server(self) -> Iterator[None]:
        """Start a temporary server if none is configured."""
        settings = get_current_settings()
        if settings.api.url is not None or not settings.server.ephemeral.enabled:
            yield
            return
        with temporary_server(settings) as url, temporary_settings({PREFECT_API_URL: url}):
            yield

    def _greet(self, client: SyncPrefectClient) -> None:
        """Wait until the API accepts our requests, the password included."""
        self._retry(lambda: client.request("GET", "/admin/version"))
        self._reached = True

    def _deliver(self, call: Callable[[], object]) -> None:
        """Send something to the API; count and drop what it refuses."""
        try:
            self._retry(call)
        except (httpx.HTTPStatusError, ObjectNotFound) as error:
            self._leave_out(error)

    def _retry(self, call: Callable[[], object]) -> None:
        while True:
            try:
                call()
            except httpx.HTTPError as error:
                if isinstance(error, httpx.HTTPStatusError) and error.response.status_code not in _LATER:
                    raise
                self._pause(error)
            else:
                return

    def _deliver_lines(self, client: SyncPrefectClient) -> None:
        """Send all pending log lines in one request."""
        entries = [
            LogCreate(
                name="churn",
                level=line.level,
                message=line.message,
                timestamp=line.at,
                flow_run_id=self._run_id,
                task_run_id=line.step_id,
            )
            for line in self._lines
        ]
        self._lines = []
        if entries:
            self._deliver(partial(client.create_logs, entries))

    def _pause(self, error: Exception) -> None:
        """Wait before the next attempt.

        Raises:
            OrchestratorError: the run has ended, and the time is up.
        """
        now = time.monotonic()
        patience = self._patience if self._reached else min(self._patience, _UNKNOWN_SECONDS)
        if self._ended is not None and now > self._ended + patience:
            raise OrchestratorError(_kind(error))
        if not self._reached and now > self._started + _WARN_SECONDS:
            self._warn(error)
        time.sleep(_PAUSE_SECONDS)

    def _leave_out(self, error: Exception) -> None:
        self._dropped += 1
        self._why = _kind(error)

    def _warn(self, error: Exception) -> None:
        if not self._warned and not self._reached:
            self._warned = True
            self.say(Unreachable(why=_kind(error)))

    def _report(self, client: SyncPrefectClient, event: RunEvent) -> None:
        match event:
            case RunBegan():
                self._begin(client, event)
            case StepBegan():
                step = TaskRunCreate(
                    id=event.step_id,
                    name=event.name,
                    flow_run_id=self._run_id,
                    task_key=event.step,
                    dynamic_key=str(event.step_id),
                    task_inputs={"after": [TaskRunResult(id=event.after)]} if event.after else {},
                    state=to_state_create(Running()),
                )
                client.request("POST", "/task_runs/", json=step.model_dump(mode="json"))
            case StepEnded():
                message = event.error and f"Task run encountered an exception {event.error}"
                state: State[Any] = Completed() if message is None else Failed(message=message)
                client.set_task_run_state(event.step_id, state, force=True)
            case Page():
                page = {"key": event.key, "description": event.description, "data": event.markdown}
                self._create_artifact(client, event.step_id, type="markdown", **page)
            case Progressed():
                self._show_progress(client, event)
            case Concluded():
                assert self._run_id is not None
                assert self._began is not None
                client.update_flow_run(self._run_id, name=f"{self._began.name}: {event.result}")
            case Announced():
                client.request("POST", "/events", json=[_as_event(event)])
            case Forget():
                self._forget(client, event)
            case RunEnded():
                self._end(client, event)

    def _begin(self, client: SyncPrefectClient, event: RunBegan) -> None:
        self._began = event
        self._run_id = event.run_id or self._create_run(client, event)
        if event.run_id is not None:
            client.update_flow_run(event.run_id, name=event.name, tags=event.tags)

    def _end(self, client: SyncPrefectClient, event: RunEnded) -> None:
        self._is_over = True
        ended = State[Any](type=StateType(event.type), name=event.name, message=event.message)
        assert self._run_id is not None
        client.set_flow_run_state(self._run_id, ended, force=True)

    def _create_run(self, client: SyncPrefectClient, began: RunBegan) -> UUID:
        """Create a run; repeating the request does not create a second one.

        Raises:
            OrchestratorError: the API rejects it, so that nothing can be reported.
        """
        flow = FlowCreate(name=began.flow).model_dump(mode="json")
        try:
            flow_id = client.request("POST", "/flows/", json=flow).json()["id"]
            run = FlowRunCreate(
                flow_id=flow_id,
                name=began.name,
                tags=list(began.tags),
                parameters=began.parameters,
                idempotency_key=self._key,
                state=to_state_create(Running()),
            ).model_dump(mode="json")
            return UUID(client.request("POST", "/flow_runs/", json=run).json()["id"])
        except httpx.HTTPStatusError as error:
            if error.response.status_code in _LATER:
                raise
            raise OrchestratorError(_kind(error)) from None

    def _create_artifact(self, client: SyncPrefectClient, step_id: UUID | None, **what: Any) -> UUID:
        return client.create_artifact(
            ArtifactCreate(flow_run_id=self._run_id, task_run_id=step_id, **what)
        ).id

    def _show_progress(self, client: SyncPrefectClient, event: Progressed) -> None:
        artifact = self._artifacts.get(event.what)
        if artifact is None:
            share = {"description": event.what, "data": event.percent}
            self._artifacts[event.what] = self._create_artifact(
                client, event.step_id, type="progress", **share
            )
        else:
            client.update_artifact(artifact, ArtifactUpdate(data=event.percent))

    def _forget(self, client: SyncPrefectClient, order: Forget) -> None:
        """Delete runs, report each one, and always report when no more will be deleted."""
        flows = FlowFilter(name=FlowFilterName(any_=list(order.flows)))
        ended = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_HAS_ENDED)),
            end_time=FlowRunFilterEndTime(before_=order.before),
        )
        deadline = time.monotonic() + order.seconds
        counted, complete = 0, False
        try:
            while page := client.read_flow_runs(
                flow_filter=flows, flow_run_filter=ended, limit=_RUNS_A_PAGE, offset=counted
            ):
                for run in page:
                    if time.monotonic() > deadline:
                        return
                    if order.dry_run:
                        counted += 1
                    else:
                        with suppress(ObjectNotFound):  # the server's own vacuum was faster
                            client.delete_flow_run(run.id)
                    assert run.end_time is not None  # the filter asks for it
                    self.say(Forgotten(ended_at=run.end_time))
            complete = True
        except (httpx.HTTPError, ObjectNotFound) as error:
            self._leave_out(error)
        finally:
            self.say(ForgetEnded(complete=complete))


def _as_event(announced: Announced) -> dict[str, Any]:
    """Write an announcement as Prefect's API expects an event."""
    return {
        "id": str(announced.event_id),
        "occurred": announced.at.isoformat(),
        "event": announced.event,
        "resource": {"prefect.resource.id": announced.resource},
        "payload": announced.facts,
    }


def _client() -> SyncPrefectClient:
    """Create a client that uses no proxy for a server on this machine."""
    url = urlsplit(get_current_settings().api.url or "")
    is_here = url.hostname in (None, "localhost", "127.0.0.1", "::1")
    settings = {"timeout": _REQUEST_SECONDS, "trust_env": not is_here}
    return get_client(sync_client=True, httpx_settings=settings)


def _kind(error: Exception) -> str:
    """Describe an error without the content of the request or response."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.request.url.path} answers {error.response.status_code}"
    if isinstance(error, OrchestratorError):
        return str(error)
    return type(error).__name__


def main() -> None:
    """Report the run on stdin; reply goes to stdout, which nothing else may write to."""
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reporter = Reporter(answer, float(sys.argv[1]))
    threading.Thread(target=reporter.listen, daemon=True).start()
    reporter.report_all()


if __name__ == "__main__":
    main()
