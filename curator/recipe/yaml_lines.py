"""YAML with line numbers, so that every complaint about a recipe can say where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from curator.errors import RecipeError

Location = tuple[str | int, ...]


class Lines:
    """Where each value of a YAML file stands.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, lines: dict[Location, int]) -> None:
        self.path = path
        self._lines = lines

    def where(self, location: Location) -> str:
        """Return `file:line` of the value at `location`, or of the nearest value around it.

        Args:
            location: keys and indices from the root.
        """
        place = location
        while place and place not in self._lines:
            place = place[:-1]
        return f"{self.path}:{self._lines.get(place, 1)}"


def load_yaml(path: Path) -> tuple[Any, Lines]:
    """Read a YAML file.

    Args:
        path: the file.

    Returns:
        Its value, and where each part of it stands.

    Raises:
        RecipeError: it cannot be read, is no YAML (with the line), or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(f"there is no {path}; make one with `curator init`, or name another --workspace") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Location, int] = {}
        if node is not None:
            _collect(node, (), lines, path)
        return yaml.safe_load(text), Lines(path, lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RecipeError(f"{path}:{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not valid YAML: {error}") from error


def _collect(node: yaml.Node, place: Location, lines: dict[Location, int], path: Path) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, key.value)
            if below in lines:
                raise RecipeError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands here a second time")
            _collect(value, below, lines, path)
            lines[below] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _collect(value, (*place, number), lines, path)
