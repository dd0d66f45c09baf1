"""From the command line to a flow and back: typed configuration in, one line and an exit code out."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.config import Locations
from tasks.core.errors import ChurnError, ConfigError, PublishError

if TYPE_CHECKING:  # programs that need no orchestrator start without importing it
    from prefect.client.schemas.objects import State

REFUSED: Final = "Refused"
"""Name of the final state of a training whose candidate the gate refused."""

REFUSED_EXIT_CODE: Final = 3
_DISK_ERRORS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG}
)

_PREFECT_DEFAULTS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A run without a server starts a temporary one; a cold machine needs over 60 s for that.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "90",
}
for _name, _value in _PREFECT_DEFAULTS.items():
    os.environ.setdefault(_name, _value)

Config = TypeVar("Config", bound=BaseModel)


class Parser(argparse.ArgumentParser):
    """Refuses bad flags as every other setting: one line, exit code 10."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the flags."""
        raise ConfigError(f"{message}. See {self.prog} --help.")


def add_config_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--set`, by which every setting of a flow can be reached."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML or JSON")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="A.B=VALUE",
        help="one setting, such as fit.seed=7; goes before --config; may be repeated",
    )


def day(text: str) -> date:
    """Read a day as YYYY-MM-DD."""
    return date.fromisoformat(text)


def load_config(model: type[Config], file: Path | None, settings: Sequence[str]) -> Config:
    """Build a typed configuration: defaults, then the file, then each `a.b=value`.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of bounds.
    """
    values = _read(file) if file is not None else {}
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator:
            raise ConfigError(f"--set {setting}: expected a.b=value, such as fit.seed=7.")
        try:
            _assign(values, path.split("."), yaml.safe_load(text))
        except yaml.YAMLError:
            raise ConfigError(f"--set {path}: the value is not readable as YAML.") from None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"setting '{place}': {first['msg']} ({error.error_count()} faults in all)."
            " --help lists the flags; --print-schema of train_flow.py lists every setting."
        ) from None


def locations() -> Locations:
    """Say where everything lies: below CHURN_HOME, or `var` in the current folder."""
    os.umask(0o077)
    return Locations(home=Path(os.environ.get("CHURN_HOME", "var")).absolute())


def run(main: Callable[[], "State[Any] | None"]) -> NoReturn:
    """Run a command and leave the process: 0 done, 3 refused, the error's own code otherwise.

    Our own bugs keep their traceback.
    """
    try:
        state = main()
        if state is not None and not state.is_completed():
            state.result()
        sys.exit(REFUSED_EXIT_CODE if state is not None and state.name == REFUSED else 0)
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        _leave(PublishError(f"the disk did not take a file: {error.strerror}. Mend it and run again."))
    except ChurnError as error:
        _leave(error)


def one_line_errors() -> None:
    """Make Prefect log errors that a person can mend as one line; bugs keep their traceback."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_shorten)


def _shorten(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, ChurnError):
        record.msg, record.args, record.exc_info = str(error), (), None
    return True


def _leave(error: ChurnError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {file.name}: {error.strerror}. Give the path of a YAML file.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"--config {file.name} is not readable as YAML or JSON. Mend it.") from None
    if not isinstance(values, dict):
        raise ConfigError(f"--config {file.name}: expected settings by name, such as 'fit: {{seed: 7}}'.")
    return values


def _assign(values: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {'.'.join(path)}: '{name}' is a value, not a group of settings.")
    values[path[-1]] = value
