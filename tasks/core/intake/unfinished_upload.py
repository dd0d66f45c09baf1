"""Recognise by its name a file that a program has not finished, and that is never taken for an extract."""

import re
from typing import Final

from tasks.core.errors import ChurnError, UnnamedError

_DATA: Final = "csv|tsv|txt|parquet|gz"
_PACKED: Final = "zip|7z|rar|xz|bz2|zst|lz4|z|tar|tgz|xlsx?|pgp|gpg"
"""Refused by their content, in words that name it."""
_NAMES: Final = (
    r".*\.(?:file)?part[-.]?[0-9]*",  # WinSCP, Firefox, Nextcloud, and one piece of several
    r".*\.(?:tmp|temp)[-.]?[0-9]*",
    r"tmp[_-].+|.*\.(?:tmp|partial|incomplete)\.(?!sha256$)[^.]+",
    rf".*\.(?:{_DATA})\.(?!(?:{_DATA}|{_PACKED}|sha256|[0-9_-]+)$)[^.]+",  # whatever else follows an ending
    r".*\.(?:partial|incomplete|unfinished|inprogress|upload|uploading|writing|transferring)",
    r".*\.(?:cr|op)?download",  # Chrome, Opera, Safari
    r".*\.(?:!ut|!qb|!bt|!sync|bc!|aria2)",  # file-sharing programs
    r".*\._copying_",  # Hadoop
    r".*\.sw[a-z]",  # Vim
    r".+~",  # copies that editors keep
    r"~.+",  # owner files of Office (~$name), Syncthing, Dropbox
    r"#.+#",  # Emacs
)
_UNFINISHED: Final = re.compile("|".join(_NAMES), re.IGNORECASE | re.DOTALL)

SHOWN: Final = ".part, .filepart, .tmp, .crdownload, ~$..."
"""Some of the names, for messages."""


def is_unfinished(name: str) -> bool:
    """Return whether upload tools, browsers and office programs use such a name before a file is complete."""
    return _UNFINISHED.fullmatch(name) is not None


def refuse_unfinished(name: str, kind: type[ChurnError]) -> None:
    """Refuse a file by its name; what people see is an error of that `kind`.

    Raises:
        UnnamedError: it has the name of an unfinished upload.
    """
    if is_unfinished(name):
        raise UnnamedError(
            f"has the name of an unfinished upload ({SHOWN}). Wait until it is complete, or rename it.",
            kind,
        )
