"""Short pieces of source code, drawn from files, for a model to take an idea from.

Source: Wei et al. 2023, "Magicoder: Empowering Code Generation with OSS-Instruct", arXiv 2312.02120, section 2: a
random run of 1 to 15 lines of a file that people wrote.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from curator.errors import StageError
from curator.stage import Context
from curator.text.decoding import decode
from curator.text.readers import is_readable, read_document

MOST_LINES = 15
MOST_REDRAWS = 10
"""How often a snippet that says nothing, or was drawn before, is drawn anew."""

FENCES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".cs": "csharp",
    ".rb": "ruby",
    ".php": "php",
    ".sh": "bash",
    ".sql": "sql",
    ".swift": "swift",
    ".kt": "kotlin",
    ".r": "r",
    ".jl": "julia",
}
"""The languages that are known by their files' endings; what other files hold is taken for plain text."""


class CodeFile(msgspec.Struct, frozen=True):
    """A file of source code: its name, its language ("" for text) and its lines."""

    name: str
    language: str
    lines: tuple[str, ...]


class Snippet(msgspec.Struct, frozen=True):
    """A run of lines of a file; `first` and `last` count from 1."""

    file: CodeFile
    first: int
    last: int

    @property
    def text(self) -> str:
        """The lines."""
        return "\n".join(self.file.lines[self.first - 1 : self.last])


def read_code(path: Path) -> tuple[CodeFile, ...]:
    """Read source code.

    Args:
        path: a file, of source code or a document; a folder, of which all files with an ending of source code are read,
            sorted; or a pattern (`src/**/*.py`).

    Returns:
        The files that hold something.

    Raises:
        StageError: there is no such file, none with a known ending, or one that cannot be read.
    """
    if path.is_file():
        paths, root = [path], path.parent
    elif path.is_dir():
        paths, root = sorted(found for found in path.rglob("*") if found.suffix.lower() in FENCES), path
    else:
        fixed = [part for part in path.parts if not set(part) & set("*?[")]
        root = Path(*fixed) if len(fixed) < len(path.parts) else path.parent
        pattern = "/".join(path.parts[len(root.parts) :])
        paths = sorted(found for found in root.glob(pattern) if found.is_file()) if pattern else []
    files = (_read(found, found.relative_to(root).as_posix()) for found in paths if found.is_file())
    kept = tuple(file for file in files if any(_says_something(line) for line in file.lines))
    if not kept:
        raise StageError(f"code: there is no source code at {path}; name a file, a folder or a pattern as src/**/*.py")
    return kept


def from_documents(context: Context) -> tuple[CodeFile, ...]:
    """Return the run's documents as files of text: any writing may give an idea for a program."""
    files = (CodeFile(document.name, "", tuple(document.text.splitlines())) for document in context.documents)
    return tuple(file for file in files if any(_says_something(line) for line in file.lines))


def snippets(files: tuple[CodeFile, ...], each: int, context: Context) -> Iterator[Snippet]:
    """Yield snippets, one of each file in turn.

    Args:
        files: where from.
        each: how many of a file at most; one that has no more that differ gives fewer.
        context: lends the randomness.

    Yields:
        Snippets that differ in more than blank space.
    """
    drawn: set[str] = set()
    for turn in range(each):
        for file in files:
            rng = context.random("snippet", file.name, turn)
            for _redraw in range(MOST_REDRAWS):
                snippet = _draw(file, rng)
                form = "".join(snippet.text.split())
                if form not in drawn and _says_something(snippet.text):
                    drawn.add(form)
                    yield snippet
                    break


def _draw(file: CodeFile, rng: random.Random) -> Snippet:
    length = min(rng.randint(1, MOST_LINES), len(file.lines))
    first = rng.randint(1, len(file.lines) - length + 1)
    return Snippet(file, first, first + length - 1)


def _says_something(text: str) -> bool:
    return sum(character.isalnum() for character in text) >= 8


def _read(path: Path, name: str) -> CodeFile:
    if path.suffix.lower() not in FENCES and is_readable(path):
        return CodeFile(name, "", tuple(read_document(path).text.splitlines()))
    try:
        text = decode(path.read_bytes(), str(path))
    except OSError as error:
        raise StageError(f"code: {path} cannot be read: {error.strerror or error}") from error
    return CodeFile(name, FENCES.get(path.suffix.lower(), ""), tuple(text.splitlines()))
