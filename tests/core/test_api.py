import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core import api
from tests.harness.customers import make_customers
from tests.harness.environment import KEY
from tests.harness.home import Home

PAGE = Path(__file__).parents[2] / "docs" / "integration.md"
PROMISED = [
    "Bundle",
    "BundleError",
    "ChurnError",
    "ContactsError",
    "Extract",
    "ExtractError",
    "IngestConfig",
    "RegistryError",
    "Scorer",
    "open_bundle",
    "open_champion",
    "read_extract",
    "read_objections",
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


def test_a_program_leaves_objectors_out_without_a_key(
    trained_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the CRM's list, which is refused as a run would refuse it."""
    monkeypatch.delenv(KEY)
    customers = make_customers(20)
    path = tmp_path / "objections.csv"
    path.write_text(f"customerID,objected_on,scope\n {customers['customerID'][3].lower()},2026-01-01,all\n")
    champion = api.open_champion(trained_home.path / "registry")
    assert champion is not None
    scores = champion.scorer().score(customers, contacts=api.read_objections(path))

    assert scores.index.tolist() == [row for row in range(20) if row != 3]
    path.write_text("customerID\n")
    with pytest.raises(api.ContactsError, match="not a header"):
        api.read_objections(path)
    with pytest.raises(api.ChurnError, match="No such file"):
        api.read_objections(tmp_path / "nowhere.csv")


def test_other_teams_are_sent_to_the_door_alone() -> None:
    """Whatever docs/integration.md imports from this project comes from `tasks.core.api`."""
    ours = [
        (module, name)
        for module, name in imported(PAGE.read_text())
        if module.partition(".")[0] in {"flows", "schemas", "tasks", "tests"}
    ]

    assert {module for module, _ in ours} == {"tasks.core.api"}
    assert {name for _, name in ours} <= set(PROMISED)
