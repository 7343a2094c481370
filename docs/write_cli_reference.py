"""Writes docs/reference/cli.md from the commands' own help; `make docs` calls it, a test sees that it is current."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

PAGE = Path(__file__).parent / "reference" / "cli.md"

INTRODUCTION = """\
# Commands

Written by `make docs` from each command's `--help`. Every option is also an environment variable,
`CURATOR_COMMAND_OPTION`. Data goes to stdout, talk to stderr; `--json` prints JSON. Exit codes: 0 ok, 1 handled
failure, 2 usage or recipe, 3 confirmation or budget, 4 provider, 130 interrupted.
"""


def reference() -> str:
    """Return the page's text."""
    from ui.cli.main import COMMANDS

    parts = [INTRODUCTION]
    for name in COMMANDS:
        parts.append(f"## curator {name}\n\n```text\n{help_of(name)}\n```\n")
    return "\n".join(parts)


def help_of(command: str) -> str:
    """Return what a command's `--help` prints at 100 columns."""
    from ui.cli.main import run

    os.environ["COLUMNS"] = "100"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        run([command, "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
