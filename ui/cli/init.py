"""`curator init`: make a workspace."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from curator.errors import RecipeError
from ui.cli.options import AsJson
from ui.cli.output import print_json, say, tell

_STARTER = """\
# What to make, from what, with which model: `curator plan` checks and prices it, `curator run` carries it out.
name: my-dataset
seed: 7
sources: [sources/*]
models:
  writer: {provider: auto, temperature: 0, max_tokens: 200}   # an endpoint, Ollama or the embedded model
stages:
  - {use: book-qa, model: writer, options: {per_chunk: 3}}
  - {use: heuristics}
  - {use: self-containment}
  - {use: grounding}
  - {use: threshold, name: well-formed, options: {score: heuristics.format, min: 1}}
  - {use: threshold, name: self-contained, options: {score: self-containment, min: 1}}
  - {use: threshold, name: specific, options: {score: heuristics.instruction_words, min: 5}}
  - {use: threshold, name: grounded, options: {score: grounding, min: 0.8}}
  - {use: threshold, name: on-topic, options: {score: grounding.question, min: 0.7}}
  - {use: exact-dedup, options: {field: instruction}}
  - {use: near-dedup, options: {threshold: 0.8}}
export:
  - {format: messages, path: out/train.jsonl}
"""

_IGNORED = "# What is not to be committed: the store, its lock, keys.\ncurator.db*\n.curator.lock*\n.env\n"


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="The workspace to make.")],
    example: Annotated[
        str, typer.Option("--example", "-e", metavar="NAME", help="Begin with an example, such as `handbook`.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a workspace: a folder with a recipe, and a place for your documents.

    Nothing that is there already is changed.

    Example: curator init demo --example handbook
    """
    contents = _of_example(find_example(example)) if example else {Path("recipe.yaml"): _STARTER.encode()}
    for path in contents:
        if (folder / path).exists():
            raise RecipeError(f"{folder / path} is there already; nothing was changed. Name another folder")
    if not (folder / ".gitignore").exists():
        contents[Path(".gitignore")] = _IGNORED.encode()
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    if as_json:
        print_json({"workspace": str(folder), "files": sorted(path.as_posix() for path in contents)})
        return
    tell(f"{folder} holds {_listed(contents)}")
    if not example:
        say(f"Put .md or .txt documents into {folder / 'sources'}.")
    where = shlex.quote(str(folder))
    say(f"Next: cd {where}; curator plan; curator run")


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


def _of_example(example: Path) -> dict[Path, bytes]:
    files = sorted(path for path in example.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(example): path.read_bytes() for path in files}


def _listed(contents: dict[Path, bytes]) -> str:
    return ", ".join(sorted({path.parts[0] + ("/" if len(path.parts) > 1 else "") for path in contents}))
