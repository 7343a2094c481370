"""Word files as a source: paragraphs, headings by their style, tables row by row."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from curator.errors import SourceError
from curator.text.blocks import Block, document_of
from curator.text.document import Document
from curator.text.gutenberg import open_edition

_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
_UNSEEN_STYLE = re.compile(r"toc( heading| \d)?|table of figures|header|footer", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list", re.IGNORECASE)
_OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a compound file begins: Word's format before 2007, and today's with a password."""


def read_docx(data: bytes, where: str, name: str) -> Document:
    """Make a document of a Word file.

    Paragraphs styled as headings open chapters. Deleted text that is still tracked, headers, footers and Word's own
    tables of contents go; inserted text stays.

    Args:
        data: the file's bytes.
        where: the file, for the error text.
        name: the document's name.

    Returns:
        The document.

    Raises:
        SourceError: python-docx is missing, or the file is no Word file, damaged, or protected by a password.
    """
    try:
        import docx
        from docx.opc.exceptions import OpcError
    except ImportError as error:
        raise SourceError(f"{where}: Word files need python-docx: pip install 'instruct-curator[docs]'") from error
    from lxml.etree import XMLSyntaxError

    if data.startswith(_OLD_WORD):
        raise SourceError(
            f"{where} is a Word file of the old kind, or protected by a password; save it as .docx without one"
        )
    try:
        file = docx.Document(io.BytesIO(data))
        blocks = list(_blocks(file))
    except (OpcError, XMLSyntaxError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise SourceError(f"{where} is no Word file, or is damaged: {error}; save it again as .docx") from error
    stated = file.core_properties
    edition, own = open_edition(blocks, title=stated.title.strip(), author=stated.author.strip())
    return document_of(own, name, title=edition.title, author=edition.author)


def _blocks(container: Any) -> Iterator[Block]:
    from docx.table import Table

    for item in container.iter_inner_content():
        if isinstance(item, Table):
            yield from _rows(item)
            continue
        text = _text(item)
        style = (item.style.name if item.style is not None else "") or ""
        if not text or _UNSEEN_STYLE.fullmatch(style):
            continue
        heading = _HEADING_STYLE.fullmatch(style)
        if _LIST_STYLE.match(style):
            text = f"- {text}"
        yield Block(text, int(heading[1]) if heading else int(style == "Title"))


def _rows(table: Any) -> Iterator[Block]:
    rows = []
    for row in table.rows:
        cells = [" ".join(filter(None, map(_text, cell.paragraphs))) for cell in row.cells]
        if any(cells):
            rows.append(" | ".join(cells))
    if rows:
        yield Block("\n".join(rows))


def _text(paragraph: Any) -> str:
    from docx.oxml.ns import qn

    said = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    text = qn("w:t")
    # Tracked insertions and links hold runs of their own, which `paragraph.text` does not all see.
    pieces = [(node.text or "") if node.tag == text else said.get(node.tag, "") for node in paragraph._p.iter()]
    return "\n".join(" ".join(line.split()) for line in "".join(pieces).split("\n")).strip()
