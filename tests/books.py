"""A whole novel for tests and benchmarks: "Pride and Prejudice", as text, web page, e-book, PDF and Word file.

The text is the one of Debian's package r-cran-janeaustenr, which `make setup` lays under `.cache`; where it is missing,
the tests that want it skip. Around it stands, in words of ours, what an edition from Project Gutenberg has around it.
"""

from __future__ import annotations

import html
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

CHAPTERS = 61
FOREIGN = tuple(
    "gutenberg [illustration transcriber saintly proofreading frontispiece copyright license misprints".split()
)
"""Words, in small letters, that stand around the novel and never in it."""

_PACKAGE = Path(__file__).parents[1] / ".cache" / "janeaustenr"
_DATA = _PACKAGE / "usr" / "lib" / "R" / "site-library" / "janeaustenr" / "data" / "Rdata"
_TITLE = "Pride and Prejudice"
_EMPHASIS = re.compile(r"\b_([^_]+)_\b")
_LEADING = 14
_PAGE_END = 550
_PICTURE = """\
[Illustration:

“A drawing for chapter {number}”

     [_Copyright 1894 by nobody._]]"""
_BEFORE = """\
The Project Gutenberg eBook of Pride and Prejudice

This ebook is for the use of anyone anywhere in the United States and
most other parts of the world at no cost.

Title: Pride and Prejudice

Author: Jane Austen

Release date: June 1, 1998 [eBook #1342]

Language: English

Credits: Produced by two volunteers

*** START OF THE PROJECT GUTENBERG EBOOK PRIDE AND PREJUDICE ***

Produced by Two Volunteers and the Online Distributed
Proofreading Team

[Transcriber's note: the spelling of the original is kept.]

[Illustration]

_PRIDE AND PREJUDICE_

_By Jane Austen_

PREFACE.

[Illustration]

Of all the books that this critic has read twice there is none that he
would sooner read a third time, and he has ten pages to say why.

They could be said in one: the saintly are dull, and nobody here is.

THOMAS SAINTLY.

List of Illustrations.

                                                         PAGE

Frontispiece                                               iv

Heading to Chapter I.                                       1

“A drawing for chapter 20”                                213

CONTENTS

{contents}

[Illustration: ·PRIDE AND PREJUDICE·


{first}]
"""
_AFTER = """\
THE END

[Illustration: Finis]

Transcriber's Note

Two misprints were mended.

*** END OF THE PROJECT GUTENBERG EBOOK PRIDE AND PREJUDICE ***

Updated editions will replace the previous one; the old editions will
be renamed.

START: FULL LICENSE

Section 1. General Terms of Use and Redistributing Project Gutenberg
electronic works
"""


def is_here() -> bool:
    """Return whether the novel's package has been fetched."""
    return _DATA.with_suffix(".rdb").exists()


@cache
def novel() -> str:
    """Return the novel alone, hard-wrapped, its chapters headed "Chapter 1" to "Chapter 61"."""
    if not is_here():
        pytest.skip("the novel is not here: `make setup` fetches Debian's package r-cran-janeaustenr into .cache")
    from rdata.conversion import convert
    from rdata.parser import parse_data

    index = convert(parse_data(_DATA.with_suffix(".rdx").read_bytes(), extension=".rds"))
    start, size = map(int, index["variables"]["prideprejudice"])
    # A piece of R's lazy-load file: the unpacked length in four bytes, then the packed object.
    piece = _DATA.with_suffix(".rdb").read_bytes()[start : start + size]
    data = zlib.decompress(piece[4:])
    if len(data) != struct.unpack(">I", piece[:4])[0]:
        raise ValueError("the novel's package is damaged")
    text = "\n".join(map(str, convert(parse_data(data, extension=".rds"))))
    return text[text.index("Chapter 1\n") :]


@cache
def pride_and_prejudice() -> str:
    """Return the novel as Project Gutenberg would give it: markers, licence, preface, contents, pictures."""
    heads = [f"Chapter {number}" for number in range(1, CHAPTERS + 1)]
    first, *others = re.split(r"^(?=Chapter \d+$)", novel(), flags=re.MULTILINE)[1:]
    first = first.removeprefix(heads[0]).lstrip("\n")
    chapters = [first]
    for number, chapter in enumerate(others, start=2):
        body = chapter.rstrip("\n")
        chapters.append(f"{body}\n\n{_PICTURE.format(number=number)}\n\n" if number % 20 == 0 else f"{body}\n\n\n")
    before = _BEFORE.format(contents="\n".join(heads), first=heads[0])
    return before + "\n\n" + "".join(chapters) + "\n\n" + _AFTER


def as_html(text: str, path: Path) -> Path:
    """Write `text` as a web page, with scripts, styles, navigation and hidden elements.

    Args:
        text: plain text whose paragraphs stand apart by blank lines.
        path: the file to write.

    Returns:
        `path`.
    """
    path.write_text(_page(_blocks(text)), encoding="utf-8")
    return path


def as_epub(text: str, path: Path) -> Path:
    """Write `text` as an EPUB 3 with a cover, a navigation page and one file a chapter, stored out of order.

    Args:
        text: plain text whose paragraphs stand apart by blank lines.
        path: the file to write.

    Returns:
        `path`.
    """
    parts: list[list[str]] = [[]]
    for block in _blocks(text):
        if _is_head(block):
            parts.append([])
        parts[-1].append(block)
    names = [f"text/{number:03}.xhtml" for number in range(len(parts))]
    items = "".join(
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"/>' for number, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="i{number}"/>' for number in range(len(names)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_TITLE}</dc:title><dc:creator>Jane Austen</dc:creator>'
        '</metadata><manifest><item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f'{items}</manifest><spine><itemref idref="cover"/><itemref idref="nav"/>{spine}</spine></package>'
    )
    links = "".join(f'<li><a href="{name}">{name}</a></li>' for name in names)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", compress_type=zipfile.ZIP_STORED)
        for name, part in reversed(list(zip(names, parts, strict=True))):
            book.writestr(f"OEBPS/{name}", _page(part))
        book.writestr("OEBPS/nav.xhtml", f"<html><body><nav><h1>Contents</h1><ol>{links}</ol></nav></body></html>")
        book.writestr("OEBPS/cover.xhtml", '<html><body><img src="cover.png" alt="Cover"/></body></html>')
        book.writestr("OEBPS/content.opf", package)
        book.writestr(
            "META-INF/container.xml",
            '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
            '<rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
    return path


def as_pdf(text: str, path: Path) -> Path:
    """Write `text` as a PDF with running heads and page numbers, without bookmarks.

    Args:
        text: plain text whose paragraphs stand apart by blank lines.
        path: the file to write.

    Returns:
        `path`.
    """
    from fpdf import FPDF

    book = FPDF(unit="pt", format=(420, 595))
    book.set_title(_TITLE)
    book.set_author("Jane Austen")
    at = _PAGE_END
    for line, head in _printed(text):
        if at >= _PAGE_END or (head and at > _PAGE_END - 4 * _LEADING):
            book.add_page()
            book.set_font("Times", "I", 9)
            book.text(150, 30, _TITLE.upper())
            book.text(205, 575, str(book.page_no()))
            at = 60
        if line:
            book.set_font("Times", "B" if head else "", 14 if head else 11)
            book.text(40 + 6 * (len(line) - len(line.lstrip())), at, line.strip())
        at += _LEADING
    book.output(str(path))
    return path


def _printed(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a printed book, and whether each is a heading: paragraphs are indented, not set apart."""
    for block in _blocks(_EMPHASIS.sub(r"\1", text).encode("ascii", "replace").decode()):
        if _is_head(block):
            yield from (("", False), (block, True), ("", False))
            continue
        first, *others = block.split("\n")
        yield f"   {first}", False
        yield from ((line, False) for line in others)


def as_docx(text: str, path: Path) -> Path:
    """Write `text` as a Word file whose chapters are headings.

    Args:
        text: plain text whose paragraphs stand apart by blank lines.
        path: the file to write.

    Returns:
        `path`.
    """
    from docx import Document

    book = Document()
    book.core_properties.title = _TITLE
    book.core_properties.author = "Jane Austen"
    for block in _blocks(_EMPHASIS.sub(r"\1", text)):
        if _is_head(block):
            book.add_heading(block, 1)
        else:
            book.add_paragraph(block if _is_table(block) else " ".join(block.split()))
    book.save(str(path))
    return path


def _blocks(text: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n(?:[^\S\n]*\n)+", text) if block.strip()]


def _is_head(block: str) -> bool:
    return re.fullmatch(r"Chapter \d+", block) is not None


def _is_table(block: str) -> bool:
    """Return whether the lines of a block stand each for itself, as in a table of contents."""
    return all(map(_is_head, block.split("\n")))


def _page(blocks: list[str]) -> str:
    body = []
    for block in blocks:
        if _is_head(block):
            body.append(f"<h2>{block}</h2>")
        else:
            escaped = html.escape(block, quote=False)
            emphasised = _EMPHASIS.sub(r"<i>\1</i>", escaped)
            body.append(f"<p>{emphasised.replace(chr(10), '<br/>') if _is_table(block) else emphasised}</p>")
    return (
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{_TITLE}</title><meta name="author" '
        'content="Jane Austen"/><style>p {color: red}</style><script>var planted = "Gutenberg";</script></head>'
        '<body><nav><a href="#x">Illustration of the site</a></nav><p style="display: none">Gutenberg hidden</p>\n'
        + "\n".join(body)
        + "</body></html>"
    )
