"""`curator init`: make a workspace."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from curator.errors import RecipeError

_STARTER = """\
# What to make, from what, with which model: `curator plan` checks and prices it, `curator run` carries it out.
name: my-dataset
seed: 7
sources: [sources/*.md]
models:
  writer: {provider: auto}      # an endpoint, Ollama or the embedded model, whichever is there
stages:
  - {use: book-qa, model: writer, options: {per_chunk: 3}}
  - {use: heuristics}
  - {use: self-containment}
  - {use: grounding}
  - {use: threshold, name: well-formed, options: {score: heuristics.format, min: 1}}
  - {use: threshold, name: self-contained, options: {score: self-containment, min: 1}}
  - {use: threshold, name: grounded, options: {score: grounding, min: 0.8}}
  - {use: exact-dedup}
  - {use: near-dedup, options: {threshold: 0.8}}
export:
  - {format: messages, path: out/train.jsonl}
"""


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The workspace to make.")],
    example: Annotated[str, typer.Option("--example", "-e", help="Begin with an example of this name, such as `handbook`.")] = "",
) -> None:
    """Make a workspace: a folder with a recipe, and a place for your documents.

    Example: curator init demo --example handbook
    """
    if (folder / "recipe.yaml").exists():
        raise RecipeError(f"{folder / 'recipe.yaml'} is there already; nothing was changed")
    if example:
        shutil.copytree(find_example(example), folder, dirs_exist_ok=True)
        inside = ", ".join(sorted(path.name for path in folder.iterdir()))
        print(f"{folder} holds the example {example!r}: {inside}")
    else:
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        (folder / "recipe.yaml").write_text(_STARTER, encoding="utf-8")
        (folder / ".gitignore").write_text("curator.db*\n.curator.lock*\n.env\n", encoding="utf-8")
        print(f"{folder} holds recipe.yaml; put .md or .txt documents into {folder / 'sources'}")
    print(f"Next: curator plan -w {folder}   curator run -w {folder}")


def find_example(name: str) -> Path:
    """Return the folder of an example.

    Args:
        name: its name.

    Returns:
        The folder, in the installed package or in the repository.

    Raises:
        RecipeError: there is no such example.
    """
    from curator.text.near_miss import did_you_mean

    package = Path(__file__).parent.parent
    for shelf in (package / "examples", package.parent / "examples"):
        if not shelf.is_dir():
            continue
        known = sorted(path.name for path in shelf.iterdir() if (path / "recipe.yaml").exists())
        if name in known:
            return shelf / name
        raise RecipeError(f"there is no example {name!r}{did_you_mean(name, known)}")
    raise RecipeError("this installation holds no examples; install instruct-curator again")
