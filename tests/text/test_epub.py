"""E-books are read in the order of their spine; what is wrong with them is said."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from curator.errors import SourceError
from curator.text.readers import read_document
from tests.books import as_epub

TEXT = "A preamble.\n\nChapter 1\n\nHe woke.\n\nChapter 2\n\nHe slept."


def changed(path: Path, changes: dict[str, bytes | None]) -> Path:
    """Replace members of an e-book, or take them out."""
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, data in (members | changes).items():
            if data is not None:
                book.writestr(name, data)
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a small e-book."""
    return as_epub(TEXT, tmp_path / "a.epub")


def test_the_spine_orders_and_navigation_and_cover_are_left_out(book: Path) -> None:
    document = read_document(book, "a.epub")
    assert document.text == TEXT
    assert (document.title, document.author) == ("Pride and Prejudice", "Jane Austen")
    assert [chapter.title for chapter in document.chapters] == ["Chapter 1", "Chapter 2"]


def test_what_the_guide_calls_contents_is_left_out(book: Path) -> None:
    with zipfile.ZipFile(book) as opened:
        package = opened.read("OEBPS/content.opf")
    guide = b'<guide><reference type="toc" href="text/000.xhtml#top"/></guide></package>'
    changed(book, {"OEBPS/content.opf": package.replace(b"</package>", guide)})
    assert read_document(book).text == TEXT.removeprefix("A preamble.\n\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"META-INF/container.xml": None}, "holds no META-INF/container.xml"),
        ({"META-INF/container.xml": b"<a"}, "META-INF/container.xml is no XML"),
        ({"META-INF/container.xml": b"<a/>"}, "holds no META-INF/container.xml"),
        ({"OEBPS/content.opf": None}, "holds no OEBPS/content.opf"),
        ({"OEBPS/content.opf": b"<package/>"}, "names no pages"),
        ({"OEBPS/text/001.xhtml": None}, "holds no OEBPS/text/001.xhtml"),
        ({"OEBPS/text/001.xhtml": b"\xff\xfe\xfa"}, "page OEBPS/text/001.xhtml"),
        ({"META-INF/rights.xml": b"<rights/>"}, "DRM"),
        ({f"OEBPS/text/{number:03}.xhtml": b"<html><body/></html>" for number in range(3)}, "is empty"),
    ],
)
def test_a_damaged_book_is_one_clear_error(book: Path, changes: dict[str, bytes | None], said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        read_document(changed(book, changes))
    assert str(book) in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all", b"cut"])
def test_what_is_no_zip(book: Path, data: bytes) -> None:
    book.write_bytes(book.read_bytes()[:500] if data == b"cut" else data)
    with pytest.raises(SourceError, match="no EPUB"):
        read_document(book)


@pytest.mark.parametrize("field", [6, 8, 10], ids=["version", "password", "compression"])
def test_a_zip_of_an_unknown_kind(book: Path, field: int) -> None:
    data = bytearray(book.read_bytes())
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        data[place + field] = 97
        place = data.find(b"PK\x01\x02", place + 4)
    book.write_bytes(data)
    with pytest.raises(SourceError, match=r"no EPUB, or is damaged|protected by a password"):
        read_document(book)


def test_entities_of_the_package_are_not_followed(book: Path) -> None:
    secret = book.with_name("secret")
    secret.write_text("planted")
    with zipfile.ZipFile(book) as opened:
        package = opened.read("OEBPS/content.opf").decode()
    planted = f'<!DOCTYPE package [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    package = package.replace('<?xml version="1.0"?>', f'<?xml version="1.0"?>{planted}')
    changed(book, {"OEBPS/content.opf": package.replace("Jane Austen", "&x;").encode()})
    assert "planted" not in read_document(book).author


def test_a_page_that_would_fill_the_memory_is_refused(book: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb, zipfile.ZipFile(book) as opened:
        for name in opened.namelist():
            bomb.writestr(name, b" " * (65 << 20) if name.endswith("001.xhtml") else opened.read(name))
    book.write_bytes(packed.getvalue())
    with pytest.raises(SourceError, match="would unpack to 65 MB"):
        read_document(book)
