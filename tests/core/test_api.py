import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.core import api

PAGE = Path(__file__).parents[2] / "docs" / "integration.md"
PROMISED = [
    "Bundle",
    "BundleError",
    "ChurnError",
    "Extract",
    "ExtractError",
    "IngestConfig",
    "RegistryError",
    "Scorer",
    "open_bundle",
    "open_champion",
    "read_extract",
]


def imported(page: str) -> Iterator[tuple[str, str]]:
    """List what a page's Python imports of this project: module and name."""
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import):
                yield from ((name.name, "") for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((str(node.module), name.name) for name in node.names)


def test_no_promised_name_is_dropped() -> None:
    """Other teams' programs keep working: names may be added to the API, but not removed."""
    assert api.__all__ == PROMISED
    assert all(hasattr(api, name) for name in PROMISED)


def test_other_teams_are_sent_to_the_door_alone() -> None:
    """Whatever docs/integration.md imports from this project comes from `tasks.core.api`."""
    ours = [
        (module, name)
        for module, name in imported(PAGE.read_text())
        if module.partition(".")[0] in {"flows", "schemas", "tasks", "tests"}
    ]

    assert {module for module, _ in ours} == {"tasks.core.api"}
    assert {name for _, name in ours} <= set(PROMISED)
