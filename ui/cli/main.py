"""The `curator` command: a table of commands, each imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from curator.errors import CuratorError

COMMANDS = {
    "init": "Make a workspace, empty or from an example.",
    "doctor": "Check what this machine has and what is missing.",
    "models": "List models, or fetch one.",
    "plan": "Check the recipe and price it, without asking a model.",
    "run": "Carry out the workspace's recipe.",
    "status": "Show the funnel and the cost of the latest run.",
    "ls": "List records, filtered by status, stage or score.",
    "show": "Show one record: its source, lineage, scores and cost.",
    "coverage": "Show which parts of the sources the accepted records rest on.",
    "clusters": "Show which records repeat each other, and which stayed.",
    "export": "Write the accepted records to a file.",
    "dedup": "Leave repetitions out of a dataset file.",
    "decontaminate": "Leave rows out of a dataset file that give a benchmark away.",
    "generate": "Make examples with one method, without a recipe.",
    "templates": "Check a file of templates, or convert one.",
    "config": "Show settings and where each comes from.",
}
"""Every command with its line of help; `ui.cli.NAME` holds its `command`."""

ASKING = ("run", "generate")
"""Commands that keep the replies of models as they come."""

FILTERING = ("dedup", "decontaminate")
"""Commands whose files are there whole or not at all."""

USAGE_ERROR = 2
"""The exit code of a command line that is wrong."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}
_EPILOG = "A first session: curator init demo --example handbook; cd demo; curator run"


class LazyCommands(TyperGroup):
    """A group that lists its commands from the table and imports the one that is called.

    Typer carries its own copy of click, whose types are private; hence `Any`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the table's order.

        Args:
            ctx: the command line so far.

        Returns:
            Their names.
        """
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command and return it; None if there is none of that name.

        Args:
            ctx: the command line so far.
            cmd_name: its name.

        Returns:
            The command, each of its options with a variable.
        """
        if cmd_name not in COMMANDS:
            return None
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        module = import_module(f"ui.cli.{cmd_name}")
        own_help = getattr(module, "OWN_HELP", False)
        app.command(cmd_name, context_settings=_HELP_NAMES, add_help_option=not own_help)(module.command)
        found: Any = typer.main.get_command(app)
        for parameter in found.params:
            _let_environment_set(parameter, cmd_name)
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which was probably meant.

        Args:
            ctx: the command line so far.
            args: the command's name and what follows it.

        Returns:
            As click does: name, command, and what is left of the arguments.
        """
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from curator.text.near_miss import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table, importing nothing.

        Args:
            ctx: the command line so far.
            formatter: what the help is written with.
        """
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _let_environment_set(parameter: Any, command: str) -> None:
    """Name an option's variable after what is typed: `run --dry-run` is `CURATOR_RUN_DRY_RUN`."""
    names = [name for name in parameter.opts if name.startswith("-")]
    if not names or "--help" in names or parameter.envvar is not None:
        return
    spelled = max(names, key=len).strip("-").replace("-", "_").upper()
    parameter.envvar = f"CURATOR_{command.upper()}_{spelled}"
    parameter.show_envvar = True


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"curator {version('instruct-curator')}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyCommands, add_completion=False, rich_markup_mode=None, epilog=_EPILOG, context_settings=_HELP_NAMES
)


@app.callback()
def curator(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Author and curate instruction datasets: create, check, select, export."""


def main() -> None:
    """Run the command line and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal in another encoding shows `?` instead of ending the run
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line.

    Args:
        arguments: what was typed after `curator`.

    Returns:
        The exit code: 0 ok, 1 handled failure, 2 usage or recipe, 3 needs confirmation or budget, 4 provider,
        130 interrupted.
    """
    try:
        code = _carried_out(arguments or ["--help"])
        sys.stdout.flush()
    except TyperException as error:
        return _refused(_with_help(error), USAGE_ERROR)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except CuratorError as error:
        return _refused(str(error), error.exit_code)
    except (BrokenPipeError, SystemExit) as error:  # `head`, perhaps, has enough; Typer ends with SystemExit(1) then
        if isinstance(error, SystemExit) and error.code != 1:
            raise
        _discard_output()
        return 0
    except OSError as error:
        if not error.strerror:
            raise
        return _refused(_of_the_system(error), CuratorError.exit_code)
    if code == INTERRUPTED:
        typer.echo(f"\nInterrupted.{_what_is_left(arguments)}", err=True)
    return code


def _carried_out(arguments: list[str]) -> int:
    from ui.settings import load_environment

    command: Any = typer.main.get_command(app)
    taken = load_environment(Path())
    code = command.main(args=arguments, prog_name="curator", standalone_mode=False, obj=taken)
    return code if isinstance(code, int) else 0


def _what_is_left(arguments: list[str]) -> str:
    """Say what an interrupted command leaves behind, where that is known."""
    command, *options = arguments or [""]
    if command in ASKING:
        again = "the same command" + (", without --fresh," if "--fresh" in options else "")
        return f" Every reply that came in is saved; {again} goes on from there."
    return " Nothing was written." if command in FILTERING else ""


def _refused(message: str, code: int) -> int:
    """Say in one line what is wrong, and return the exit code."""
    typer.echo(f"Error: {' '.join(message.split())}", err=True)
    return code


def _with_help(error: TyperException) -> str:
    """Return what is wrong with a command line, and which command's help says what is right."""
    context: Any = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "curator"
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    return f"{message}{'' if message.endswith('?') else '.'} See `{path} --help`"


def _of_the_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}; check that the path is right, may be written and has room"


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush does not fail too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main()
