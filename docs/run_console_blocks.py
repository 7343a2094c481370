"""Runs the `console` blocks of a page in order and writes what they print beneath each command.

    python docs/run_console_blocks.py docs/tutorial.md

The page stays the one place where the session is told: its commands are run in an empty folder, in a shell, as a reader
would, and their real output replaces what stood there. `make docs` calls it; a test runs the same commands.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LONGEST_OUTPUT_LINES = 60


class CommandFailed(Exception):
    """A command of the page ended with an error."""


def refreshed(page: str, folder: Path) -> str:
    """Return the page with the output of its commands replaced by what they print now.

    Args:
        page: the page's text.
        folder: an empty folder; `cd` in a command changes it for those after it.

    Returns:
        The page's text.

    Raises:
        CommandFailed: a command ended with an error; says which, and its output.
    """
    place = [folder]
    return _BLOCK.sub(lambda block: f"```console\n{_replayed(block[1], place)}```", page)


def _replayed(block: str, place: list[Path]) -> str:
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{_output(command, place)}" for command in commands)


def _output(command: str, place: list[Path]) -> str:
    environment = {
        **os.environ,
        "COLUMNS": "110",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    script = f"{command}\nstatus=$?\npwd >&3\nexit $status"
    read_end, write_end = os.pipe()
    done = subprocess.run(  # noqa: S603 - the commands are those of our own pages
        ["/bin/bash", "-c", f"exec 3>&{write_end}\n{script}"],
        cwd=place[-1],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[write_end],
        check=False,
    )
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        place.append(Path(pipe.read().strip() or place[-1]))
    if done.returncode:
        raise CommandFailed(f"$ {command}\n{done.stdout}")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    if len(lines) > _LONGEST_OUTPUT_LINES:
        lines = [*lines[:_LONGEST_OUTPUT_LINES], "..."]
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Refresh the pages named on the command line."""
    for name in sys.argv[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(refreshed(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
