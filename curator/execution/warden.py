"""The first lines of a limited process: it binds itself, then runs files of its folder, one after the other.

Run by `curator.execution.python` as a script of an isolated interpreter, so it imports nothing of ours. The kernel
bounds time, memory and files, and takes the network away where an unprivileged process may ask for that. An audit
hook, which cannot be taken off again, refuses what the kernel would let pass: new processes, foreign code, files
outside the folder (of the interpreter's own, reading is allowed), and sockets. Those of the machine itself may be made,
since an event loop of asyncio wakes itself through a pair of them, but neither bound nor connected.
"""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import sys
import sysconfig
from types import ModuleType

NEW_USER_AND_NETWORK = 0x10000000 | 0x40000000
REFUSED = (
    "os.fork",
    "os.forkpty",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.kill",
    "os.killpg",
    "pty.spawn",
    "resource.",
    "signal.pthread_kill",
    "socket.",
    "subprocess.Popen",
    "ctypes.",
)
"""Beginnings of the audit events that are refused."""
CHANGING = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
ALWAYS = frozenset({"/dev/null", "/dev/urandom"})
LOOKING = ("os.listdir", "os.scandir", "os.chdir")


def _limit(cpu_s: int, memory_bytes: int, file_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if sys.platform == "linux":
        # Refused where unprivileged namespaces are switched off: then the hook alone keeps sockets away.
        ctypes.CDLL(None).unshare(NEW_USER_AND_NETWORK)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _refuse(folder: str) -> None:
    paths = sysconfig.get_paths()
    readable = (folder, sys.prefix, sys.base_prefix, paths["stdlib"], paths["platstdlib"], "/usr/share/zoneinfo")
    inside = tuple(f"{os.path.realpath(path)}{os.sep}" for path in readable)
    own = inside[:1]

    def within(path: object, roots: tuple[str, ...]) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a file that is open already
        real = os.path.realpath(os.fsdecode(path))
        return real in ALWAYS or f"{real}{os.sep}".startswith(roots)

    def reaches_out(event: str, arguments: tuple[object, ...]) -> bool:
        if event == "open":
            return not within(arguments[0], own if _writes(arguments[1], arguments[2]) else inside)
        if event.startswith(CHANGING):
            return not all(within(path, own) for path in arguments)
        return event in LOOKING and not within(arguments[0], inside)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(REFUSED) and not _is_local_socket(event, arguments):
            raise PermissionError(f"{event} is not allowed here")
        if reaches_out(event, arguments):
            raise PermissionError(f"{event} of {arguments[0]!r}: it lies outside the folder of this program")

    sys.addaudithook(hook)


def _writes(mode: object, flags: object) -> bool:
    by_flags = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    return bool(by_flags) or (isinstance(mode, str) and not set(mode).isdisjoint("wax+"))


def _is_local_socket(event: str, arguments: tuple[object, ...]) -> bool:
    return event == "socket.__new__" and arguments[1] == socket.AF_UNIX


def _main() -> None:
    *bounds, end = map(int, sys.argv[1:5])
    names = sys.argv[5:]
    _limit(*bounds)
    sources = []
    for name in names:  # all of them before any is run, which might write over another
        with open(name, encoding="utf-8") as file:  # noqa: PTH123  # pathlib is not needed for a few files
            sources.append(file.read())
    # A module that is known by its name: dataclasses and pickle look there for what it defines.
    module = ModuleType(names[0].removesuffix(".py"))
    module.__file__ = names[0]
    sys.modules[module.__name__] = module
    sys.argv = names[:1]
    _refuse(os.path.realpath("."))
    for name, source in zip(names, sources, strict=True):
        code = compile(source, name, "exec", dont_inherit=True)  # our own `from __future__` is not theirs
        exec(code, module.__dict__)  # noqa: S102  # what this process is for
    os.write(end, b"!")


if __name__ == "__main__":
    _main()
