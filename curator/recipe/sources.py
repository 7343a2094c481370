"""The documents that a recipe names."""

from __future__ import annotations

from pathlib import Path

from curator.errors import SourceError
from curator.recipe.model import Recipe
from curator.text.document import Document
from curator.text.readers import SUFFIXES, is_readable, read_document


def read_sources(recipe: Recipe) -> tuple[Document, ...]:
    """Read every document that a recipe names, in the order in which it names them.

    Args:
        recipe: the recipe; a source may be a pattern such as `sources/*.md`, whose matches come sorted, or a folder:
            all files in it and below it that there is a reader for, sorted, without hidden ones.

    Returns:
        The documents, each once.

    Raises:
        SourceError: a source is missing, is no pattern, matches nothing, is a folder without a readable file, or
            cannot be read.
    """
    paths: dict[Path, str] = {}
    for source in recipe.sources:
        for path in _matches(recipe.folder, source):
            paths.setdefault(_resolved(path), _name(path, recipe.folder))
    return tuple(read_document(path, name) for path, name in paths.items())


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads back to itself
        raise SourceError(f"{path} cannot be read: {error}") from error


def _matches(folder: Path, source: str) -> list[Path]:
    path = folder / source
    if path.is_dir():
        return _in_folder(path)
    if path.exists() or not any(sign in source for sign in "*?["):
        return [path]
    root = Path(path.anchor) if Path(source).is_absolute() else folder
    pattern = str(path.relative_to(root))
    try:
        found = sorted(match for match in root.glob(pattern) if match.is_file() and not match.name.startswith("."))
    except ValueError as error:
        raise SourceError(
            f"the source {source!r} is no pattern: {error}; write `**` for any folders, as in `sources/**/*.md`"
        ) from error
    if not found:
        raise SourceError(f"the source {source!r} matches no file in {folder.absolute()}; put your documents there")
    return found


def _in_folder(folder: Path) -> list[Path]:
    """Return a folder's readable files; others, such as pictures beside a text, are no sources and no mistake."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _is_hidden(path.relative_to(folder))]
    found = [path for path in files if is_readable(path)]
    if not found:
        others = ", ".join(sorted({path.suffix or "files without suffix" for path in files})) or "nothing"
        raise SourceError(f"{folder} holds no file that can be read: {others}; known suffixes: {', '.join(SUFFIXES)}")
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _name(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return path.as_posix()
