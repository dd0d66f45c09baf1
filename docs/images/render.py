"""Draw a terminal's text as a picture: `... | python docs/images/render.py docs/images/train.svg`."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text


def main() -> None:
    """Read text, write an SVG that needs no font of another site."""
    text = Text(sys.stdin.read().rstrip("\n"))
    width = max(line.cell_len for line in text.split())
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(text, soft_wrap=True)
    svg = console.export_svg(title="python flows/train_flow.py")
    Path(sys.argv[1]).write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
