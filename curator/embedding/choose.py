"""Who embeds: the fast path where it says the same, sentence-transformers elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

from curator.embedding.agreement import LEAST_MEAN_COSINE
from curator.embedding.base import Embedder
from curator.embedding.conversion import FOLDER_VARIABLE, conversions_folder, converted, shape_of
from curator.embedding.onnx_embedder import OnnxEmbedder
from curator.embedding.sentence_transformer import INSTALL, SentenceTransformerEmbedder
from curator.embedding.source import AUTO, ModelFiles, find_model
from curator.errors import StageError

Backend = Literal["auto", "onnx", "sentence-transformers"]
"""`onnx`: ONNX Runtime in 8 bits. `auto`: that if the model can be converted and agrees, else sentence-transformers."""


def embedder(model: str = AUTO, backend: Backend = "auto", *, notice: Callable[[str], None] | None = None) -> Embedder:
    """Open an embedding model.

    Args:
        model: "auto", which is all-MiniLM-L6-v2; a folder; or a name on the Hub.
        backend: who computes.
        notice: told what the user should know: that a model is converted, or why the fast path is not taken; by
            default the log.

    Returns:
        The embedder.

    Raises:
        StageError: the model is not there or cannot be loaded, or `onnx` was asked for and cannot be had.
    """
    tell = notice or logging.getLogger(__name__).warning
    check_available(model)
    files = find_model(model)
    if backend == "sentence-transformers":
        return SentenceTransformerEmbedder(files)
    fast = _fast(files, tell)
    if not isinstance(fast, str):
        return fast
    if backend == "onnx":
        raise StageError(f"{files.name} cannot be run by ONNX Runtime in 8 bits: {fast}")
    tell(f"{files.name} is run by sentence-transformers, which is slower than 8 bits: {fast}")
    return SentenceTransformerEmbedder(files)


def check_available(model: str) -> None:
    """See that a model's files and something to run it with are there, without loading either.

    Args:
        model: see `embedder`.

    Raises:
        StageError: the model is not there and cannot be fetched, or what runs it is not installed.
    """
    if find_spec("sentence_transformers") is None and find_spec("onnxruntime") is None:
        raise StageError(f"to embed texts: {INSTALL}")
    find_model(model)


def _fast(files: ModelFiles, tell: Callable[[str], None]) -> OnnxEmbedder | str:
    """Return the fast embedder, or why there is none."""
    missing = [name for name in ("onnx", "onnxruntime", "tokenizers") if find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed; {INSTALL}"
    shape = shape_of(files)
    if isinstance(shape, str):
        return shape
    try:
        folder, note = converted(files, shape, tell)
    except OSError as error:
        return (
            f"its conversion cannot be kept in {conversions_folder()} ({error}); set {FOLDER_VARIABLE} to a folder "
            "that can be written"
        )
    fast = OnnxEmbedder(folder, note)
    here = fast.agreement_here()
    if here.suffices:
        return fast
    return f"on this machine its mean cosine to the model's own vectors is {here.mean:.3f}, below {LEAST_MEAN_COSINE}"
