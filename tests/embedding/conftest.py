"""One conversion of the model for all tests of this folder, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.embedding.base import Embedder
from curator.embedding.choose import embedder
from curator.embedding.conversion import FOLDER_VARIABLE


@pytest.fixture(scope="session")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder that conversions are kept in while these tests run."""
    folder = tmp_path_factory.mktemp("embeddings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="session")
def notices() -> list[str]:
    """Return what the fast embedder had to say while it was opened."""
    return []


@pytest.fixture(scope="session")
def fast(conversions: Path, notices: list[str]) -> Embedder:
    """Return the packaged model, converted to 8 bits."""
    return embedder(backend="onnx", notice=notices.append)


@pytest.fixture(scope="session")
def exact() -> Embedder:
    """Return the packaged model as sentence-transformers runs it."""
    return embedder(backend="sentence-transformers")
