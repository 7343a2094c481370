"""What every test stands on: no network but loopback, and a workspace to play in."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Read when the Hugging Face libraries are imported, hence here: without it, `load_dataset` counts its calls on the web.
os.environ["HF_HUB_OFFLINE"] = "1"

EXAMPLE = Path(__file__).parents[1] / "examples" / "handbook"


class NetworkUsed(BaseException):
    """A test reached for the network; not an `Exception`, so that no code under test can mistake it for an outage."""


def _is_loopback(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuse connections and look-ups that leave this machine (programs that a test starts are not held)."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise NetworkUsed(f"a test tried to connect to {address!r}; tests may use loopback only")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        if str(host).endswith(".invalid"):  # reserved to never resolve; said here without asking anybody
            raise socket.gaierror(socket.EAI_NONAME, f"{host} does not resolve")
        if not _is_loopback(host):
            raise NetworkUsed(f"a test tried to look up {host!r}; tests may use loopback only")
        return getaddrinfo(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace of the test's own: a copy of the example `handbook`."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "handbook"))
