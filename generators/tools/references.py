"""References inside a JSON Schema: where they lead, and whether they ever arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_REFERENCES = ("$ref", "$dynamicRef")
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def references(node: Any) -> Iterator[str]:
    """Yield every reference in a schema.

    Args:
        node: the schema, or a part of it.

    Yields:
        The references, as they are written.
    """
    for part in _parts(node):
        yield from (part[key] for key in _REFERENCES if isinstance(part.get(key), str))


def target(reference: str, root: Any) -> dict[str, Any] | None:
    """Return the part of the same schema that a reference names; none is ever fetched from elsewhere.

    Args:
        reference: a JSON Pointer behind "#".
        root: the whole schema.

    Returns:
        The part; None if there is none.
    """
    start, *path = reference.split("/")
    for part in path:
        root = root.get(part) if isinstance(root, dict) else None
    return root if start == "#" and isinstance(root, dict) else None


def contains_itself(root: Mapping[str, Any]) -> bool:
    """Return whether holding a value against a schema would never end.

    A schema may contain itself for a part of the value (a tree's branches are trees), but not for the same value.

    Args:
        root: the schema, whose references all lead somewhere.

    Returns:
        True if some part of it leads back to itself without going into the value.
    """
    entered: set[int] = set()
    left: set[int] = set()

    def is_endless(schema: Any) -> bool:
        if id(schema) in left:
            return False
        if id(schema) in entered:
            return True
        entered.add(id(schema))
        endless = any(map(is_endless, _same_value(schema, root)))
        left.add(id(schema))
        return endless

    return any(map(is_endless, list(_parts(root))))


def _same_value(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas that a schema holds its own value against."""
    found: list[Any] = [target(schema[key], root) for key in _REFERENCES if isinstance(schema.get(key), str)]
    found += [schema.get(key) for key in _SINGLE]
    for key in _LISTS:
        listed = schema.get(key)
        found += listed if isinstance(listed, list) else []
    dependent = schema.get("dependentSchemas")
    found += dependent.values() if isinstance(dependent, dict) else []
    yield from (part for part in found if isinstance(part, dict))


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the mappings in a schema, itself included."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _parts(child)
