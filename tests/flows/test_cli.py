import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from tasks.core.errors import (
    BundleError,
    ConfigError,
    ExtractError,
    PublishError,
    RegistryError,
)
from tasks.dashboard.flows import Ended

ROOT = Path(__file__).parents[2]


def test_a_day() -> None:
    """A day is read as written; anything else says how to write one."""
    assert cli.day("2026-11-22") == date(2026, 11, 22)

    parser = cli.Parser(prog="score_flow.py")
    parser.add_argument("--as-of", type=cli.day)
    for text in ("2026-13-45", "yesterday", ""):
        with pytest.raises(ConfigError, match=r"--as-of: .* is not a date; expected YYYY-MM-DD"):
            parser.parse_args(["--as-of", text])


def test_the_home_is_made_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that is not there yet is made, and nobody else can look inside."""
    home = tmp_path / "new" / "home"
    monkeypatch.setenv("CHURN_HOME", str(home))

    assert cli.locations().home == home
    assert home.stat().st_mode & 0o777 == 0o700
    assert cli.locations().home == home


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nope"])
def test_a_home_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A home that is a file, or cannot be made, is the operator's to fix."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHURN_HOME", str(tmp_path / place))

    with pytest.raises(ConfigError, match=r"CHURN_HOME .* cannot be used as a folder") as error:
        cli.locations()
    assert "\n" not in str(error.value)


def test_files_are_private_from_the_start() -> None:
    """Importing the command line is enough: whatever starts later writes for its user alone."""
    program = "import os; import flows.cli; print(oct(os.umask(0)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.umask(0o022); {program}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "0o77"


def leave(outcome: Any) -> int:
    """Run a command that ends so; give the exit code."""

    def main() -> Any:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    with pytest.raises(SystemExit) as exit_:
        cli.run(main)
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (None, 0),
        (Ended(message="done"), 0),
        (Ended(message="done", name="Refused"), 3),
        (ConfigError("x"), 10),
        (ExtractError("x"), 20),
        (BundleError("x"), 30),
        (RegistryError("x"), 40),
        (PublishError("x"), 50),
        (OSError(errno.ENOSPC, "No space left on device"), 50),
    ],
)
def test_exit_codes(outcome: object, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each outcome has its code; errors that a person can fix are one line on stderr."""
    assert leave(outcome) == code
    printed = capsys.readouterr().err
    assert printed.count("\n") == (1 if code >= 10 else 0)


def test_our_own_bugs_keep_their_traceback() -> None:
    """An error that no operator can fix is not dressed up."""
    with pytest.raises(ZeroDivisionError):
        cli.run(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    with pytest.raises(FileNotFoundError):
        leave(FileNotFoundError(errno.ENOENT, "x"))


READER_LEAVES = """
import socket, sys
from flows import cli

def done():
    print("a page")
    sys.exit(4)

def longer_than_any_buffer():
    while True:
        print("a page")

def refused():
    print("a page")
    raise cli.ConfigError("x")

def another_pipe_breaks():
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.send(b"x")

cli.run({})
"""


@pytest.fixture
def unread() -> Iterator[int]:
    """Give an output that nobody reads any more."""
    theirs, ours = os.pipe()
    os.close(theirs)
    yield ours
    os.close(ours)


def python(program: str, *flags: str, stdout: int) -> subprocess.CompletedProcess[str]:
    """Run a program that writes its output there."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, *flags, "-c", program],
        env=env | {"PYTHONPATH": str(ROOT)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("main", "code", "printed"),
    [("done", 4, 0), ("longer_than_any_buffer", 141, 0), ("refused", 10, 1)],
)
def test_output_whose_reader_left(main: str, code: int, printed: int, unread: int) -> None:
    """As of `| head -1`: no traceback, the command's own code if it was done, otherwise SIGPIPE's."""
    done = python(READER_LEAVES.format(main), stdout=unread)

    assert done.returncode == code
    assert done.stderr.count("\n") == printed


def test_unbuffered_output_whose_reader_left(unread: int) -> None:
    """What is written at once breaks at once."""
    done = python(READER_LEAVES.format("done"), "-u", stdout=unread)

    assert (done.returncode, done.stderr) == (141, "")


def test_output_that_a_full_disk_does_not_take() -> None:
    """It is reported as any other file that could not be written."""
    with Path("/dev/full").open("w") as full:
        done = python(READER_LEAVES.format("done"), stdout=full.fileno())

    assert done.returncode == 50
    assert done.stderr.startswith("error: could not write to standard output: No space left on device.")
    assert done.stderr.count("\n") == 1


def test_another_pipe_that_breaks_is_a_bug() -> None:
    """That of a socket keeps its traceback while somebody reads the output."""
    done = python(READER_LEAVES.format("another_pipe_breaks"), stdout=subprocess.PIPE)

    assert done.returncode == 1
    assert "BrokenPipeError" in done.stderr


@pytest.mark.parametrize(
    ("program", "flags"),
    [
        ("train_flow", ["--extract", "--config", "--set", "--resume", "--dry-run", "--print-schema"]),
        ("score_flow", ["--extract", "--as-of", "--force", "--config", "--set"]),
        ("promote_flow", ["--bundle", "--rollback", "--force"]),
        ("simulate", ["--out", "--rows", "--seed", "--bad-rows", "--drift", "--unlabelled"]),
    ],
)
def test_help_explains_every_flag(
    program: str, flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each program's --help names each flag with an explanation."""
    monkeypatch.setattr(sys, "argv", [program, "--help"])
    with pytest.raises(SystemExit, match="0"):
        import_module(f"flows.{program}").main()
    lines = capsys.readouterr().out.splitlines()

    for flag in flags:
        where = next(i for i, line in enumerate(lines) if line.strip().startswith(flag))
        explanation = " ".join(lines[where : where + 2]).replace(flag, "", 1).split(maxsplit=1)
        assert explanation, flag


def test_bad_flags_are_the_operators_to_mend() -> None:
    """A wrong flag ends in one line and exit code 10."""
    done = subprocess.run(
        [sys.executable, ROOT / "flows" / "score_flow.py", "--no-such-flag"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 10
    assert done.stderr.count("\n") == 1


def test_prefect_is_private_and_patient_from_anywhere(tmp_path: Path) -> None:
    """Whatever the folder, a flow switches telemetry off and gives a temporary server 90 s to start."""
    program = (
        "import flows.score_flow\n"
        "from prefect._internal.analytics import is_telemetry_enabled\n"
        "from prefect.settings import get_current_settings\n"
        "server = get_current_settings().server\n"
        "print(is_telemetry_enabled(), server.analytics_enabled, server.ephemeral.startup_timeout_seconds)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in cli._PREFECT_DEFAULTS}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["False", "False", "90"]
