"""`curator generate`: one method on a file, without a recipe."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from curator.errors import RecipeError
from ui.cli.main import USAGE_ERROR
from ui.cli.options import OUT_HELP, AsJson, Format, Yes, placed
from ui.cli.output import print_json, tell

if TYPE_CHECKING:
    from curator.recipe.model import Recipe
    from curator.stage import AskingStage


OWN_HELP = True
"""`--help` behind a method's name describes the method."""


def command(
    context: typer.Context,
    method: Annotated[
        str, typer.Argument(metavar="METHOD", help="A method, as in book-qa, or a plugin's; --help lists them.")
    ] = "",
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[INPUT]...", help="Documents; or the method's own file, then documents."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many records to accept.")] = 20,
    out: Annotated[str, typer.Option("--out", "-o", metavar="PATH", help=OUT_HELP)] = "generated.jsonl",
    format: Format = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set an option; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Where random choices begin.")] = 0,
    yes: Yes = False,
    no_checks: Annotated[
        bool, typer.Option("--no-checks", help="Take every candidate, without the method's own checks.")
    ] = False,
    as_json: AsJson = False,
    help: Annotated[
        bool, typer.Option("--help", "-h", help="Show this message; behind a METHOD, what it does and its options.")
    ] = False,
) -> None:
    """Make N accepted examples with one method, without writing a recipe.

    An option of the method is set as `--set per_chunk=2`, one of the model as `--set model.provider=ollama`, one of a
    second model that the method may ask as `--set models.judge.provider=openai`. Replies are kept in the user's cache,
    so the same command goes on after an interruption.

    Example: curator generate book-qa book.txt -n 50 --out qa.jsonl
    """
    if help or not method:
        _explain(context, method, asked=help)
        return
    data = recipe_data(method, inputs or [], n, changes or [], checks=not no_checks)
    target = {"format": format or maker(method).written_as, "path": placed(out), "from": method}
    data |= {"seed": seed, "export": [target]}
    if Path(out).resolve() in {path.resolve() for path in inputs or []}:
        raise RecipeError(f"--out {out} is one of the inputs, and would be written over; give another file")
    _carry_out(_recipe(data, [method, *(str(path.absolute()) for path in inputs or [])]), yes=yes, as_json=as_json)


def _explain(context: typer.Context, method: str, *, asked: bool) -> None:
    """Print the method's help, or the command's with all methods; without being asked that is a usage error."""
    from ui.cli.method_help import list_methods, show_method

    if method:
        show_method(maker(method))
        return
    tell(context.get_help())
    list_methods()
    if not asked:
        raise typer.Exit(USAGE_ERROR)


def _carry_out(recipe: Recipe, *, yes: bool, as_json: bool) -> None:
    import asyncio

    from curator.recipe.plan import make_plan
    from ui.cli.consent import agree, priced, replies_planned
    from ui.cli.funnel import print_funnel, run_data
    from ui.cli.run import carried_out, outcome_data, print_exports
    from ui.cli.workspace import open_store

    plan = make_plan(recipe)
    resolved, estimates = asyncio.run(priced(plan, None))
    agree(resolved, estimates, yes=yes)
    result = carried_out(plan, resolved, replies_planned=replies_planned(estimates), as_json=as_json)
    with open_store(plan.recipe.folder) as store:
        if as_json:
            print_json({**run_data(store, result.run), **outcome_data(result)})
            return
        print_funnel(store, result.run)
    print_exports(result)


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
        RecipeError: the stage makes no records, an input is missing, or a change cannot be read.
        PluginError: there is no such stage.
    """
    from curator.stage import Transformer
    from ui.settings import model_settings

    kind = maker(method)
    options, models = _changed(changes)
    _place_paths(kind, options)
    writer = models["writer"]
    models["writer"] = {**model_settings(writer), **writer}  # what is typed wins over the environment
    paths = [str(path.absolute()) for path in inputs]
    use: dict[str, Any] = {"use": method, "options": options, "accept": n}
    above: list[dict[str, Any]] = []
    if issubclass(kind, Transformer):
        if not paths:
            raise RecipeError(f"{method!r} works on records: name a dataset, as in `{kind.example}`")
        above = [{"use": "import", "name": "given", "options": {"file": paths.pop(0)}}]
        use["from"] = "given"
    elif kind.input_option and kind.input_option not in options:
        if paths:
            options[kind.input_option] = paths.pop(0)
        elif kind.Options.model_fields[kind.input_option].is_required():
            raise RecipeError(f"{method!r} needs a file, its {kind.input_option!r}, as in `{kind.example}`")
    return {
        "name": method,
        "sources": paths,
        "models": models,
        "stages": [*above, use, *(kind.checks if checks else ())],
    }


def maker(method: str) -> type[AskingStage[Any]]:
    """Return the class of a method that makes records.

    Args:
        method: its registered name.

    Returns:
        The class.

    Raises:
        RecipeError: the stage makes no records.
        PluginError: there is no such stage.
    """
    from curator.registry import stages
    from curator.stage import Generator, Transformer
    from ui.cli.method_help import makers

    kind: type[Any] = stages.load(method)
    if not issubclass(kind, Generator | Transformer):
        raise RecipeError(f"{method!r} makes no records; methods: {', '.join(makers())}")
    return kind


def _place_paths(kind: type[AskingStage[Any]], options: dict[str, Any]) -> None:
    """Read paths among the options as what is typed: relative to the current folder, not to the hidden workspace."""
    for name, value in options.items():
        field = kind.Options.model_fields.get(name)
        if field is not None and isinstance(value, str) and Path in (field.annotation, *get_args(field.annotation)):
            options[name] = str(Path(value).absolute())


def _changed(changes: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `--set` says about the method, and about the models by their names; `model` is the writer."""
    import yaml

    options: dict[str, Any] = {}
    models: dict[str, Any] = {"writer": {"temperature": 0}}  # the surest draw; another one is one --set away
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key:
            raise RecipeError(f"--set: {key!r} has no value; write option=value, as in --set per_chunk=2")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            # Without PyYAML's own words: they repeat the text, which may hold a key.
            raise RecipeError(f"--set {key}: the value is not valid YAML") from error
        first, *path = key.split(".")
        target, names = options, [first, *path]
        if path and first in ("model", "models"):
            target, names = models, ["writer", *path] if first == "model" else path
        for name in names[:-1]:
            target = target.setdefault(name, {})
            if not isinstance(target, dict):
                raise RecipeError(f"--set {key}: there is nothing below the plain value {name!r}")
        target[names[-1]] = value
    return options, models


def _recipe(data: dict[str, Any], work: list[str]) -> Recipe:
    """Build the recipe in a workspace in the user's cache, where the same `work` from the same folder goes on."""
    import platformdirs

    from curator.recipe.load import build_recipe
    from curator.recipe.secrets import refuse_keys
    from curator.text.yaml_lines import Lines

    lines = Lines(Path("generate"), {})
    refuse_keys(data, lines)
    name = hashlib.blake2b("\0".join([str(Path.cwd()), *work]).encode(), digest_size=8).hexdigest()
    folder = platformdirs.user_cache_path("instruct-curator") / "generate" / name
    folder.mkdir(parents=True, exist_ok=True)
    return build_recipe(data, lines).at(folder, lines)
