"""YAML with line numbers, so that every complaint about a file that a person wrote can say where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from curator.errors import RecipeError
from curator.text.near_miss import did_you_mean

Location = tuple[str | int, ...]

MOST_VALUES = 100_000
"""More than any file a person writes has; aliases of aliases could stand for billions."""


class Lines:
    """Where each value of a YAML file stands.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, lines: dict[Location, int]) -> None:
        """Note where everything stands.

        Args:
            path: the file.
            lines: the line of each value, from 1, by its keys and indices from the root.
        """
        self.path = path
        self._lines = lines

    def where(self, location: Location) -> str:
        """Return `file:line` of the value at `location`, or of the nearest value around it.

        Args:
            location: keys and indices from the root.

        Returns:
            `file:line` of the value at `location`, or of the nearest value around it.
        """
        place = location
        while place and place not in self._lines:
            place = place[:-1]
        return f"{self.path}:{self._lines.get(place, 1)}"


def load_yaml(path: Path, *, hint: str = "check the path") -> tuple[Any, Lines]:
    """Read a YAML file, or one of JSON, also where it is indented with tabs.

    Args:
        path: the file.
        hint: what to do if it is not there.

    Returns:
        Its value, and where each part of it stands.

    Raises:
        RecipeError: it cannot be read, is no YAML (with the line), gives a key twice, or is too large.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(f"there is no {path}; {hint}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    try:
        found = _json(text)
        # No text of JSON holds a tab as it is, so that each stands for blanks, which YAML wants.
        node = yaml.compose(text if found is None else text.replace("\t", " "), Loader=yaml.SafeLoader)
        lines: dict[Location, int] = {}
        if node is not None:
            _collect(node, (), lines, path)
        return yaml.safe_load(text) if found is None else found, Lines(path, lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-13-45
        raise RecipeError(f"{path}: not valid YAML: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"{path}: not valid YAML for us: nested too deeply, or an alias that holds itself") from error


def _json(text: str) -> dict[str, Any] | list[Any] | None:
    """Return what a text of JSON says: YAML would read its pairs of surrogates as two characters each."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found: dict[str, Any] | list[Any] = json.loads(text)
    except json.JSONDecodeError:
        return None
    return found


def explain(error: ValidationError, lines: Lines, model: Any, place: Location = ()) -> str:
    """Say in one line what pydantic found first.

    Args:
        error: what it found.
        lines: where the file's parts stand.
        model: the pydantic model that refused.
        place: where the validated part stands in the file.

    Returns:
        `file:line: key: what is wrong`, with the near miss of an unknown key.
    """
    first = error.errors()[0]
    location: Location = first["loc"]
    where = lines.where(place + location)
    dotted = ".".join(str(part) for part in place + location)
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        return f"{where}: unknown key {dotted!r}{did_you_mean(str(location[-1]), known) if known else ''}"
    message = first["msg"].removeprefix("Value error, ")
    quiet = first["type"] in {"missing", "value_error"} or "api_key_env" in location  # somebody may put the key there
    shown = "" if quiet else f" (it says {first['input']!r:.60})"
    return f"{where}: {dotted or 'file'}: {message[0].lower()}{message[1:]}{shown}"


def _fields_at(model: Any, location: Location) -> list[str]:
    """Return the keys that pydantic would accept at `location`; empty where that cannot be told."""
    for part in location:
        fields = getattr(model, "model_fields", None)
        if fields is None:
            continue
        field = fields.get(str(part))
        if field is None:
            continue  # an index, or the name of a mapping's entry: its type is that of the mapping
        model = _inner(field.annotation)
    fields = getattr(model, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _inner(annotation: Any) -> Any:
    """Return the pydantic model inside `dict[str, X]`, `tuple[X, ...]` or `X | None`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inside = [_inner(argument) for argument in getattr(annotation, "__args__", ())]
    return next((model for model in inside if model is not None), None)


def _collect(node: yaml.Node, place: Location, lines: dict[Location, int], path: Path) -> None:
    lines[place] = node.start_mark.line + 1
    if len(lines) > MOST_VALUES:
        raise RecipeError(f"{path}: more than {MOST_VALUES} values; aliases that multiply are not for such a file")
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # YAML itself refuses it as a key
            if (key.tag, key.value) in seen:
                raise RecipeError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands here a second time")
            seen.add((key.tag, key.value))
            below = (*place, key.value)
            _collect(value, below, lines, path)
            lines[below] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _collect(value, (*place, number), lines, path)
