"""Where Daft runs: in this process, or on a Ray cluster."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from curator.errors import CuratorError

_PATIENCE_S = 5.0
_JOIN_PATIENCE_S = 20.0
_TRIAL = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False, logging_level='CRITICAL')"
_QUIET = {
    "DAFT_ANALYTICS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TQDM": "0",
}
"""Official switches: neither library reports home, and none draws bars over our own."""


def connect(ray: str) -> None:
    """Let Daft run here, or on a cluster; it can be told so once in a process.

    Args:
        ray: the cluster's address, `host:port` or `ray://host:port`; "" for this process.

    Raises:
        CuratorError: Daft or Ray is not installed, the cluster does not answer, or Daft runs elsewhere already.
    """
    os.environ.update(_QUIET)
    try:
        import daft

        if ray:
            import ray as cluster
    except ImportError as error:
        raise CuratorError(
            f"the engine daft needs {error.name}, which is not installed: pip install 'instruct-curator[scale]'"
        ) from error
    if ray:
        _probe(ray)
        if not cluster.is_initialized():
            _try(ray)
            _join(ray)
    try:
        runner: Any = daft.set_runner_ray(noop_if_initialized=True) if ray else daft.set_runner_native()
    except daft.exceptions.DaftCoreException:  # it was told before
        runner = daft.get_or_create_runner()
    if runner.name != ("ray" if ray else "native"):
        raise _elsewhere(ray)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Give what went wrong on a worker as if it had gone wrong here.

    Yields:
        Nothing.

    Raises:
        CuratorError: our own error; or one about a worker that died.
    """
    import daft

    try:
        with _silent(logging.getLogger("daft_local_execution")):
            yield
    except CuratorError as error:
        own: Any = error
        while hasattr(own, "cause"):  # Ray wraps it, with the worker's whole stack in its text
            own = own.cause
        raise own from None
    except daft.exceptions.DaftCoreException as error:
        raise CuratorError(f"Daft: {str(error).strip().splitlines()[-1].strip()}") from error


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Keep a library from printing what is raised as an error anyway."""
    level, logger.level = logger.level, logging.CRITICAL + 1
    try:
        yield
    finally:
        logger.level = level


def _probe(address: str) -> None:
    """See that somebody listens, because Ray itself tries for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise CuratorError(f"{address}: is no address of a Ray cluster; write host:6379 or ray://host:10001")
    try:
        socket.create_connection((host, port), timeout=_PATIENCE_S).close()
    except OSError as error:
        raise CuratorError(
            f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`, or give its address"
        ) from error


def _try(address: str) -> None:
    """See that it is Ray who listens: where it is not, Ray waits without end, or ends the process that joins."""
    trial = [sys.executable, "-P", "-c", _TRIAL, address]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter; the address is one word to it
            trial, stdin=subprocess.DEVNULL, capture_output=True, timeout=_JOIN_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CuratorError(
            f"something listens at {address}, but no Ray cluster has answered there within {_JOIN_PATIENCE_S:g} s; "
            "give the address that `ray start --head` printed"
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
        raise CuratorError(f"the Ray cluster at {address} cannot be joined: {said[-1]}")


def _join(address: str) -> None:
    import ray as cluster

    try:
        cluster.init(
            address=address, log_to_driver=False, logging_level=logging.ERROR, runtime_env={"env_vars": _QUIET}
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise CuratorError(f"the Ray cluster at {address} cannot be joined: {str(error).splitlines()[0]}") from error


def _elsewhere(ray: str) -> CuratorError:
    now, wanted = ("in this process", "on a cluster") if ray else ("on a cluster", "in this process")
    return CuratorError(f"Daft has run {now} already, and cannot change that; start a new process to run {wanted}")
