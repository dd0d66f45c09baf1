"""Read typed configuration from a file and single settings; report errors in one line."""

from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tasks.core.access import cause_of
from tasks.core.errors import ConfigError
from tasks.core.settings_yaml import DuplicateKeyError, kind_of, read_yaml

Config = TypeVar("Config", bound=BaseModel)

_UNKNOWN: Final = "extra_forbidden"
_DAY: Final = "expected a day such as 2026-03-01"
_MESSAGES: Final = {
    _UNKNOWN: "there is no such setting",
    "date_from_datetime_inexact": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_parsing": _DAY,
    "date_type": _DAY,
    "float_parsing": "expected a number with a decimal point, such as 4.5",
    "missing": "it is required",
    "model_attributes_type": "expected a group of settings, such as {a: 1, b: 2}",
    "model_type": "expected a group of settings, such as {a: 1, b: 2}",
}
"""What is said instead of pydantic's words, by type of fault."""


def load_config(
    model: type[Config], file: Path | None, settings: Sequence[str], *, flag: str = "--config"
) -> Config:
    """Build a typed configuration: defaults, then the file that `flag` names, then each `a.b=value`.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of bounds.
    """
    values = _read(model, file, flag) if file is not None else {}
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator:
            raise ConfigError(f"--set {setting}: expected a.b=value, such as fit.seed=7.")
        names = path.split(".")
        _assign(values, names, _yaml(text, kind_of(model, names), f"--set {path}"))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        place = f"{flag} {file.name}: " if file is not None and not settings else ""
        name = _name_of(model, _first(error)["loc"])
        raise ConfigError(
            f"{place}setting '{name}': {first_fault(error)}. --help lists the flags; --print-schema lists"
            " every setting."
        ) from None


def first_fault(error: ValidationError) -> str:
    """Describe the first invalid value, and count all of them; a name that does not exist comes first."""
    count, first = error.error_count(), _first(error)
    message = _MESSAGES.get(first["type"], first["msg"]).removeprefix("Value error, ").removesuffix(".")
    return f"{message} ({count} {'fault' if count == 1 else 'faults'} in all)"


def _first(error: ValidationError) -> ErrorDetails:
    """Return the first fault: a mistyped name explains the setting that is missing."""
    return min(error.errors(), key=lambda fault: fault["type"] != _UNKNOWN)


def _name_of(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """Write the path of a fault as a setting's name; what follows a choice of groups is no part of it."""
    names: list[str] = []
    for part, before in zip(path, ["", *map(str, path)], strict=False):
        if not (before in names[-1:] and _is_choice(kind_of(model, names))):
            names.append(str(part))
    return ".".join(names)


def _is_choice(kind: Any) -> bool:
    groups = [each for each in get_args(kind) if each is not NoneType]
    return get_origin(kind) in (Union, UnionType) and len(groups) > 1


def _read(model: type[BaseModel], file: Path, flag: str) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        if isinstance(error, PermissionError):
            raise ConfigError(f"{flag} {cause_of(error, file)}") from None
        raise ConfigError(f"{flag} {file.name}: {error.strerror}. Give the path of a YAML file.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{flag} {file.name} is not UTF-8. Save it as UTF-8.") from None
    values = _yaml(text, model, f"{flag} {file.name}")
    if not isinstance(values, dict):
        raise ConfigError(f"{flag} {file.name}: expected settings by name, such as 'fit: {{seed: 7}}'.")
    return values


def _yaml(text: str, kind: Any, place: str) -> Any:
    try:
        return read_yaml(text, kind)
    except DuplicateKeyError as error:
        raise ConfigError(f"{place}: {error}. Set it once.") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{place}: the text is not readable as YAML{line}. Correct it.") from None


def _assign(values: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise ConfigError(f"--set {'.'.join(path)}: '{name}' is a value, not a group of settings.")
    values[path[-1]] = value
