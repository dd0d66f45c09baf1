"""Torture test: Prefect's server dies, hangs, fills up and refuses at random moments of a run.

Each trial runs a command as an operator types it, against a real server behind a proxy, and breaks one of the
two on the way. Files, exit code and what the terminal says must be those of an undisturbed run.
"""

import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.harness.breakable import Breakable, breakable
from tests.harness.environment import PATIENCE
from tests.harness.flow_home import QUICK
from tests.harness.night import Night
from tests.harness.server import ROOT, SERVER, Program, Server, settings, started, wait_until_healthy
from tests.torture.disk import make_template
from tests.torture.outcome import Outcome, control
from tests.torture.trial import CHALLENGER, LABELLED

COMMANDS: Final = {
    "score": ("flows/score_flow.py", "--set", "settle_seconds=0"),
    "train": ("flows/train_flow.py", "--extract", LABELLED, "--config", "quick.json"),
    "promote": ("flows/promote_flow.py", "--bundle", CHALLENGER, "--rescore"),
    "sweep": ("flows/retention_flow.py",),
}
"""What is tried; `.challenger` stands for the id in that file, and other files lie in the home."""

INSIDE_PREFECT: Final = (
    "from flows import cli; from flows.score_flow import score; from schemas.config import ScoreConfig;"
    " cli.run(lambda: score(config=ScoreConfig(settle_seconds=0), return_state=True))"
)
"""A night inside Prefect's engine, as one is usually run by hand; its fate is the server's."""

_EXPIRED: Final = ("archive/2020-01-01-0123456789abcdef.csv", "runs/20200101T040000-1/run.json")
_VOLATILE: Final = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-z-]+|[0-9.]+ s\b")
_SECONDS: Final = 180
MOST_SECONDS: Final = 10.0
"""From a run's last line to the warning about Prefect: what a broken server adds."""


@dataclass
class Api:
    """A server and the proxy in front of it; both can be broken and repaired."""

    server: Server
    proxy: Breakable
    stack: ExitStack
    program: Program = field(init=False)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        log = self.server.logs / "server.log"
        self.program = self.stack.enter_context(
            started(*SERVER.split(), env=self.server.env, cwd=ROOT, log=log)
        )
        wait_until_healthy(self.server, self.program)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.program.process.pid, number)

    def kill(self) -> None:
        """Kill the server."""
        self.signal(signal.SIGKILL)
        self.program.process.wait()

    @property
    def database(self) -> Path:
        """The server's database."""
        return self.server.prefect_home / "prefect.db"


Break = Callable[[Api], Iterator[None]]


def _killed(api: Api) -> Iterator[None]:
    api.kill()
    yield
    api.start()


def _restarted(api: Api) -> Iterator[None]:
    api.kill()
    api.start()
    yield


def _paused(api: Api) -> Iterator[None]:
    api.signal(signal.SIGSTOP)
    yield
    api.signal(signal.SIGCONT)


def _hanging_for_a_while(api: Api) -> Iterator[None]:
    api.signal(signal.SIGSTOP)
    time.sleep(2)
    api.signal(signal.SIGCONT)
    yield


def _full(api: Api) -> Iterator[None]:
    """Stop the server's files from growing, as on a full disk."""
    server = api.program.process.pid
    before = resource.prlimit(server, resource.RLIMIT_FSIZE)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.prlimit(server, resource.RLIMIT_FSIZE, before)


def _locked(api: Api) -> Iterator[None]:
    with closing(sqlite3.connect(api.database, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def _answering(**how: object) -> Break:
    def breaking(api: Api) -> Iterator[None]:
        for name, value in how.items():
            setattr(api.proxy, name, value)
        yield
        api.proxy.repair()

    return breaking


BREAKS: Final[dict[str, Break]] = {
    "killed": _killed,
    "started again": _restarted,
    "paused": _paused,
    "hanging for two seconds": _hanging_for_a_while,
    "disk full": _full,
    "database locked": _locked,
    "answering 401": _answering(status=401),
    "answering 500": _answering(status=500),
    "answering 500 to artifacts": _answering(status=500, only="/artifacts"),
    "answering 503": _answering(status=503),
    "answering after 30 s": _answering(seconds=30.0),
    "answering after 2 s": _answering(seconds=2.0),
}


@dataclass(frozen=True)
class Ended:
    """What a command came to: exit code, lines, files, and for how many seconds it waited for Prefect.

    Of the lines the clock, durations, and what is said of Prefect are left out; `warnings` counts the latter.
    """

    code: int
    said: list[str]
    files: dict[str, str]
    warnings: int
    seconds: float
    waited: float


@contextmanager
def api_of(folder: Path) -> Iterator[Api]:
    """Start a server with a proxy before it."""
    server = Server(settings(folder / "server"), folder)
    with ExitStack() as stack, breakable(server.env["PREFECT_API_URL"].removesuffix("/api")) as proxy:
        api = Api(server, proxy, stack)
        api.start()
        yield api


def torture(folder: Path, trials: int, *, seed: int, show: bool) -> list[Outcome]:
    """Break something at a random moment of each command in turn, `trials` times in all."""
    dice = random.Random(seed)  # noqa: S311 moments, not secrets
    template = prepare(folder)
    outcomes = []
    with api_of(folder) as api:
        for act, command in COMMANDS.items():
            golden = run(command, template, folder / "tried", api)
            outcome, longest = Outcome(f"{act}: Prefect's server broken at random moments"), 0.0
            for number in outcome.over(range(trials // len(COMMANDS)), show=show):
                name = list(BREAKS)[number % len(BREAKS)]
                moment = dice.uniform(0, golden.seconds)
                ended = run(command, template, folder / "tried", api, BREAKS[name], moment)
                longest = max(longest, ended.waited)
                found = differences(ended, golden)
                if ended.waited > MOST_SECONDS:
                    found.append(f"it waited for {ended.waited:.1f} s")
                outcome.violations += [f"{name} after {moment:.1f} s: {each}" for each in found]
            outcome.name += f", waited for {longest:.1f} s at most"
            outcomes.append(outcome)
        outcomes.append(
            control("a night inside Prefect's engine", inside_prefect(template, folder, api, 3, dice))
        )
    return outcomes


def inside_prefect(template: Path, folder: Path, api: Api, trials: int, dice: random.Random) -> Outcome:
    """Kill the server of nights that run inside Prefect's engine: this must be detected."""
    outcome = Outcome("score inside Prefect")
    command = ("-c", INSIDE_PREFECT)
    golden = run(command, template, folder / "tried", api)
    for _ in outcome.over(range(trials), show=False):
        moment = dice.uniform(0, golden.seconds)
        ended = run(command, template, folder / "tried", api, BREAKS["killed"], moment)
        outcome.violations += differences(ended, golden)
    return outcome


def prepare(folder: Path) -> Path:
    """Make a home with a champion, a challenger, scores, extracts that wait, good and bad, and old files."""
    template, extract = make_template(folder)
    (template / "quick.json").write_text(QUICK.model_dump_json())
    (template / "inbox" / "bad_2026-03-02.csv").write_text("not,an\nextract,\n")
    for name in _EXPIRED:
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        (template / name).write_text("old")
    score = [sys.executable, "flows/score_flow.py", *COMMANDS["score"][1:]]
    waiting = Night(template, extract)
    kept = folder / "kept"
    shutil.copytree(waiting.home / "inbox", kept)
    env = os.environ | {"CHURN_HOME": str(template), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    subprocess.run(score, cwd=ROOT, env=env, check=False, capture_output=True)
    for path in kept.glob("*.csv"):  # another day, so that there is something to score
        text = path.read_text().replace("TEST-000-", "TEST-111-")
        (template / "inbox" / path.name.replace("2026-03-0", "2026-03-1")).write_text(text)
    return template


def run(
    command: tuple[str, ...],
    template: Path,
    home: Path,
    api: Api,
    breaking: Break | None = None,
    moment: float = 0.0,
) -> Ended:
    """Run a command in a copy of the template, break something at a moment of it, and repair it again."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    challenger = (home / CHALLENGER).read_text()
    there = {CHALLENGER: challenger, LABELLED: str(home / LABELLED), "quick.json": str(home / "quick.json")}
    words = [sys.executable, *(there.get(word, word) for word in command)]
    env = api.server.env | {"CHURN_HOME": str(home), "PREFECT_API_URL": api.proxy.url}
    env |= {"PREFECT_CLIENT_MAX_RETRIES": "0"}  # the control need not take minutes
    del env[PATIENCE]  # the trial uses the default
    began = time.monotonic()
    lines: list[tuple[float, str]] = []
    repairing = None
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        assert program.stdout is not None
        output = program.stdout
        reading = threading.Thread(
            target=lambda: lines.extend((time.monotonic(), line.rstrip("\n")) for line in output)
        )
        reading.start()
        if breaking is not None:
            with suppress(subprocess.TimeoutExpired):
                program.wait(moment)
            repairing = breaking(api)
            next(repairing)
        try:
            program.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            lines.append((time.monotonic(), "it hangs"))
        finally:
            program.kill()
            ended = time.monotonic()
            reading.join()
            if repairing is not None:
                next(repairing, None)
    last = max((at for at, line in lines if "Prefect" not in line and "error: " not in line), default=ended)
    said = [_plain(line, home) for _, line in lines if "Prefect" not in line and " rows a second" not in line]
    warned = [at for at, line in lines if "| WARNING | Prefect " in line]
    waited = max(0.0, max(warned, default=last) - last)
    return Ended(program.returncode, said, files_of(home), len(warned), ended - began, waited)


def differences(ended: Ended, golden: Ended) -> list[str]:
    """Return how a command's end differs from an undisturbed one."""
    found = []
    if ended.code != golden.code:
        found.append(f"exit code {ended.code}, expected {golden.code}")
    if ended.said != golden.said:
        other = next(
            (line for line in ended.said if line not in golden.said),
            f"{len(ended.said)} lines, expected {len(golden.said)}",
        )
        found.append(f"the terminal says otherwise: {other}")
    if ended.warnings > 1:
        found.append(f"{ended.warnings} warnings of Prefect, expected one at most")
    if ended.files != golden.files:
        names = {name for name, _ in ended.files.items() ^ golden.files.items()}
        found.append(f"other files: {', '.join(sorted(names)[:3])}")
    return found


def files_of(home: Path) -> dict[str, str]:
    """Give what a command left: the names of all files, and what those hold that bear no clock."""
    found = {}
    for path in sorted(home.rglob("*")):
        name = _VOLATILE.sub("*", str(path.relative_to(home)))
        kept = path.suffix in (".csv", ".onnx") or path.name in ("latest.json", "preprocessing.json")
        if path.is_file() and not name.startswith(("runs/*/tensorboard", "presentations/")):
            found[name] = path.read_bytes().hex() if kept and path.name != "latest.json" else ""
        if path.name == "champion.json":
            found[name] = str(json.loads(path.read_text())["bundle_id"])
        if path.name == "latest.json":
            found[name] = str(json.loads(path.read_text())["folder"])
    return found


def _plain(line: str, home: Path) -> str:
    return _VOLATILE.sub("*", re.sub(r"^[0-9:]{8} \| ", "", line).replace(str(home), "HOME"))
