"""Say in one line why a file or folder cannot be used: who owns it, who asks, and what to do."""

import errno
import os
import pwd
import stat
from pathlib import Path
from typing import Final

_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM})


def cause_of(error: OSError, path: Path) -> str:
    """Explain an error of `path`, which is shown: it must not hold a name from outside."""
    why = error.strerror or type(error).__name__
    return f"'{path}' cannot be used: {why}. {_advice(error, path, 'It')}"


def explain(error: OSError) -> str:
    """Explain an error by the folder in which it happened, since the name of a file may be personal.

    Empty where permissions and mounts are not the cause, or where the error names no file.
    """
    if error.errno not in _REFUSED | {errno.EROFS} or not isinstance(error.filename, str):
        return ""
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str)]
    files = [Path(name).absolute() for name in names]
    if error.errno == errno.EROFS:
        return f"'{files[0].parent}' is read-only. {_advice(error, files[0], '')}"
    closed = [file.parent for file in files if not _may(file.parent, os.W_OK | os.X_OK)]
    unreadable = [file for file in files if _seen(file) is not None and not _may(file, os.R_OK)]
    if unreadable or not closed:
        file = (unreadable or files)[0]
        return _advice(error, file, f"A file in '{file.parent}'")
    return _advice(error, closed[0], f"'{closed[0]}'")


def _advice(error: OSError, path: Path, called: str) -> str:
    """Say what to do; a `path` that cannot be seen is explained by the nearest folder above it that can."""
    if error.errno == errno.EROFS:
        return "Mount it for writing, or set CHURN_HOME to another folder."
    if error.errno not in _REFUSED:
        return "Mount it, or free or repair its disk, then run again."
    place = next((each for each in (path, *path.absolute().parents) if _seen(each) is not None), path)
    status, user = _seen(place), _user(os.geteuid())
    if status is None:
        return f"This runs as '{user}'. Give '{user}' the right to use it."
    owner, what = _user(status.st_uid), called if place == path else f"'{place}'"
    advice = f"Give '{user}' the right to use it."
    if status.st_uid not in (0, os.geteuid()):  # to run as root leaves more that others may not use
        advice = f"Run as '{owner}', or give '{user}' the right to use it."
    return (
        f"{what} belongs to '{owner}' ({stat.filemode(status.st_mode)}), and this runs as '{user}'. {advice}"
    )


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _seen(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
