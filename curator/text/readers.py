"""Source files become documents: read, cleaned, and divided into chapters.

A new kind of file is a function from an open file to a document, and one line in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from curator.errors import SourceError
from curator.text.decoding import decoded_lines
from curator.text.document import Document
from curator.text.docx import read_docx
from curator.text.epub import read_epub
from curator.text.html import read_html
from curator.text.markdown import read_markdown
from curator.text.pdf import read_pdf
from curator.text.plain_text import read_plain_text

Reader = Callable[[BinaryIO, str, str], Document]
"""Makes a document of an open file, its path (for error texts) and the document's name."""


def _of_lines(read: Callable[..., Document]) -> Reader:
    """Return a reader of files that can be read line by line, however large they are."""
    return lambda file, where, name: read(decoded_lines(file, where), name)


def _of_bytes(read: Callable[[bytes, str, str], Document]) -> Reader:
    """Return a reader of files that have to be seen whole."""
    return lambda file, where, name: read(file.read(), where, name)


_READERS: dict[str, Reader] = {
    ".docx": _of_bytes(read_docx),
    ".epub": _of_bytes(read_epub),
    ".htm": _of_bytes(read_html),
    ".html": _of_bytes(read_html),
    ".markdown": _of_lines(read_markdown),
    ".md": _of_lines(read_markdown),
    ".pdf": _of_bytes(read_pdf),
    ".txt": _of_lines(read_plain_text),
    ".xhtml": _of_bytes(read_html),
}

SUFFIXES = tuple(sorted(_READERS))
"""The kinds of files that can be read."""


def is_readable(path: Path) -> bool:
    """Return whether there is a reader for a file of this name."""
    return path.suffix.lower() in _READERS


def read_document(path: Path, name: str = "") -> Document:
    """Read a source file.

    Args:
        path: the file; its suffix says how to read it.
        name: the document's name, as the recipe gives it; the path if there is none.

    Returns:
        The document, with its clean text and its chapters.

    Raises:
        SourceError: the file is missing, a folder, of an unknown kind, damaged, protected, in an encoding that cannot
            be told, or without text; or the library for its kind is not installed.
    """
    name = name or str(path)
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name the files in it that are to be sources")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kind = path.suffix or "a file without suffix"
        raise SourceError(f"{path}: no reader for {kind!r}; known suffixes: {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            document = reader(file, str(path), name)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; sources are named relative to the workspace") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    if not document.text:
        raise SourceError(f"{path} is empty: a source needs some text")
    return document
