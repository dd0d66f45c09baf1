"""Refuse phrases that read like a translation: `make check` runs this over every text of the project.

The list, docs/banned_phrases.txt, grows with what reviewers find.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LIST: Final = "docs/banned_phrases.txt"
NO_TEXT: Final = frozenset({".gz", ".png", ".pptx"})
"""Suffixes of the files that are not read."""


def banned(text: str) -> re.Pattern[str]:
    """Compile the list, one phrase a line, `#` before a comment.

    Phrases are whole words, capitalised or not, across line breaks, quotes and comment signs too.
    """
    phrases = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    forms = [form for phrase in phrases for form in (phrase, phrase[0].upper() + phrase[1:])]
    gap = r"""[\s"'#*/]+"""
    return re.compile("|".join(rf"\b{gap.join(map(re.escape, form.split()))}\b" for form in forms))


def hits(pattern: re.Pattern[str], name: str, text: str) -> Iterator[str]:
    """Name the place of every banned phrase of a text: `file:line: phrase`."""
    for match in pattern.finditer(text):
        yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {' '.join(match[0].split())!r}"


def main() -> None:
    """Print every hit; exit with 1 if there is one."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in names.stdout.splitlines() if name != LIST]
    pattern = banned((ROOT / LIST).read_text())
    found = [
        hit
        for file in files
        if file.suffix not in NO_TEXT and file.is_file()
        for hit in hits(pattern, str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    ]
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
