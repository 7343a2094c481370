"""Files become documents, or an error says what is wrong with them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from curator.errors import SourceError
from curator.text.document import Document
from curator.text.readers import read_document

TEXT = "Größe 😀 “quoted”."


def read(folder: Path, data: bytes | str, name: str = "a.txt") -> Document:
    """Write a file and read it."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_document(path, name)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.MARKDOWN"])
def test_encodings(tmp_path: Path, data: bytes, name: str) -> None:
    document = read(tmp_path, data, name)
    assert document == Document(name=name, text=TEXT, title="a")


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        ("Größe".encode("cp1252"), "a.txt", ("byte 2", "iconv -f WINDOWS-1252")),
        (b"%PDF\0\0", "a.txt", ("binary", "byte 4")),
        (b"\x01\x02\x03abc", "a.txt", ("binary", "control characters")),
        (b"", "a.txt", ("empty",)),
        (b" \n\t\r\n", "a.md", ("empty",)),
        (codecs.BOM_UTF8, "a.md", ("empty",)),
        (b"x", "a.doc", ("no reader for '.doc'", ".docx, .epub, .htm")),
        (b"x", "a", ("file without suffix",)),
        (codecs.BOM_UTF16_LE + b"a\0\0\0", "a.txt", ("binary", "character 1")),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\0", "a.txt", ("UTF-16-LE", "byte 2")),
        (b"a\xed\xa0\x80", "a.txt", ("UTF-8", "byte 1")),
    ],
)
def test_bad_files(tmp_path: Path, data: bytes, name: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, data, name)
    for word in (*words, str(tmp_path / name)):
        assert word in str(error.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        read_document(tmp_path / "no.txt")
    with pytest.raises(SourceError, match="is a folder"):
        read_document(tmp_path)


def test_the_path_is_the_default_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    assert read_document(path).name == str(path)


def test_line_ends_become_one_kind(tmp_path: Path) -> None:
    text = read(tmp_path, "a\r\n\r\nb\r\rc\x0c\x0cd\u2029\u2029e").text
    assert text == "a\n\nb\n\nc\n\nd\n\ne"


def test_hard_wrapped_lines_are_joined(tmp_path: Path) -> None:
    wrapped = (
        "It is a truth universally\nacknowledged, that a well-\nknown man must be in want.\n\n\n Second\nparagraph."
    )
    assert read(tmp_path, wrapped).text == (
        "It is a truth universally acknowledged, that a well-known man must be in want.\n\nSecond paragraph."
    )


def test_lists_and_short_lines_keep_their_breaks(tmp_path: Path) -> None:
    text = "You need the following things for the trip:\n- a map\n2. a rope that is\n   long\nJohn\nLondon Street"
    assert read(tmp_path, text).text == (
        "You need the following things for the trip:\n- a map\n2. a rope that is\nlong\nJohn\nLondon Street"
    )


def test_plain_text_chapters(tmp_path: Path) -> None:
    text = (
        "The Long Walk\n\nCHAPTER I\n\nCHAPTER II\n\nPreface text.\n\nCHAPTER I.\n\nHe woke.\nHe slept.\n\n"
        "Chapter 3: The Road\nPart 2 of the plan failed.\n\nPart 2\n\nThe end came. Chapter 9 was lost.\n"
    )
    document = read(tmp_path, text)
    assert document.title == "The Long Walk"
    assert [chapter.title for chapter in document.chapters] == [
        "CHAPTER II", "CHAPTER I", "Chapter 3: The Road", "Part 2",
    ]  # fmt: skip
    bodies = [document.text[chapter.start : chapter.end] for chapter in document.chapters]
    assert bodies[1] == "CHAPTER I.\n\nHe woke. He slept."
    assert bodies[2] == "Chapter 3: The Road\n\nPart 2 of the plan failed."


@pytest.mark.parametrize(
    ("text", "title", "chapters"),
    [
        ("# Book\n\nintro\n\n## One\n\na\n\n## Two\n\nb", "Book", ["One", "Two"]),
        ("# One\n\na\n\n# Two\n\nb", "a", ["One", "Two"]),
        ("Book\n====\n\nOne\n---\n\na\n\nTwo\n---\n\nb", "Book", ["One", "Two"]),
        ("# Book\n\n## Only\n\n### Deep\n\na\n\n### Deeper\n\nb", "Book", ["Only", "Deep", "Deeper"]),
        ("# Book\n\n## Only\n\na", "Book", ["Only"]),
        ("# Book\n\na", "Book", []),
        ("no heading", "a", []),
        ("# Book\n\n```\n# code\n## code\n```\n\n## `One` *x*\n\na\n\n## Two", "Book", ["One x", "Two"]),
        ("---\ntitle: 'My Book'\ntags: [a]\n---\n## One\n\n## Two", "My Book", ["One", "Two"]),
        ("## A\n\n## B\n\n# Appendix\n\nx", "a", ["A", "B", "Appendix"]),
        ("#hashtag\n\n> # quoted\n\n- # item", "a", []),
    ],
)
def test_markdown_chapters(tmp_path: Path, text: str, title: str, chapters: list[str]) -> None:
    document = read(tmp_path, text, "a.md")
    assert document.title == title
    assert [chapter.title for chapter in document.chapters] == chapters
    for chapter in document.chapters:
        assert document.text[chapter.start : chapter.end].lstrip("# `").startswith(chapter.title[:3])


def test_markdown_keeps_a_rule_at_the_top(tmp_path: Path) -> None:
    assert read(tmp_path, "---\n\nA text.\n\n---\n", "a.md").text == "---\n\nA text.\n\n---"
