"""PDF as a source: lines with their places on the page become paragraphs, bookmarks become chapters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curator.errors import SourceError
from curator.text.blocks import Block, document_of
from curator.text.document import Document
from curator.text.gutenberg import open_edition
from curator.text.typeset import Bookmark, Line, paragraphs

_LETTERS_A_PAGE = 8
"""With fewer on the average page, what one sees is a picture of a text."""


def read_pdf(data: bytes, where: str, name: str) -> Document:
    """Make a document of a PDF.

    Running heads and page numbers go, words divided at a line's end are joined, lines become paragraphs. Bookmarks
    open chapters; without them, lines such as "CHAPTER I" do.

    Args:
        data: the file's bytes.
        where: the file, for the error text.
        name: the document's name.

    Returns:
        The document.

    Raises:
        SourceError: pypdfium2 is missing, or the file is no PDF, damaged, protected by a password, or scanned without
            a layer of text.
    """
    file = _opened(data, where)
    from pypdfium2 import PdfiumError

    try:
        pages = [list(_lines(file, number)) for number in range(len(file))]
        letters = sum(len(line.text) for page in pages for line in page)
        if letters < _LETTERS_A_PAGE * len(pages):
            raise SourceError(
                f"{where} holds pictures of {len(pages)} pages, and hardly any text: it was scanned; run a text "
                f"recognition on it first, as in: ocrmypdf {name} recognised.pdf"
            )
        stated = file.get_metadata_dict(skip_empty=True)
        blocks: Iterator[Block] = paragraphs(pages, list(_bookmarks(file)))
    except PdfiumError as error:
        raise SourceError(f"{where} is damaged: {error}; get the file again") from error
    finally:
        file.close()
    edition, own = open_edition(blocks, title=_tidy(stated.get("Title", "")), author=_tidy(stated.get("Author", "")))
    return document_of(own, name, title=edition.title, author=edition.author)


def _opened(data: bytes, where: str) -> Any:
    try:
        import pypdfium2
        from pypdfium2.raw import FPDF_ERR_PASSWORD
    except ImportError as error:
        raise SourceError(f"{where}: PDFs need pypdfium2: pip install 'instruct-curator[docs]'") from error
    try:
        file = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == FPDF_ERR_PASSWORD:
            raise SourceError(
                f"{where} is protected by a password; save it without one, as in: qpdf --decrypt --password=... "
                f"{where} open.pdf"
            ) from error
        raise SourceError(f"{where} is no PDF, or is damaged: {error}; get the file again") from error
    if len(file) == 0:
        file.close()
        raise SourceError(f"{where} is damaged: it holds no page; get the file again")
    return file


def _lines(file: Any, number: int) -> Iterator[Line]:
    """Yield a page's lines in the order of the file: runs of one line that lie side by side are joined."""
    from pypdfium2.raw import FPDFText_GetFontSize

    page = file[number]
    try:
        text = page.get_textpage()
        held: Line | None = None
        for index in range(text.count_rects()):
            left, bottom, right, top = text.get_rect(index)
            # A little room, because a rectangle's edge is also the edge of what it finds.
            said = text.get_text_bounded(left - 0.1, bottom - 0.1, right + 0.1, top + 0.1)
            at = text.get_index(left + 0.5, (bottom + top) / 2, 2, top - bottom)
            size = FPDFText_GetFontSize(text, at) if at is not None else 0.0
            run = Line(_tidy(said), left, bottom, right, top, number, round(size, 1))
            if not run.text:
                continue
            if held is not None and held.continues_in(run):
                held = held.joined(run)
                continue
            if held is not None:
                yield held
            held = run
        if held is not None:
            yield held
    finally:
        page.close()


def _bookmarks(file: Any) -> Iterator[Bookmark]:
    for entry in file.get_toc():
        target = entry.get_dest()
        page = target.get_index() if target else None
        if page is None:
            continue
        _mode, view = target.get_view()
        top = view[1] if len(view) > 1 else None
        title = _tidy(entry.get_title())
        if title:
            yield Bookmark(title, entry.level + 1, page, top)


def _tidy(text: str) -> str:
    # PDFium says "\ufffe" or "\x02" where a hyphen divides a word at a line's end.
    return " ".join(text.replace("\ufffe", "-").replace("\x02", "-").replace("\0", "").split())
