"""Run a flow from the command line: flags in, one line and an exit code out."""

import argparse
import io
import json
import os
import select
import signal
import stat
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from schemas.config import Locations
from tasks.core.access import explain
from tasks.core.errors import ChurnError, ConfigError, PublishError, as_user_error
from tasks.core.storage.atomic import make_folder
from tasks.core.storage.secret import Secret
from tasks.dashboard.flows import Ended
from tasks.environment import HOME, read_environment

REFUSED: Final = "Refused"
"""Name of a training run's final state if the gate refused its candidate."""

STALE: Final = "Stale"
"""Name of a nightly run's final state if the newest scores are still stale; its type is Completed."""

DRIFTED: Final = "Drifted"
"""Name of a nightly run's final state if customers or scores drifted; its type is Completed."""

STALE_AND_DRIFTED: Final = "StaleAndDrifted"
"""Name of a nightly run's final state if both apply; later runs do not report the same drift."""

REFUSED_EXIT_CODE: Final = 3
ALARMS_EXIT_CODE: Final = 4
PIPE_EXIT_CODE: Final = 128 + signal.SIGPIPE

_PREFECT_DEFAULTS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A run without a server starts a temporary one; a cold machine needs over 60 s for that.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
}
for _name, _value in _PREFECT_DEFAULTS.items():
    os.environ.setdefault(_name, _value)
for _name in ("NO_PROXY", "no_proxy"):  # a server on this machine is never reached through a proxy
    os.environ[_name] = ",".join(filter(None, (os.environ.get(_name), "127.0.0.1", "localhost")))
warnings.filterwarnings("ignore", "Failed to create the Prefect home directory")  # runs do not need it
os.umask(0o077)  # here, because a temporary Prefect server writes files before any flow body runs


def _cache_compiled_code(code: Path, home: Path) -> None:
    """Have numba cache below an existing home if the code is read-only; from a folder only we can write to.

    numba loads what it finds there as code.
    """
    cache = home.absolute() / ".cache"
    if os.access(code, os.W_OK) or not home.is_dir():
        return
    with suppress(OSError):
        cache.mkdir(mode=0o700, exist_ok=True)
        status = cache.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022:
            os.environ.setdefault("NUMBA_CACHE_DIR", str(cache))


_cache_compiled_code(Path(__file__).parents[1] / "tasks", Path(os.environ.get("CHURN_HOME") or HOME))


class Parser(argparse.ArgumentParser):
    """Refuses bad flags like any other setting: one line, exit code 10."""

    def error(self, message: str) -> NoReturn:
        """Report what is wrong with the flags."""
        raise ConfigError(f"{message}. See {self.prog} --help.")


class _PrintSchema(argparse.Action):
    """Prints the JSON Schema of the model that is its constant, and exits, as `--help` does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(json.dumps(self.const.model_json_schema(), indent=1))
        parser.exit()


def add_config_flags(
    parser: argparse.ArgumentParser, model: type[BaseModel], *, schema: type[BaseModel] | None = None
) -> None:
    """Add `--config` and `--set`, which cover all of a flow's settings, and `--print-schema`.

    It prints the settings, or the `schema` of the file that the flow is about.
    """
    parser.add_argument("--config", type=path, metavar="FILE", help="settings as YAML or JSON")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=VALUE",
        help="one setting, such as fit.seed=7; overrides --config; may be repeated",
    )
    parser.add_argument(
        "--print-schema",
        action=_PrintSchema,
        nargs=0,
        const=schema or model,
        help="print every setting as JSON Schema",
    )


def path(text: str) -> Path:
    """Read a path; an empty one would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def day(text: str) -> date:
    """Read a day as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date; expected YYYY-MM-DD") from None


def clock(timezone: str) -> Callable[[], datetime]:
    """Return a clock that shows the time of that IANA time zone."""
    return partial(datetime.now, tz=ZoneInfo(timezone))


def locations(*, make: bool = True) -> Locations:
    """Return the paths below CHURN_HOME, by default `var` in the current folder, and create that folder.

    Raises:
        ConfigError: it is a file or cannot be created, or it does not exist and `make` is False.
    """
    environment = read_environment()
    home, prefect_home = environment.home.absolute(), environment.prefect_home
    if not make and not home.is_dir():
        raise ConfigError(f"CHURN_HOME {home} does not exist. Set it to the folder that the runs use.")
    try:
        make_folder(home)
    except OSError as error:
        why = explain(error)
        raise ConfigError(
            f"CHURN_HOME {home} cannot be used as a folder: {error.strerror}.{why and ' '}{why}"
            " Set it to one you may write to."
        ) from None
    return Locations(home=home, prefect_home=prefect_home and prefect_home.absolute())


def secret() -> Secret:
    """Return where the operator's key is: CHURN_KEY, or a file that is made once."""
    environment = read_environment()
    given = environment.key.get_secret_value() if environment.key is not None else None
    return Secret(environment.key_file, given)


def run(main: Callable[[], Ended | None]) -> NoReturn:
    """Run a command and exit: 0 done, 3 refused, otherwise the error's own code.

    Bugs keep their traceback. A closed pipe (`| head`) is not an error: a command that has finished
    exits with its own code, and one that is interrupted exits as if by SIGPIPE.
    """
    signal.signal(signal.SIGTERM, _stop)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path must not stop a run in an ASCII locale
    try:
        _run(main)
    except BrokenPipeError:
        if not _reader_left():
            raise
        sys.exit(PIPE_EXIT_CODE)
    finally:
        _flush()
        _drop_unwritable_log()


def _run(main: Callable[[], Ended | None]) -> NoReturn:
    try:
        ended = main()
        sys.exit(REFUSED_EXIT_CODE if ended is not None and ended.name == REFUSED else 0)
    except Exception as error:
        user_error = as_user_error(error)
        if user_error is None:
            raise
        _leave(user_error)


def _stop(number: int, _frame: object) -> NoReturn:
    """Interrupt the run as Ctrl-C does, so that it removes its unfinished work."""
    sys.exit(128 + number)


def _reader_left() -> bool:
    """Tell whether stdout is the pipe that broke: a broken pipe to a server or a worker is a bug."""
    stdout = select.poll()
    stdout.register(sys.stdout, 0)  # POLLERR is always reported
    return bool(stdout.poll(0))


def _flush() -> None:
    """Flush stdout while an error can still be reported, but not twice; at Python's exit it no longer can."""
    ending = sys.exception()
    try:
        if sys.stdout is not None:  # it was closed from the start
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python will flush once more
        if as_user_error(error) is not None and not (
            isinstance(ending, SystemExit) and ending.code == PublishError.exit_code
        ):
            _leave(PublishError(f"could not write to standard output: {error.strerror}. Send it elsewhere."))


def _drop_unwritable_log() -> None:
    """Drop log lines that stderr cannot take: flushing them at exit, Python would exit with code 120."""
    try:
        if sys.stderr is not None:  # it was closed from the start
            sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def final_state_name(stale: str | None, drifted: str | None) -> str | None:
    """Name a nightly run's final state after its warnings; None for a plain Completed."""
    if stale and drifted:
        return STALE_AND_DRIFTED
    return STALE if stale else DRIFTED if drifted else None


def _leave(error: ChurnError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
