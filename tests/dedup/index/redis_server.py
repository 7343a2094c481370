"""A Redis server on a free port of loopback: a real one where it is installed, else fakeredis."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def redis_server(folder: Path, password: str = "") -> Iterator[str]:
    """Serve, and yield the address of database 0.

    Args:
        folder: where a real server may write.
        password: what it asks for; only a real server can.
    """
    program = shutil.which("redis-server")
    with real_server(program, folder, password) if program else fake_server() as port:
        yield f"redis://127.0.0.1:{port}/0"


def has_real_server() -> bool:
    """Return whether Redis itself is installed."""
    return shutil.which("redis-server") is not None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def real_server(program: str, folder: Path, password: str) -> Iterator[int]:
    """Run Redis, which keeps nothing on disk; yield its port."""
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    command += ["--requirepass", password] if password else []
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def fake_server() -> Iterator[int]:
    """Serve fakeredis in threads of this process; yield its port."""
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _wait_for(port: int) -> None:
    for _attempt in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")
