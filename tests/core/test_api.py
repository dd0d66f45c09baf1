import re
from pathlib import Path

from tasks.core import api

PAGE = Path(__file__).parents[2] / "docs" / "integration.md"


def test_other_teams_are_sent_to_the_door_alone() -> None:
    """Whatever docs/integration.md imports from this project comes from `tasks.core.api`."""
    imported = re.findall(r"from ((?:tasks|schemas|flows)[\w.]*) import ([^\n(]+)", PAGE.read_text())

    assert {module for module, _ in imported} == {"tasks.core.api"}
    assert {name.strip() for _, names in imported for name in names.split(",")} <= set(api.__all__)
    assert {"open_bundle", "open_champion", "read_extract", "Scorer"} <= set(api.__all__)
