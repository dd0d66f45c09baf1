"""The table of the operations page that gives everything below a home its rule."""

import re
from glob import glob
from pathlib import Path

from tests.harness.server import ROOT

_PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_ROWS = re.search(r"\| path \| what \| kept for \| setting \|\n\|[-|]+\|\n((?:\|.*\n)+)", _PAGE)


def unnamed(home: Path) -> list[str]:
    """List the files of a home that no row of the table names, themselves or by their folder."""
    assert _ROWS is not None
    patterns = [each for row in _ROWS[1].splitlines() for each in re.findall("`([^`]+)`", row.split("|")[1])]
    named = {  # unlike a path's own, this glob takes no hidden file for a `*`
        found
        for pattern in patterns
        for found in glob(pattern, root_dir=home)  # noqa: PTH207
    }
    files = (path.relative_to(home) for path in home.rglob("*") if not path.is_dir())
    return sorted(str(file) for file in files if named.isdisjoint(map(str, (file, *file.parents))))
