"""Python that a model wrote, run in a process of its own under limits.

The limits keep a run from hurting by accident: time, memory, output and files are bounded, further processes, the
network and the files outside a throw-away folder are refused, and the environment is empty. That is resource limiting,
not a security boundary: who has to expect an attacker's code runs all of Curator in a container or a virtual machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from curator.errors import StageError

LONGEST_OUTPUT_CHARS = 2000
"""How much of what a program prints is kept: its end, where the error stands."""

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
    if sys.platform == "win32":
        raise StageError("running code needs limits that Windows does not have; use Linux, macOS or WSL")
    warden = Path(__file__).with_name("warden.py")
    bounds = (limits.cpu_s, limits.memory_mb << 20, limits.file_mb << 20)
    with tempfile.TemporaryDirectory(prefix="curator-code-") as folder, tempfile.TemporaryFile() as printed:
        (Path(folder) / "program.py").write_text(program, encoding="utf-8", errors="replace")
        process = subprocess.Popen(  # noqa: S603  # our own interpreter, on our own file
            (sys.executable, "-I", "-S", "-B", str(warden), *map(str, bounds)),
            cwd=folder,
            env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "HOME": folder, "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(limits.wall_s)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _end(process)
        printed.seek(0, 2)
        printed.seek(max(0, printed.tell() - 4 * LONGEST_OUTPUT_CHARS))
        output = (
            printed.read()
            .decode("utf-8", "replace")[-LONGEST_OUTPUT_CHARS:]
            .replace(folder, ".")
            .replace(str(warden), "warden")
            .strip()
        )
    return Execution(_outcome(process.returncode, output, late), output, process.returncode)


def run_tests(solution: str, tests: str, limits: Limits = LIMITS) -> Execution:
    """Run a solution and then its tests in one program; see `run_python`.

    Args:
        solution: the solution's source text.
        tests: statements that fail where the solution is wrong.
        limits: what both may take together.

    Returns:
        What became of it; "passed" only if the last statement of the tests was reached.

    Raises:
        StageError: the operating system cannot limit a process (Windows).
    """
    end = hashlib.blake2b(f"{solution}\0{tests}".encode("utf-8", "replace"), digest_size=8).hexdigest()
    ran = run_python(f"{solution}\n\n{tests}\n\nprint({end!r})\n", limits)
    if ran.outcome == "passed" and not ran.output.endswith(end):
        return Execution("failed", f"{ran.output}\nit ended before its tests did".strip(), ran.status)
    return msgspec.structs.replace(ran, output=ran.output.removesuffix(end).strip())


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
