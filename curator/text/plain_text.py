"""Plain text as a source: hard-wrapped lines become paragraphs, chapter lines become chapters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from curator.text.blocks import Block, document_of
from curator.text.document import Document
from curator.text.gutenberg import open_edition
from curator.text.headings import is_chapter_line

_LIST_ITEM = re.compile(r"(?:[-*•+–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_EMPHASIS = re.compile(r"(?<![\w_])_(?=[^\s_])([^_]{1,400}?)(?<=[^\s_])_(?![\w_])")
_KEPT_BREAK_SHARE = 0.5
_WRAPPED_CHARS = 40
"""Nobody wraps lines shorter than this, so in a narrower paragraph a short line says nothing."""


def read_plain_text(lines: Iterable[str], name: str) -> Document:
    """Make a document of plain text.

    Lines of one paragraph are joined by blanks. A line break stays before a list item, before an indented line, and
    after a line that is much shorter than its paragraph's longest (an address, a heading). Marks of emphasis around
    words (`_so_`) go. A line such as "CHAPTER I", "Chapter 3: X" or "Part 2" at a paragraph's start opens a chapter;
    a chapter line with nothing below it opens none. What an edition adds to a book goes, see `open_edition`.

    Args:
        lines: the file's lines, without their ends.
        name: the document's name.

    Returns:
        The document; its title is the one an edition states, a single line at its top that is no sentence, or the
        file name.
    """
    edition, blocks = open_edition(_blocks(lines))
    paragraphs = (Block(text) for block in blocks for text in _paragraphs(block.text))
    return document_of(paragraphs, name, title=edition.title, author=edition.author)


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Yield what stands between blank lines, its lines as they are."""
    held: list[str] = []
    for line in lines:
        if line and not line.isspace():
            held.append(line.rstrip())
        elif held:
            yield Block("\n".join(held))
            held = []
    if held:
        yield Block("\n".join(held))


def _paragraphs(block: str) -> list[str]:
    """Return what a block without blank lines holds: a chapter line, its text, or both."""
    first, *others = block.split("\n")
    if others and is_chapter_line(first):
        return [first.strip(), _join(others)]
    return [_join([first, *others])]


def _join(lines: list[str]) -> str:
    longest = max(map(len, lines))
    short = _KEPT_BREAK_SHARE * longest if longest >= _WRAPPED_CHARS else 0
    pieces = [lines[0].strip()]
    for before, line in pairwise(lines):
        piece = line.strip()
        indented = len(line) - len(line.lstrip()) > len(before) - len(before.lstrip())
        hyphenated = before.endswith("-") and not before.endswith("--") and piece[0].islower()
        if _LIST_ITEM.match(piece) or indented or len(before) < short:
            pieces.append("\n")
        elif not hyphenated:
            pieces.append(" ")
        pieces.append(piece)
    return _EMPHASIS.sub(r"\1", "".join(pieces))
