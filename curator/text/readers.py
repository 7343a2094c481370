"""Source files become documents: decoded, cleaned, and divided into chapters.

A new kind of file is a function from the file's bytes to a document, and one line in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from curator.errors import SourceError
from curator.text.decoding import decode
from curator.text.document import Document
from curator.text.markdown import read_markdown
from curator.text.plain_text import read_plain_text

Reader = Callable[[str, str], Document]
"""Makes a document of a file's decoded text and the document's name."""

_READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain_text,
}


def read_document(path: Path, name: str = "") -> Document:
    """Read a source file.

    Args:
        path: the file; its suffix says how to read it.
        name: the document's name, as the recipe gives it; the path if there is none.

    Returns:
        The document, with its clean text and its chapters.

    Raises:
        SourceError: the file is missing, a folder, of an unknown kind, binary, not in UTF-8 or UTF-16, or empty.
    """
    name = name or str(path)
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name the files in it that are to be sources")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(_READERS))
        raise SourceError(f"{path}: no reader for {path.suffix or 'a file without suffix'!r}; known suffixes: {known}")
    document = reader(decode(_read(path), str(path)), name)
    if not document.text:
        raise SourceError(f"{path} is empty: a source needs some text")
    return document


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; sources are named relative to the workspace") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
