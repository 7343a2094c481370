"""What commands that work on a workspace begin with: recipe, store, the run in question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curator.errors import StoreError
from curator.recipe.load import FILE_NAME as RECIPE_NAME
from curator.recipe.load import load_recipe
from curator.recipe.model import Recipe
from curator.store import Run, Store
from curator.store.connection import translated
from ui.cli.output import say
from ui.settings import model_settings


def open_recipe(folder: Path, changes: Sequence[str] | None = None) -> Recipe:
    """Load a workspace's recipe, with what flags, environment and user config change in it.

    Args:
        folder: the workspace.
        changes: what `--set` says.

    Returns:
        The recipe.

    Raises:
        RecipeError: it is missing or wrong.
    """
    written = written_models(folder) or {"default": {}}
    settings = [
        f"models.{name}.{field}={_as_yaml(value)}"
        for name, spec in written.items()
        for field, value in model_settings(spec if isinstance(spec, dict) else {}).items()
    ]
    return load_recipe(folder, [*settings, *(changes or ())])


def written_models(folder: Path) -> dict[str, Any]:
    """Return the `models:` of a workspace's recipe as written; empty where there is none to be read.

    Args:
        folder: the workspace.

    Returns:
        Each model's settings, by the recipe's names.
    """
    import yaml

    try:
        data = yaml.safe_load((folder / RECIPE_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}  # `load_recipe` reads the same file next and says what is wrong with it
    models = data.get("models") if isinstance(data, dict) else None
    return models if isinstance(models, dict) else {}


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Open a workspace's store, which must exist, for the block.

    Args:
        folder: the workspace.

    Yields:
        The store.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    if not folder.is_dir():
        raise StoreError(f"there is no folder {folder}; make a workspace with `curator init {folder}`")
    with Store.open(folder, create=False) as store:
        try:
            yield store
        except sqlite3.Error as error:
            raise translated(error, store.path) from error


def chosen_run(store: Store, number: int | None = None, *, finished: bool = False) -> Run:
    """Return the run that a command is about: the latest, unless one is named.

    Args:
        store: the workspace's store.
        number: the run's number; None for the latest.
        finished: of the latest, only one that came to its end will do.

    Returns:
        The run.

    Raises:
        StoreError: there is none.
    """
    runs = store.runs.all()
    if not runs:
        raise StoreError(f"nothing was run in {store.path.parent.absolute()} yet; run `curator run`")
    if number is not None:
        found = next((run for run in runs if run.id == number), None)
        if found is None:
            raise StoreError(f"there is no run {number}; the latest is {runs[-1].id}")
        return found
    done = [run for run in runs if run.status == "done"]
    if finished and not done:
        raise StoreError(
            f"no run has come to its end yet (the latest: {runs[-1].status}); `curator run` goes on from there, "
            "`--unfinished` takes what it has accepted so far"
        )
    run = done[-1] if finished else runs[-1]
    if done and run.status != "done":
        say(f"Run {run.id} has not come to its end ({run.status}); the latest that has is --run {done[-1].id}.")
    elif run.id != runs[-1].id:
        say(f"Run {runs[-1].id} has not come to its end ({runs[-1].status}); this is run {run.id} of {run.started_at}.")
    return run


def _as_yaml(text: str) -> str:
    """Quote a text, so that YAML reads it as one: a model may be called `1.5` or `null`."""
    import json

    return json.dumps(text)
