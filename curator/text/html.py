"""Web pages as a source: what a reader sees of them, block by block."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from curator.errors import SourceError
from curator.text.blocks import Block, document_of
from curator.text.decoding import decode
from curator.text.document import Document
from curator.text.gutenberg import open_edition

_UNSEEN = frozenset(
    """script style noscript template head nav footer aside button select textarea svg math canvas iframe object
    audio video figure figcaption rp rt""".split()
)
_UNSEEN_CLASSES = frozenset("caption pagenum pageno pagebreak toc transnote tnote visually-hidden sr-only".split())
_UNSEEN_ROLES = frozenset("navigation banner contentinfo complementary search doc-toc doc-pagebreak".split())
_UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q ruby s samp small span
    strike strong sub sup time tt u var wbr td th""".split()
)
_HEADING = re.compile(r"h([1-6])")
_WHITE_SPACE = re.compile(r"[^\S\xa0]+")
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]+)|<\?xml[^>]{0,80}?encoding=["']([\w-]+)""", re.I
)
_DECLARED_BYTES = 2048
_MEANT = {
    "utf8": "utf-8",
    "utf-16": "utf-8",  # what can be read before it is decoded is not in UTF-16
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
}
"""What declared encodings mean on the web, by the WHATWG's Encoding Standard."""
_BLANKS = re.compile(" {2,}")
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


class Page(NamedTuple):
    """A web page's parts.

    Attributes:
        title: what its head calls it, or "".
        author: whom its head names as its author, or "".
        blocks: its paragraphs and headings.
    """

    title: str
    author: str
    blocks: list[Block]


def read_html(data: bytes, where: str, name: str) -> Document:
    """Make a document of a web page.

    Scripts, styles, navigation, figures, forms, footers, tables of contents and what is hidden (by the attribute
    `hidden`, `aria-hidden` or its own style) go; style sheets are not read. Headings open chapters. A list's entries
    begin with "- ", the cells of a table's row are joined by " | ".

    Args:
        data: the file's bytes, in UTF-8, UTF-16 with its mark, or the encoding that the page declares.
        where: the file, for the error text.
        name: the document's name.

    Returns:
        The document.

    Raises:
        SourceError: the bytes are no text, or the declared encoding is unknown or wrong.
    """
    page = parse_page(data, where)
    edition, blocks = open_edition(page.blocks, title=page.title, author=page.author)
    return document_of(blocks, name, title=edition.title, author=edition.author)


def parse_page(data: bytes, where: str) -> Page:
    """Take a web page apart.

    Args:
        data: the page's bytes.
        where: the file, for the error text.

    Returns:
        What a reader sees of it.

    Raises:
        SourceError: the bytes are no text, the declared encoding is unknown or wrong, or the page is absurdly deep.
    """
    from lxml import etree

    text = _XML_DECLARATION.sub("", _decoded(data, where), count=1)
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(text.encode(), parser) if text.strip() else None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise SourceError(f"{where}: its elements are nested too deep to be a page that somebody reads")
    if root is None:
        return Page("", "", [])
    body = root.find(".//main")
    if body is None:
        body = root.find("body")
    title = root.findtext("head/title") or ""
    author = next((meta.get("content", "") for meta in root.iter("meta") if meta.get("name") == "author"), "")
    blocks = list(_blocks(root if body is None else body))
    return Page(" ".join(title.split()), " ".join(author.split()), blocks)


def _decoded(data: bytes, where: str) -> str:
    declared = _DECLARED.search(data[:_DECLARED_BYTES])
    if declared is None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data, where)
    encoding = (declared[1] or declared[2]).decode().lower()
    encoding = _MEANT.get(encoding, encoding)
    if encoding == "utf-8":
        return decode(data, where)
    try:
        return decode(data.decode(encoding).encode(), where)
    except (LookupError, UnicodeError) as error:
        raise SourceError(f"{where} declares itself as {encoding}, but cannot be read so: {error}") from error


def _blocks(body: Any) -> Iterator[Block]:
    """Walk through the elements; wherever one that is no part of a line begins or ends, a block ends."""
    pieces: list[str] = []
    level = preformatted = 0
    for event, element in _walk(body):
        tag = str(element.tag)
        if tag not in _INLINE and tag != "br":
            yield from _block(pieces, level, preformatted)
            pieces = []
        heading = _HEADING.fullmatch(tag)
        if event == "start":
            level = int(heading[1]) if heading else level
            preformatted += tag == "pre"
            pieces.append(_opening(tag, pieces) + _inner(element.text, preformatted))
            continue
        if event == "end":
            level = 0 if heading else level
            preformatted -= tag == "pre"
        pieces.append(_inner(element.tail, preformatted))
    yield from _block(pieces, level, preformatted)


def _walk(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield the start and the end of every element that is seen; "unseen" for one whose tail alone is."""
    from lxml import etree

    walk = etree.iterwalk(body, events=("start", "end"))
    unseen = None
    for event, element in walk:
        if element is body and event == "end":
            return  # what stands behind the body is no part of it
        if event == "start" and element is not body and _is_unseen(element):
            walk.skip_subtree()
            unseen = element
        elif element is unseen:
            yield "unseen", element
        else:
            yield event, element


def _is_unseen(element: Any) -> bool:
    if element.tag in _UNSEEN or element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if element.get("role") in _UNSEEN_ROLES or _UNSEEN_STYLE.search(element.get("style", "")):
        return True
    return bool(_UNSEEN_CLASSES & {element.get("id", ""), *element.get("class", "").lower().split()})


def _opening(tag: str, pieces: list[str]) -> str:
    if tag == "br":
        return "\n"
    if tag == "li":
        return "- "
    return " | " if tag in ("td", "th") and "".join(pieces).strip() else ""


def _inner(text: str | None, preformatted: int) -> str:
    if not text:
        return ""
    return text if preformatted else _WHITE_SPACE.sub(" ", text)


def _block(pieces: list[str], level: int, preformatted: int) -> Iterator[Block]:
    text = "".join(pieces)
    if not preformatted:
        text = "\n".join(_BLANKS.sub(" ", line).strip(" ") for line in text.split("\n"))
    if text.strip(" -|\n\xa0"):
        yield Block(text.strip("\n"), level)
