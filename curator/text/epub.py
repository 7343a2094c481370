"""E-books (EPUB 2 and 3) as a source: the pages of the spine, in its order."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from curator.errors import SourceError
from curator.text.blocks import Block, document_of
from curator.text.document import Document
from curator.text.gutenberg import open_edition
from curator.text.html import parse_page
from curator.text.zip_damage import ZIP_DAMAGE

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})
_SKIPPED_GUIDES = frozenset({"cover", "toc", "loi", "lot", "copyright-page", "index"})
_LARGEST_PAGE_BYTES = 64 << 20


class _Package(NamedTuple):
    """What the package file says: the book's title and author, and its pages in order."""

    title: str
    author: str
    pages: list[str]


def read_epub(data: bytes, where: str, name: str) -> Document:
    """Make a document of an e-book.

    The pages come in the order of the spine; the cover, the navigation page and what the book's guide calls a table
    of contents are left out. For what counts on a page, see `read_html`.

    Args:
        data: the file's bytes.
        where: the file, for the error text.
        name: the document's name.

    Returns:
        The document.

    Raises:
        SourceError: the file is no EPUB, is damaged, or is protected.
    """
    with _opened(data, where) as book:
        package = _package(book, where)
        blocks = [block for page in package.pages for block in _blocks(book, page, where)]
    edition, own = open_edition(blocks, title=package.title, author=package.author)
    return document_of(own, name, title=edition.title, author=edition.author)


def _opened(data: bytes, where: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except ZIP_DAMAGE as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> SourceError:
    return SourceError(f"{where} is no EPUB, or is damaged: {error}; get the file again")


def _blocks(book: zipfile.ZipFile, page: str, where: str) -> Iterator[Block]:
    yield from parse_page(_member(book, page, where), f"{where}, page {page}").blocks


def _package(book: zipfile.ZipFile, where: str) -> _Package:
    if _RIGHTS in book.namelist():
        raise SourceError(f"{where} is protected against copying (DRM); give a file without protection")
    root = _xml(book, _CONTAINER, where).find(".//{*}rootfile")
    path = unquote(root.get("full-path", "")) if root is not None else ""
    package = _xml(book, path, where)
    folder = posixpath.dirname(path)
    guides = package.iterfind(".//{*}guide/{*}reference")
    left_out = {_path(folder, item) for item in guides if item.get("type") in _SKIPPED_GUIDES}
    items = {
        item.get("id"): _path(folder, item)
        for item in package.iterfind(".//{*}manifest/{*}item")
        if item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split()
    }
    spine = [items.get(item.get("idref")) for item in package.iterfind(".//{*}spine/{*}itemref")]
    pages = [page for page in spine if page and page not in left_out]
    if not pages:
        raise SourceError(f"{where} is damaged: its package file {path} names no pages to read; get the file again")
    return _Package(_stated(package, "title"), _stated(package, "creator"), pages)


def _path(folder: str, item: Any) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "").partition("#")[0])))


def _stated(package: Any, key: str) -> str:
    return " ".join((package.findtext(f".//{{*}}metadata/{{*}}{key}") or "").split())


def _xml(book: zipfile.ZipFile, path: str, where: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        return etree.fromstring(_member(book, path, where), parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(f"{where} is damaged: {path} is no XML ({error}); get the file again") from error


def _member(book: zipfile.ZipFile, path: str, where: str) -> bytes:
    try:
        info = book.getinfo(path)
    except KeyError:
        raise SourceError(f"{where} is no EPUB, or is damaged: it holds no {path or _CONTAINER}") from None
    if info.flag_bits & 1:
        raise SourceError(f"{where} is protected by a password; give a file without one")
    if info.file_size > _LARGEST_PAGE_BYTES:
        raise SourceError(f"{where}: {path} would unpack to {info.file_size >> 20} MB; no page of a book is that large")
    try:
        return book.read(info)
    except ZIP_DAMAGE as error:
        raise _damaged(where, error) from error
