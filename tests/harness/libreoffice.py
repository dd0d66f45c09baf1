"""Open a file in LibreOffice under French settings, and read what it saves as CSV."""

import csv
import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_AS_SHOWN: Final = "csv:Text - txt - csv (StarCalc):59,34,76,1,,1036,false,true,true"
"""Semicolons, quotes, UTF-8, from the first line, in French, every cell as it is shown."""
_LIKE_EXCEL: Final = "Text - txt - csv (StarCalc):59,34,76,1,,1036,false,true,false,false,false,0,true"
"""The harshest way to open a CSV file: quotes are ignored, dates are guessed and formulas computed."""


def opened(path: Path, work: Path) -> list[list[str]]:
    """Return the cells of a file's first sheet, as LibreOffice under fr_FR shows them.

    The test fails if LibreOffice or the locale is not installed: Debian's packages libreoffice-calc and
    locales, and fr_FR.UTF-8 in /etc/locale.gen.
    """
    if shutil.which("soffice") is None:
        pytest.fail("LibreOffice is not installed: apt-get install libreoffice-calc")
    if (
        "fr_FR.utf8"
        not in subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout
    ):
        pytest.fail("the locale fr_FR.UTF-8 is not generated: see locale-gen, in Debian's package locales")
    command = [
        "soffice",
        f"-env:UserInstallation={(work / 'profile').as_uri()}",
        "--headless",
        *([f"--infilter={_LIKE_EXCEL}"] if path.suffix == ".csv" else []),
        *("--convert-to", _AS_SHOWN, "--outdir", str(work), str(path)),
    ]
    environment = os.environ | {"LC_ALL": "fr_FR.UTF-8"}
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=240)
    text = (work / path.with_suffix(".csv").name).read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
