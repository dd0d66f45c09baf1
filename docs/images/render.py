"""Draw the end of a training: `make train 2>&1 | python docs/images/render.py docs/images/train.svg`."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text


def main() -> None:
    """Read a training's output, draw its summary as an SVG that needs no font of another site."""
    summary = re.search(
        r"^(SIMULATED|Better than).*?^Next: [^\n]*", sys.stdin.read(), re.DOTALL | re.MULTILINE
    )
    if summary is None:
        sys.exit("there is no summary of a training in the text")
    text = Text(f"{summary[0]}\n ")  # the last line would lose its underscores
    width = max(line.cell_len for line in text.split())
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(text, soft_wrap=True)
    svg = console.export_svg(title="make train")
    Path(sys.argv[1]).write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
