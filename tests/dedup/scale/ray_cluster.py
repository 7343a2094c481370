"""A Ray cluster that consists of this machine and lasts for a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def started() -> Iterator[str]:
    """Start a cluster, and stop it: no other that may run on the machine.

    Yields:
        Its address.
    """
    port, client_port = free_ports(2)
    # A short path: sockets lie in this folder, and their names must not be long.
    with TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", f"--port={port}"]
        options = f"""--node-ip-address=127.0.0.1 --num-cpus=2 --object-store-memory=200000000 --disable-usage-stats
            --include-dashboard=false --ray-client-server-port={client_port} --temp-dir={folder}"""
        process = subprocess.Popen(
            [*command, *options.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        )
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if "Ray runtime started" in line:
                    break
            assert "Ray runtime started" in said[-1], "".join(said)
            yield f"127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)  # it stops what it has started
            process.communicate(timeout=30)


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens at."""
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
