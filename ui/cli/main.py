"""The `curator` command: a table of commands, each imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

COMMANDS = {
    "init": "Make a workspace, empty or from an example.",
    "run": "Carry out the workspace's recipe.",
    "plan": "Check the recipe and price it, without asking a model.",
    "status": "Show the funnel and the cost of the latest run.",
    "ls": "List records, filtered by status, stage or score.",
    "show": "Show one record: its source, lineage, scores and cost.",
    "export": "Write the accepted records to a file.",
    "generate": "Make examples with one method, without a recipe.",
    "models": "List models, and fetch the embedded one.",
    "config": "Show settings and where each comes from.",
    "doctor": "Check what this machine has and what is missing.",
}
"""Every command with its line of help; `ui.cli.NAME` holds its `command`."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

EPILOG = "A first session: curator init demo --example handbook, cd demo, curator run."


class LazyCommands(TyperGroup):
    """A group that lists its commands from the table and imports the one that is called.

    Typer carries its own copy of click, whose types are private; hence `Any`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command and return it; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        function = import_module(f"ui.cli.{cmd_name}").command
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name, help=None, context_settings={"auto_envvar_prefix": f"CURATOR_{cmd_name.upper()}"})(function)
        found = typer.main.get_command(app)
        found.name = cmd_name
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from curator.text.near_miss import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"curator {version('instruct-curator')}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyCommands, add_completion=False, rich_markup_mode=None, no_args_is_help=True, epilog=EPILOG
)


@app.callback()
def curator(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Author and curate instruction datasets: create, check, select, review, export."""


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line.

    Args:
        arguments: what was typed after `curator`.

    Returns:
        The exit code: 0 ok, 1 handled failure, 2 usage or recipe, 3 needs confirmation or budget, 4 provider,
        100 quality gate failed, 130 interrupted.
    """
    from curator.errors import CuratorError

    try:
        result: Any = typer.main.get_command(app).main(args=arguments, prog_name="curator", standalone_mode=False)
    except TyperException as error:
        typer.echo(f"Error: {error.format_message()}\n`curator --help` and `curator COMMAND --help` say what there is.", err=True)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED
    except CuratorError as error:
        typer.echo(f"Error: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:  # the reader, `head` perhaps, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if result == INTERRUPTED:
        typer.echo("\nInterrupted. Everything that was paid for is saved; the same command goes on from here.", err=True)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
