"""Compiled functions call only those of their own module: numba's cache does not notice other changes."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def compiled_in(module: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return a module's compiled functions by name."""
    return {
        node.name: node
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(each, ast.Name) and each.id == "compiled" for each in node.decorator_list)
    }


def foreign_calls(source: str, compiled: set[str]) -> set[str]:
    """Name the functions compiled elsewhere that a module's compiled functions call."""
    module = ast.parse(source)
    own = compiled_in(module)
    called = {
        node.func.id
        for function in own.values()
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return called & compiled - own.keys()


def test_a_foreign_call_is_found() -> None:
    """The rule can fail."""
    source = "@compiled\ndef f(x):\n    return g(x)\n"

    assert foreign_calls(source, {"g"}) == {"g"}


def test_compiled_functions_call_only_their_own() -> None:
    """In every module."""
    sources = {path: path.read_text() for path in (ROOT / "tasks").rglob("*.py")}
    compiled = {name for source in sources.values() for name in compiled_in(ast.parse(source))}

    assert compiled
    assert {
        path: found for path, source in sources.items() if (found := foreign_calls(source, compiled))
    } == {}
