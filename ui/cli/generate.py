"""`curator generate`: one method on a file, without a recipe."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from curator.errors import RecipeError
from ui.cli.options import HERE, Changes, say


def command(
    method: Annotated[str, typer.Argument(help="A generator: book-qa, templates …")],
    inputs: Annotated[list[Path], typer.Argument(metavar="[INPUT]...", help="Documents, or the method's file.")] = [],  # noqa: B006
    n: Annotated[int, typer.Option("-n", min=1, help="How many records to accept.")] = 20,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("generated.jsonl"),
    format: Annotated[str, typer.Option("--format", "-f", help="The format to write.")] = "messages",
    changes: Changes = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Where random choices begin.")] = 0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking.")] = False,
    no_checks: Annotated[bool, typer.Option("--no-checks", help="Take every candidate, without the method's own checks.")] = False,
) -> None:
    """Make N accepted examples with one method, without writing a recipe.

    An option of the method is set as `--set per_chunk=2`, one of the model as `--set model.provider=ollama`. Replies are
    kept in the user's cache, so the same command goes on after an interruption.

    Example: curator generate book-qa book.txt -n 50 --out qa.jsonl
    """
    import asyncio

    from curator.recipe.plan import make_plan
    from curator.run import run_plan
    from curator.store import Store
    from ui.cli.consent import agree
    from ui.cli.funnel import print_funnel
    from ui.cli.progress import showing
    from ui.settings import load_environment

    load_environment(HERE)
    data = recipe_data(method, [path.absolute() for path in inputs], n, changes, checks=not no_checks)
    data |= {"seed": seed, "export": [{"format": format, "path": str(out.absolute())}]}
    plan = make_plan(_recipe(data, out))
    with showing() as progress:
        resolved = asyncio.run(agree(plan, progress, limit=None, yes=yes))
        result = asyncio.run(run_plan(plan, resolved=resolved, progress=progress))
    with Store.open(plan.recipe.folder, create=False) as store:
        print_funnel(store, result.run)
    for shortfall in result.shortfalls:
        say(f"Short: {shortfall}")
    print(f"{result.exported[0].written} records are in {out}")


def recipe_data(method: str, inputs: list[Path], n: int, changes: list[str], *, checks: bool) -> dict[str, Any]:
    """Return the recipe that a call of `generate` stands for.

    Args:
        method: the generator's registered name.
        inputs: the files named.
        n: how many records to accept.
        changes: `option=value` or `model.field=value` each.
        checks: put the method's own checks behind it.

    Returns:
        The recipe, as data.

    Raises:
        RecipeError: the stage makes no records, or an input is missing.
        PluginError: there is no such stage.
    """
    import yaml

    from curator.registry import stages
    from curator.stage import Generator

    kind = stages.load(method)
    if not issubclass(kind, Generator):
        makers = [name for name in stages.names() if issubclass(stages.load(name), Generator)]
        raise RecipeError(f"{method!r} makes no records from documents or files; methods: {', '.join(makers)}")
    options: dict[str, Any] = {}
    model: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise RecipeError(f"--set {change!r}: write option=value")
        place = model if key.startswith("model.") else options
        place[key.removeprefix("model.")] = yaml.safe_load(value)
    sources: list[str] = []
    if kind.input_option:
        if len(inputs) != 1:
            raise RecipeError(f"{method!r} takes one file, its {kind.input_option!r}; {len(inputs)} were given")
        options[kind.input_option] = str(inputs[0])
    else:
        sources = [str(path) for path in inputs]
    return {
        "name": method,
        "sources": sources,
        "models": {"writer": model},
        "stages": [{"use": method, "options": options, "accept": n}, *(kind.checks if checks else ())],
    }


def _recipe(data: dict[str, Any], out: Path) -> Any:
    """Build the recipe in a workspace of its own, in the user's cache, so that an interrupted call goes on."""
    import platformdirs

    from curator.recipe.load import build_recipe
    from curator.recipe.secrets import refuse_keys
    from curator.text.yaml_lines import Lines

    lines = Lines(Path("generate"), {})
    refuse_keys(data, lines)
    name = hashlib.blake2b(str(out.absolute()).encode(), digest_size=8).hexdigest()
    folder = platformdirs.user_cache_path("instruct-curator") / "generate" / name
    folder.mkdir(parents=True, exist_ok=True)
    return build_recipe(data, lines).at(folder, lines)
