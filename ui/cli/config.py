"""`curator config`: settings and where they come from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ui.cli.options import HERE, AsJson, Workspace
from ui.cli.output import print_json, print_table, tell
from ui.settings import Value, config_path, resolve


def command(
    context: typer.Context,
    _action: Annotated[Literal["show"], typer.Argument(metavar="ACTION", help="show")] = "show",
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """Show every setting; keys are never printed, only whether they are set.

    A flag wins over the environment, then come `.env`, the recipe, the user's config file, the default. Every option of
    a command has a variable of its own too; `curator COMMAND --help` names it.

    Example: curator config show --origin
    """
    from ui.cli.workspace import written_models

    first = next(iter(written_models(workspace).values()), None)
    recipe = {str(name): str(value) for name, value in first.items() if value is not None} if first else {}
    source = context.get_parameter_source("workspace")
    flagged = str(workspace) if source is not None and source.name == "COMMANDLINE" else ""
    values = [
        Value(value.setting, flagged, "flag") if flagged and value.setting.name == "workspace" else value
        for value in resolve(context.obj or {}, recipe)
    ]
    if as_json:
        print_json([_as_data(value) for value in values])
        return
    columns = ["setting", "value", "origin", "variable", "meaning"]
    rows = [[v.setting.name, v.shown, v.origin, v.setting.env, v.setting.meaning] for v in values]
    if not origin:
        columns, rows = columns[:2] + columns[3:], [row[:2] + row[3:] for row in rows]
    print_table(columns, rows, whole=("variable",))
    tell(f"\nUser config: {config_path()}" + ("" if config_path().exists() else " (not there)"))


def _as_data(value: Value) -> dict[str, object]:
    shown = None if value.setting.secret or not value.value else value.shown
    return {
        "name": value.setting.name,
        "value": shown,
        "set": bool(value.value),
        "origin": value.origin,
        "env": value.setting.env,
    }
