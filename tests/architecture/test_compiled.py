"""Compiled functions use only what their own module defines: numba's cache does not notice other changes."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def names_in(node: ast.AST) -> set[str]:
    """Return all names that are read, but in annotations."""
    if isinstance(node, ast.FunctionDef):
        return {name for part in node.body for name in names_in(part)}
    return {
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }


def foreign_names(source: str) -> set[str]:
    """Name what a module's compiled functions use from others, directly or in a constant, numpy aside."""
    module = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in module.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    } - {"np"}
    for node in module.body:  # a constant made of something imported is as foreign
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and names_in(node.value) & imported:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            imported |= {
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }
    compiled = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(each, ast.Name) and each.id == "compiled" for each in node.decorator_list)
    ]
    return {name for function in compiled for name in names_in(function)} & imported


def test_what_is_foreign_is_found() -> None:
    """A function, a module's attribute, a constant, and a constant made of one; annotations do not count."""
    source = """
import numpy as np
import other
from elsewhere import Kind, LIMIT, f
TWICE, ONE = 2 * LIMIT, 1

@compiled
def g(x: Kind) -> Kind:
    return f(x) + TWICE + np.uint64(ONE) + other.h(x)
"""

    assert foreign_names(source) == {"f", "TWICE", "ONE", "other"}


def test_compiled_functions_use_only_their_own() -> None:
    """In every module."""
    found = {path: foreign_names(path.read_text()) for path in (ROOT / "tasks").rglob("*.py")}

    assert {path: names for path, names in found.items() if names} == {}
    assert any("@compiled" in path.read_text() for path in found)
