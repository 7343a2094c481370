"""The kinds of file that datasets rest in, and the choice among them by a path's ending."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from curator.errors import FormatError
from curator.formats.containers.base import Container, Row, TextContainer
from curator.formats.containers.csv_table import CsvTable
from curator.formats.containers.datasets_folder import DatasetsFolder
from curator.formats.containers.json_array import JsonArray
from curator.formats.containers.jsonl import JsonLines
from curator.formats.containers.parquet import Parquet

__all__ = ["CONTAINERS", "Container", "Row", "TextContainer", "container_of"]

CONTAINERS: tuple[Container, ...] = (JsonLines(), JsonArray(), CsvTable(), Parquet(), DatasetsFolder())
"""All of them."""


def container_of(path: str | Path, name: str = "") -> Container:
    """Return the container that a path asks for.

    Args:
        path: the path; a folder, or one that ends in "/", is a `datasets` folder.
        name: the container's name; "" to go by the path's ending.

    Returns:
        The container.

    Raises:
        FormatError: no container has that name or that ending, or a package that it needs is not installed.
    """
    if not name and (str(path).endswith(("/", os.sep)) or Path(path).is_dir()):
        name = DatasetsFolder.name
    suffix = Path(path).suffix.lower()
    for container in CONTAINERS:
        if container.name == name if name else suffix in container.suffixes:
            _check_installed(path, container)
            return container
    if name:
        known = ", ".join(container.name for container in CONTAINERS)
        raise FormatError(f"{path}: no container is called {name!r}; known: {known}")
    endings = ", ".join(ending for container in CONTAINERS for ending in container.suffixes)
    raise FormatError(f"{path}: the ending {suffix!r} is unknown; use {endings}, or / for a datasets folder")


def _check_installed(path: str | Path, container: Container) -> None:
    for package in container.packages:
        if find_spec(package) is None:
            raise FormatError(f"{path}: needs the package {package}; run: pip install 'instruct-curator[hub]'")
