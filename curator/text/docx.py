"""Word files as a source: paragraphs, headings by their style, tables row by row."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from curator.errors import SourceError
from curator.text.blocks import Block, document_of
from curator.text.document import Document
from curator.text.gutenberg import open_edition
from curator.text.zip_damage import ZIP_DAMAGE

_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_UNSEEN_STYLE = re.compile(r"toc( heading| \d)?|table of figures|header|footer", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list", re.IGNORECASE)
_CONTENTS_GALLERY = "Table of Contents"
_WRAPPERS = ("w:sdt", "w:sdtContent", "w:customXml", "w:smartTag", "w:ins", "w:moveTo")
_SKIPPED = ("w:pPr", "w:rPr", "w:del", "w:moveFrom")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""A drawing's or text box's second form, for old programs; it says the same again."""
_SIGNS = {"w:tab": " ", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
_ON = ("1", "true", "on")
"""How Word's XML writes yes."""
_OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a compound file begins: Word's format before 2007, and today's with a password."""


def read_docx(data: bytes, where: str, name: str) -> Document:
    """Make a document of a Word file.

    Paragraphs styled as headings open chapters. Deleted text that is still tracked, headers, footers and Word's own
    tables of contents go, and so do what a content control says before somebody fills it in and the place that
    tracked text was moved from; inserted text, filled-in controls and tables within tables stay.

    Args:
        data: the file's bytes.
        where: the file, for the error text.
        name: the document's name.

    Returns:
        The document.

    Raises:
        SourceError: python-docx is missing, or the file is no Word file, damaged, or protected by a password.
    """
    if data.startswith(_OLD_WORD):
        raise SourceError(
            f"{where} is a Word file of the old kind, or protected by a password; save it as .docx without one"
        )
    file = _opened(data, where)
    edition, own = open_edition(_blocks(file), title=file.title, author=file.author)
    return document_of(own, name, title=edition.title, author=edition.author)


class _File(NamedTuple):
    """What python-docx finds in a file.

    Attributes:
        title: the book's title, as the file's properties state it, or "".
        author: its author, likewise.
        body: the XML element that holds the text.
        styles: the XML elements that define styles, of every kind.
    """

    title: str
    author: str
    body: Any
    styles: list[Any]


def _opened(data: bytes, where: str) -> _File:
    """Have python-docx take a file apart; damage shows here, and what is raised behind it is no damage."""
    try:
        import docx
        from docx.opc.exceptions import OpcError
    except ImportError as error:
        raise SourceError(f"{where}: Word files need python-docx: pip install 'instruct-curator[docs]'") from error
    from lxml.etree import XMLSyntaxError

    try:
        file = docx.Document(io.BytesIO(data))
        stated, body, styles = file.core_properties, file.element.body, file.styles.element.style_lst
        title, author = stated.title.strip(), stated.author.strip()
    except (OpcError, XMLSyntaxError, KeyError, AttributeError, TypeError, *ZIP_DAMAGE) as error:
        # AttributeError and TypeError are how python-docx says that a part is of another kind, or lacks something.
        raise SourceError(f"{where} is no Word file, or is damaged: {error}; save it again as .docx") from error
    if body is None:
        raise SourceError(f"{where} is no Word file, or is damaged: it has no body; save it again as .docx")
    return _File(title, author, body, styles)


def _style_names(styles: list[Any]) -> dict[str, str]:
    """Return the names of paragraph styles by their ids; by "" that of the default one."""
    from docx.oxml.ns import qn

    names = {"": ""}
    for style in styles:
        if style.get(qn("w:type")) == "paragraph":
            stated = style.find(qn("w:name"))
            name = stated.get(qn("w:val"), "") if stated is not None else ""
            names.setdefault(style.get(qn("w:styleId"), ""), name)
            if style.get(qn("w:default")) in _ON:
                names[""] = name
    return names


def _blocks(file: _File) -> Iterator[Block]:
    from docx.oxml.ns import qn

    names = _style_names(file.styles)
    for item in _content(file.body):
        if item.tag == qn("w:tbl"):
            rows = [" | ".join(cells) for cells in _rows(item) if any(cells)]
            if rows:
                yield Block("\n".join(rows))
            continue
        text = _text(item)
        stated = item.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        style = names.get(stated.get(qn("w:val")) if stated is not None else "", names[""])
        if not text or _UNSEEN_STYLE.fullmatch(style):
            continue
        heading = _HEADING_STYLE.fullmatch(style)
        if _LIST_STYLE.match(style):
            text = f"- {text}"
        yield Block(text, int(heading[1]) if heading else int(style == "Title"))


def _content(holder: Any, *kinds: str) -> Iterator[Any]:
    """Yield what a body, table, row or cell holds of these kinds, also where a content control is wrapped around it."""
    from docx.oxml.ns import qn

    wanted = {qn(kind) for kind in kinds or ("w:p", "w:tbl")}
    wrappers = {qn(tag) for tag in _WRAPPERS}
    for item in holder.iterchildren():
        if item.tag in wanted:
            yield item
        elif item.tag in wrappers and not _is_unsaid(item):
            yield from _content(item, *kinds)


def _is_unsaid(item: Any) -> bool:
    """Return whether a content control holds what nobody wrote: Word's table of contents, "click here to enter"."""
    from docx.oxml.ns import qn

    gallery = item.find(f"{qn('w:sdtPr')}/{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
    placeholder = item.find(f"{qn('w:sdtPr')}/{qn('w:showingPlcHdr')}")
    return placeholder is not None or (gallery is not None and gallery.get(qn("w:val")) == _CONTENTS_GALLERY)


def _rows(table: Any) -> Iterator[list[str]]:
    """Yield each row's cells, each once however many columns it spans; a table in a cell is part of its text."""
    for row in _content(table, "w:tr"):
        yield [_cell(cell) for cell in _content(row, "w:tc")]


def _cell(cell: Any) -> str:
    from docx.oxml.ns import qn

    texts: list[str] = []
    for item in _content(cell):
        inner = [" ".join(filter(None, cells)) for cells in _rows(item)] if item.tag == qn("w:tbl") else [_text(item)]
        texts += inner
    return " ".join(" ".join(texts).split())


def _text(paragraph: Any) -> str:
    from docx.oxml.ns import qn

    signs = {qn(tag): sign for tag, sign in _SIGNS.items()}
    skipped = {qn(tag) for tag in _SKIPPED} | {_FALLBACK}
    lines = "".join(_pieces(paragraph, signs, skipped)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def _pieces(node: Any, signs: Mapping[str, str], skipped: Collection[str]) -> Iterator[str]:
    # Tracked insertions, links and text boxes hold runs of their own, which `paragraph.text` does not all see.
    from docx.oxml.ns import qn

    for child in node.iterchildren():
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in signs:
            yield signs[child.tag]
        elif child.tag not in skipped and not _is_unsaid(child):
            if child.tag == qn("w:p"):  # in a text box
                yield "\n"
            yield from _pieces(child, signs, skipped)
            if child.tag == qn("w:txbxContent"):
                yield "\n"
