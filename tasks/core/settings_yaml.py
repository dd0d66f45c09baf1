"""Read settings from YAML by their type: what is declared as text is read as it is written.

YAML 1.1 takes `No` for false, `010` for 8, `1:20` for 80 and `2026-01-01` for a date. In maps of a sender's
names and values these are words like any other. All other settings keep YAML's meaning.
"""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any, Final, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

_TEXT: Final = "tag:yaml.org,2002:str"
_MERGE: Final = "tag:yaml.org,2002:merge"
_TAKEN_FOR: Final = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "timestamp", "value")
)
"""What a text without quotes may be taken for."""


class DuplicateKeyError(yaml.YAMLError):
    """A key is set twice in one group."""


def read_yaml(text: str, kind: Any) -> Any:
    """Read YAML or JSON as values of a model or a type (None if it is unknown).

    Raises:
        DuplicateKeyError: a key is set twice.
        yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError: the text is not readable;
            PyYAML lets Python's own errors through, such as those for a 13th month or for deep nesting.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else loader.construct_document(_Texts().typed(node, kind))
    finally:
        loader.dispose()


def kind_of(model: type[BaseModel], path: Sequence[str]) -> Any:
    """Return the type of the setting at a path, or None if it is unknown."""
    kind: Any = model
    for name in path:
        kind = _kind_of_value(kind, name)
    return kind


class _Loader(yaml.SafeLoader):
    """A duplicate key is an error instead of overriding the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is set twice, before merges are flattened."""
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise DuplicateKeyError(f"'{key.value}' is set twice on line {key.start_mark.line + 1}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Texts:
    """Copies nodes with every text as text; a node that is used in several places is copied once a type."""

    def __init__(self) -> None:
        self._copies: dict[tuple[int, str], yaml.Node] = {}

    def typed(self, node: yaml.Node, kind: Any) -> yaml.Node:
        """Return the node, or a copy of it with its texts marked as such."""
        if isinstance(node, yaml.ScalarNode):
            text = _is_text(kind) and node.tag in _TAKEN_FOR
            return yaml.ScalarNode(_TEXT, node.value, node.start_mark, node.end_mark) if text else node
        key = (id(node), repr(kind))
        if key not in self._copies:
            copy = type(node)(node.tag, node.value, node.start_mark, node.end_mark)
            self._copies[key] = copy  # before its parts: YAML allows a node within itself
            copy.value = (
                [self._pair(name, value, kind) for name, value in node.value]
                if isinstance(node, yaml.MappingNode)
                else [self.typed(each, _kind_of_item(kind)) for each in node.value]
            )
        return self._copies[key]

    def _pair(self, name: yaml.Node, value: yaml.Node, kind: Any) -> tuple[yaml.Node, yaml.Node]:
        if name.tag != _MERGE:
            of_name = None if kind is None else str
            return self.typed(name, of_name), self.typed(value, _kind_of_value(kind, name.value))
        if not isinstance(value, yaml.SequenceNode):
            return name, self.typed(value, kind)
        merged = [self.typed(each, kind) for each in value.value]
        return name, yaml.SequenceNode(value.tag, merged, value.start_mark, value.end_mark)


def _is_text(kind: Any) -> bool:
    is_choice = get_origin(kind) is Literal
    return kind in (str, date) or (is_choice and all(isinstance(each, str) for each in get_args(kind)))


def _kind_of_value(kind: Any, name: object) -> Any:
    """Return the type of what a group of settings holds by this name."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(name, str):
        field = kind.model_fields.get(name)
        return field.annotation if field else None
    return None


def _kind_of_item(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) in (list, tuple) else None
