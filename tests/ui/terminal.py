"""Calling `curator`: in this process, or as a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

CURATOR = (sys.executable, "-m", "ui.cli.main")
ROOT = Path(__file__).parents[2]


class Ended(NamedTuple):
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What `--json` printed; stdout holds nothing else."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line that says what is wrong."""
        assert "Traceback" not in self.err, self.err
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.err
        assert self.err.rstrip().endswith(lines[0]), self.err
        return lines[0]


Call = Callable[..., Ended]


def program(*arguments: str, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """Start `curator` as a program; `options` go to `Popen`."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams |= options
    return subprocess.Popen([*CURATOR, *arguments], cwd=cwd, encoding="utf-8", errors="replace", **streams)


def ended(process: subprocess.Popen[str], timeout_s: float = 60) -> Ended:
    """Wait for a program to end."""
    out, err = process.communicate(timeout=timeout_s)
    return Ended(process.returncode, out or "", err or "")
