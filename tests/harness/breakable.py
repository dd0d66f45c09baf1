"""A breakable Prefect API: a proxy in front of a real server, or a stand-in for a server."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx


@dataclass
class Breakable:
    """The requests that the proxy received, and how it answers from now on.

    It passes requests on to the server at `behind` where there is one. `status` answers every request, or
    those whose path holds `only`, with an error of that number; `seconds` is how long each answer takes.
    Without a server behind, it has ended `runs`, and does not delete the one that is `refused`.
    """

    port: int
    behind: str | None = None
    status: int | None = None
    only: str = ""
    seconds: float = 0.0
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    runs: list[dict[str, str]] = field(default_factory=list)
    refused: str = ""

    @property
    def url(self) -> str:
        """What PREFECT_API_URL is set to."""
        return f"http://127.0.0.1:{self.port}/api"

    def repair(self) -> None:
        """Answer as a healthy server again."""
        self.status, self.only, self.seconds = None, "", 0.0

    def told(self, end_of_path: str) -> list[Any]:
        """List the bodies sent to paths with this ending."""
        return [body for _, path, body in self.asked if path.rstrip("/").endswith(end_of_path)]


@contextmanager
def breakable(behind: str | None = None) -> Iterator[Breakable]:  # noqa: C901 a handler and its doors
    """Answer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(data) if data else None
            api.asked.append((self.command, self.path, body))
            time.sleep(api.seconds)
            if api.status is not None and api.only in self.path:
                self.give(api.status, b"{}")
            elif api.behind is not None:
                self.pass_on(api.behind, data)
            elif self.command == "DELETE" or self.path.endswith("/flow_runs/filter"):
                self.sweep()
            else:
                self.give(*_as_a_server(self.path, body))

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 as http.server names them

        def sweep(self) -> None:
            run = self.path.rpartition("/")[2]
            if self.command != "DELETE":
                self.give(200, json.dumps([each | {"flow_id": str(uuid4())} for each in api.runs]).encode())
            elif run == api.refused:
                self.give(500, b"{}")
            else:
                api.runs = [each for each in api.runs if each["id"] != run]
                self.give(204, b"")

        def pass_on(self, behind: str, data: bytes) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            try:
                passed = client.request(self.command, f"{behind}{self.path}", content=data, headers=headers)
            except httpx.HTTPError:
                self.close_connection = True
                return
            self.give(passed.status_code, passed.content)

        def give(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Ignore clients that hang up."""

    with httpx.Client(timeout=90, trust_env=False) as client, Listener(("127.0.0.1", 0), Handler) as listener:
        api = Breakable(listener.server_port, behind)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield api
        listener.shutdown()


def _as_a_server(path: str, body: Any) -> tuple[int, bytes]:
    """Answer with what Prefect's client reads of a response."""
    now = "2026-03-01T04:00:00Z"
    made = {"id": str(uuid4()), "created": now, "updated": now}
    if path.startswith("/api/csrf-token"):
        return 422, b'{"detail": "CSRF protection is disabled."}'
    if path.endswith("/admin/version"):
        return 200, b'"3.8.8"'
    if path.endswith("/set_state"):
        state = body["state"] | made | {"timestamp": now}
        return 201, json.dumps(
            {"state": state, "status": "ACCEPT", "details": {"type": "accept_details"}}
        ).encode()
    if path.endswith("/filter"):
        return 200, b"[]"
    return 201, json.dumps((body if isinstance(body, dict) else {}) | made).encode()
