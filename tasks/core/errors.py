"""Errors grouped by who must act; each prints as one line and has its own exit code."""

import errno
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from tasks.core.access import cause_of, explain

if TYPE_CHECKING:  # the process that reports to Prefect imports errors, and should not load pandas
    import pandas as pd


_CONTROL_BEYOND_ASCII: Final = "\x80-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
CONTROL_BEYOND_ASCII: Final = re.compile(f"[{_CONTROL_BEYOND_ASCII}]")
CONTROL: Final = re.compile(f"[\x00-\x1f\x7f{_CONTROL_BEYOND_ASCII}]")
"""Characters that end a line, control a terminal, change text direction or cannot be encoded.

Source: Unicode, general categories Cc, Zl, Zp and Cs, and the bidirectional embeddings and isolates.
"""


_DISK_ERRORS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG}
)

_MAX_LISTED: Final = 20


def shown(text: str) -> str:
    """Replace control characters in untrusted text by '?', so that it can be used in a message."""
    return CONTROL.sub("?", text)


def listing(items: Sequence[str], separator: str = ", ") -> str:
    """List the first twenty items in one line, and count the others: an extract may have any number."""
    more = len(items) - _MAX_LISTED
    return separator.join(items[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


class ChurnError(Exception):
    """A fault that a person can fix: shown without a traceback.

    The message gives the rule, the place, what was expected, what was found and what to do next, with
    line numbers and counts but no customer values. It is always one line, whatever names it contains.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


class ConfigError(ChurnError):
    """The operator's setting, flag or path is not usable."""

    exit_code = 10


class ExtractError(ChurnError):
    """The CRM team's extract breaks the data contract as a whole file.

    `quarantine` lists the bad rows (line, column, reason, hint) if rows were checked at all.
    """

    exit_code = 20

    def __init__(self, message: str, *, quarantine: "pd.DataFrame | None" = None) -> None:
        super().__init__(message)
        self.quarantine = quarantine


class ContactsError(ChurnError):
    """The CRM team's contact list breaks its contract; nobody is scored, as someone may have objected."""

    exit_code = 20


class ChangedError(ExtractError):
    """The extract changed while it was processed: its sender is still writing it."""


class UnnamedError(Exception):
    """A fault in an extract, raised by code that does not know its name; `naming` adds the name.

    The message continues after the name: "is empty", or ": line 2 is too long". It is not a ChurnError,
    so if no name is ever added, it shows up as a bug. `kind` builds the error that people see.
    """

    def __init__(self, message: str, kind: Callable[[str], ChurnError] = ExtractError) -> None:
        super().__init__(message)
        self.kind = kind


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Add an extract's name to faults found inside the block; the innermost name wins.

    Raises:
        ChurnError: instead of an UnnamedError.
    """
    try:
        yield
    except UnnamedError as error:
        fault = str(error)
        raise error.kind(f"extract '{name}'{'' if fault.startswith(':') else ' '}{fault}") from None


class BundleError(ChurnError):
    """The ML owner's bundle is damaged, incomplete or unfit for this use."""

    exit_code = 30


class RegistryError(ChurnError):
    """The champion pointer or its history cannot be read, verified or moved."""

    exit_code = 40


class PublishError(ChurnError):
    """A file could not be written or deleted on the operator's disk; nothing half-written is visible."""

    exit_code = 50


class AccessError(PublishError):
    """A file or folder may not be used, or its disk cannot be read; nothing is known to be wrong with it."""


class OrchestratorError(ChurnError):
    """The orchestrator's server cannot start, does not answer, or rejects a request."""

    exit_code = 60


_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP})


@contextmanager
def accessing(path: Path) -> Iterator[None]:
    """Tell what cannot be read now from what is missing or damaged, of our own files and folders.

    Raises:
        AccessError: permissions or the disk are the cause; shows the path, so it must not be personal.
        OSError: there is no such file, or it is of another kind.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_THERE:
            raise
        raise AccessError(cause_of(error, path)) from None


def as_user_error(error: Exception) -> ChurnError | None:
    """Convert an error that a person can fix, such as a disk error, to a ChurnError; None for a bug."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        advice = explain(error) or "Free up or repair the disk, then run again."
        return PublishError(f"could not write a file: {error.strerror}. {advice}")
    return error if isinstance(error, ChurnError) else None
