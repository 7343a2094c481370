"""`curator config`: settings and where they come from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ui.cli.options import HERE, AsJson, Workspace, print_json, print_table


def command(
    action: Annotated[Literal["show"], typer.Argument(help="show")] = "show",
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """Show every setting; keys are never printed, only whether they are set.

    A flag wins over the environment, then `.env`, the recipe, the user's config file, the default.

    Example: curator config show --origin
    """
    from ui.cli.workspace import written_models
    from ui.settings import config_path, load_environment, resolve

    from_dotenv = load_environment(workspace)
    first = next(iter(written_models(workspace).values()), None) or {}
    recipe = {str(name): str(value) for name, value in first.items() if value is not None}
    values = resolve(from_dotenv, recipe)
    if as_json:
        print_json([{"name": v.setting.name, "value": v.shown, "origin": v.origin, "env": v.setting.env} for v in values])
        return
    columns = ("setting", "value", *(("origin",) if origin else ()), "variable", "meaning")
    rows = [
        (v.setting.name, v.shown, *((v.origin,) if origin else ()), v.setting.env, v.setting.meaning) for v in values
    ]
    print_table(columns, rows)
    print(f"User config: {config_path()}" + ("" if config_path().exists() else " (not there)"))
