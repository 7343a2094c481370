"""A whole novel, as every kind of file, becomes the same clean text with 61 chapters."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from curator.text.chunks import chunk_document
from curator.text.document import Document
from curator.text.readers import read_document
from curator.text.words import words
from tests.books import CHAPTERS, FOREIGN, as_docx, as_epub, as_html, as_pdf, novel, pride_and_prejudice


def as_txt(text: str, path: Path) -> Path:
    """Write `text` as it is."""
    path.write_text(text, encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[str, Path], Path]] = {
    "txt": as_txt,
    "html": as_html,
    "epub": as_epub,
    "pdf": as_pdf,
    "docx": as_docx,
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """Read the novel from every kind of file."""
    folder = tmp_path_factory.mktemp("books")
    text = pride_and_prejudice()
    return {kind: read_document(write(text, folder / f"pride.{kind}"), kind) for kind, write in WRITERS.items()}


@pytest.mark.parametrize("kind", WRITERS)
def test_it_has_its_61_chapters_and_no_other(kind: str, books: dict[str, Document]) -> None:
    book = books[kind]
    assert [chapter.title for chapter in book.chapters] == [f"Chapter {number}" for number in range(1, CHAPTERS + 1)]
    first = book.chapters[0]
    assert book.text[first.start : first.end].startswith("Chapter 1\n\nIt is a truth universally acknowledged,")
    assert all(chapter.end - chapter.start > 3000 for chapter in book.chapters)


@pytest.mark.parametrize("kind", WRITERS)
def test_title_and_author_are_known(kind: str, books: dict[str, Document]) -> None:
    assert (books[kind].title, books[kind].author) == ("Pride and Prejudice", "Jane Austen")


@pytest.mark.parametrize("kind", WRITERS)
def test_chunks_say_nothing_that_is_not_the_novels(kind: str, books: dict[str, Document]) -> None:
    book = books[kind]
    chunks = list(chunk_document(book))
    assert len(chunks) > 700
    for chunk in chunks:
        assert book.text[chunk.start : chunk.end] == chunk.text
        assert [word for word in FOREIGN if word in chunk.text.casefold()] == []
    assert "_" not in book.text


@pytest.mark.parametrize("kind", WRITERS)
def test_no_word_of_the_novel_is_lost(kind: str, books: dict[str, Document]) -> None:
    book = books[kind]
    read = words(book.text[book.chapters[0].start :])
    assert read[-2:] == ["the", "end"]
    assert read[:-2] == words(novel().replace("_", ""))


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "txt"])
def test_paragraphs_are_the_same_from_every_kind(kind: str, books: dict[str, Document]) -> None:
    wanted, found = (books[name].text.split("\n\n") for name in ("txt", kind))
    alike = SequenceMatcher(None, wanted, found, autojunk=False).ratio()
    assert alike > 0.99
