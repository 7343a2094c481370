"""Python that a model wrote, run in a process of its own under limits.

The limits keep a run from hurting by accident: time, memory, output and files are bounded, further processes, the
network and the files outside a throw-away folder are refused, and the environment is empty but for a fixed seed of
string hashes: sets have the same order in every run. That is resource limiting, not a security boundary: who has to
expect an attacker's code runs all of Curator in a container or a virtual machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import msgspec

from curator.errors import StageError

LONGEST_OUTPUT_CHARS = 2000
"""How much of what a program prints is kept: its end, where the error stands."""

ISOLATED = ("-P", "-s", "-S", "-B")
"""No script's folder, no user's or installed packages, no bytecode. `-I` and `-E` would overrule PYTHONHASHSEED."""

Outcome = Literal["passed", "failed", "timeout", "memory"]


@dataclass(frozen=True)
class Limits:
    """What a program may take.

    Attributes:
        wall_s: how long it may run, in seconds.
        cpu_s: how long it may compute, in whole seconds.
        memory_mb: its address space, in MiB, the interpreter's own included.
        file_mb: the longest file it may write, and the longest output, in MiB.
    """

    wall_s: float = 10.0
    cpu_s: int = 5
    memory_mb: int = 512
    file_mb: int = 1


LIMITS = Limits()
"""Plenty for a function and its tests."""


class Execution(msgspec.Struct, frozen=True):
    """What became of a program.

    Attributes:
        outcome: "passed" (it ended by itself with exit status 0), "failed", "timeout" (of either clock) or "memory".
        output: the end of what it printed, errors included.
        status: its exit status; negative for the signal that ended it.
    """

    outcome: Outcome
    output: str
    status: int


def run_python(program: str, limits: Limits = LIMITS) -> Execution:
    """Run a program and wait for it; for use in a thread of its own.

    Args:
        program: its source text.
        limits: what it may take.

    Returns:
        What became of it.

    Raises:
        StageError: the operating system cannot limit a process (Windows).
    """
    return _run({"__main__.py": program}, limits)[0]


def run_tests(solution: str, tests: str, limits: Limits = LIMITS) -> Execution:
    """Import a solution as the module `solution`, then run its tests there; see `run_python`.

    They are compiled one by one, so each may have its own imports from `__future__`; and what a script does only under
    `if __name__ == "__main__":` is not done.

    Args:
        solution: the solution's source text.
        tests: statements that fail where the solution is wrong.
        limits: what both may take together.

    Returns:
        What became of it; "passed" only if the last statement of the tests was reached.

    Raises:
        StageError: the operating system cannot limit a process (Windows).
    """
    ran, ended = _run({"solution.py": solution, "tests.py": tests}, limits)
    if ran.outcome == "passed" and not ended:
        return Execution("failed", f"{ran.output}\nit ended before its tests did".strip(), ran.status)
    return ran


def _run(files: Mapping[str, str], limits: Limits) -> tuple[Execution, bool]:
    """Run files one after the other in a module named after the first; say also whether the last one's end was reached.

    The end is told through a file that only the two processes have open: what the program prints, there or later, says
    nothing about it.
    """
    if sys.platform == "win32":
        raise StageError("running code needs limits that Windows does not have; use Linux, macOS or WSL")
    warden = Path(__file__).with_name("warden.py")
    with (
        tempfile.TemporaryDirectory(prefix="curator-code-") as folder,
        tempfile.TemporaryFile() as printed,
        tempfile.TemporaryFile() as end,
    ):
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8", errors="replace")
        bounds = (limits.cpu_s, limits.memory_mb << 20, limits.file_mb << 20, end.fileno())
        process = subprocess.Popen(  # noqa: S603  # our own interpreter, on our own file
            (sys.executable, *ISOLATED, str(warden), *map(str, bounds), *files),
            cwd=folder,
            env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "HOME": folder, "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            pass_fds=(end.fileno(),),
            start_new_session=True,
        )
        try:
            process.wait(limits.wall_s)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _end(process)
        output = _tail(printed).replace(folder, ".").replace(str(warden), "warden").strip()
        ended = os.fstat(end.fileno()).st_size > 0
    return Execution(_outcome(process.returncode, output, late), output, process.returncode), ended


def _tail(printed: IO[bytes]) -> str:
    printed.seek(0, os.SEEK_END)
    printed.seek(max(0, printed.tell() - 4 * LONGEST_OUTPUT_CHARS))
    return printed.read().decode("utf-8", "replace")[-LONGEST_OUTPUT_CHARS:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended by itself; macOS says the second
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(status: int, output: str, late: bool) -> Outcome:
    if late or status == -signal.SIGXCPU:
        return "timeout"
    if status == 0:
        return "passed"
    last = output.rsplit("\n", 1)[-1]
    return "memory" if last.startswith("MemoryError") or status == -signal.SIGKILL else "failed"
