"""From a YAML file, with the command line's changes, to a checked recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from curator.errors import RecipeError
from curator.recipe.model import Recipe, names_of_stages
from curator.recipe.secrets import refuse_keys
from curator.text.near_miss import did_you_mean
from curator.text.yaml_lines import Lines, explain, load_yaml

FILE_NAME = "recipe.yaml"


def load_recipe(path: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: the file, or the workspace's folder.
        changes: `key=value` each, as `--set` gives them: `seed=3`, `models.writer.model=gpt-5-mini`,
            `stages.book-qa.options.per_chunk=2`.

    Returns:
        The recipe; its paths are relative to the file's folder.

    Raises:
        RecipeError: the file or a change is wrong; says where and what would be right.
    """
    file = Path(path)
    file = file / FILE_NAME if file.is_dir() else file
    data, lines = load_yaml(file, hint="make one with `curator init`, or name another --workspace")
    if not isinstance(data, dict):
        raise RecipeError(f"{file}: a recipe is a mapping with `stages:`; this is {type(data).__name__}")
    refuse_keys(data, lines)
    for change in changes:
        _apply(data, change)
    return build_recipe(data, lines).at(file.parent, lines)


def build_recipe(data: Mapping[str, Any], lines: Lines) -> Recipe:
    """Check a recipe's data.

    Args:
        data: what the YAML says.
        lines: where its parts stand.

    Returns:
        The recipe.

    Raises:
        RecipeError: something in it is wrong; the first thing is named.
    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise RecipeError(explain(error, lines, Recipe)) from error


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        # Not repeated in the message: what stands there without a key may be a secret.
        raise RecipeError("--set: write key=value, as in --set stages.book-qa.options.per_chunk=2")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {key}: the value is not valid YAML{_problem(error)}") from error
    refuse_keys({key.rpartition(".")[2]: value}, Lines(Path(f"--set {key}"), {}))
    target: Any = data
    parts = key.strip().split(".")
    while len(parts) > 1 and (part := _key_at(target, parts)) != ".".join(parts):
        target = _step(target, part, change)
        parts = parts[part.count(".") + 1 :]
    last = ".".join(parts)
    if isinstance(target, list):
        _step(target, last, change)
        raise RecipeError(f"--set {change!r}: name a key of that entry, as in stages.book-qa.options.per_chunk=2")
    if not isinstance(target, dict):
        raise RecipeError(f"--set {change!r}: there is nothing below a plain value at {last!r}")
    target[last] = value


def _key_at(target: Any, parts: list[str]) -> str:
    """Return the key that the path begins with: the longest that is there, as in `gpt-4.1`, else its first part."""
    known = set(target) if isinstance(target, dict) else set()
    joined = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((key for key in joined if key in known), parts[0])


def _step(target: Any, part: str, change: str) -> Any:
    if isinstance(target, list):
        return target[_index(target, part, change)]
    if not isinstance(target, dict):
        raise RecipeError(f"--set {change!r}: there is nothing below a plain value at {part!r}")
    if target.get(part) is None:
        target[part] = {}
    return target[part]


def _index(entries: list[Any], part: str, change: str) -> int:
    if part.isdigit() and int(part) < len(entries):
        return int(part)
    names = names_of_stages(entries)
    if part in names:
        return names.index(part)
    raise RecipeError(f"--set {change!r}: no entry {part!r}{did_you_mean(part, [name for name in names if name])}")


def _problem(error: yaml.YAMLError) -> str:
    """Return what is wrong without the text around it, which may hold a key."""
    problem = getattr(error, "problem", None)
    return f": {problem}" if problem else ""
