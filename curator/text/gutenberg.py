"""What an edition adds to a book is taken away again: Project Gutenberg's frame, pictures' captions, lists, notes.

All of it works on a stream of blocks and looks ahead by a bounded number of them, so that a large file stays a stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from curator.text.blocks import Block
from curator.text.front_matter import without_foreign_prefaces, without_lists
from curator.text.headings import is_chapter_line

_START = re.compile(r"\*{3}\s*START OF TH(?:E|IS) PROJECT GUTENBERG\b.*?(?:\*{3}|\Z)", re.IGNORECASE | re.DOTALL)
_END = re.compile(
    r"^\s*(?:\*{3}\s*END OF TH(?:E|IS) PROJECT GUTENBERG\b"
    r"|End of (?:the )?Project Gutenberg(?:['’]s|\s+e-?(?:book|text))\b)",
    re.IGNORECASE | re.MULTILINE,
)
_STATED = re.compile(r"^\s*(Title|Author):\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_CREDIT = re.compile(
    r"\s*(?:This e-?(?:book|text) was )?(?:e-?text )?"
    r"(?:produced|prepared|transcribed|scanned|digiti[sz]ed)\b.{0,40}\bby\b",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[^\S\n]*\[\s*(?:Illustrations?\b|Transcriber['’]?s?['’]?\s+notes?\b)", re.IGNORECASE)
_NOTES = re.compile(r"\W*transcriber['’]?s?['’]?\s+notes?\W*", re.IGNORECASE)
_NOTE = re.compile(r"\W*transcriber['’]?s?['’]?\s+note:", re.IGNORECASE)
_BRACKET = re.compile(r"[\[\]]")
_HEADER_BLOCKS = 150
_CREDIT_BLOCKS = 10
_PICTURE_BLOCKS = 30
_NOTES_BLOCKS = 20


class Edition(NamedTuple):
    """What is known of a book.

    Attributes:
        title: the book's title, or "".
        author: its author, or "".
    """

    title: str = ""
    author: str = ""


def open_edition(blocks: Iterable[Block], *, title: str = "", author: str = "") -> tuple[Edition, Iterator[Block]]:
    """Take away what an edition has put around and into a book.

    What goes: everything outside Project Gutenberg's START and END lines, and who produced the text; `[Illustration]`
    with its caption, over any number of paragraphs; notes of the transcriber; the table of contents and the list of
    illustrations; a preface that is signed by somebody who is not the author. A chapter line at the end of a caption
    stays, because editions print the first one there.

    Args:
        blocks: the file's blocks.
        title: the book's title, if the file states it outside of its text.
        author: who wrote the book, if the file states it outside of its text.

    Returns:
        The title and the author, as the header or else the file states them, and the blocks that are the book's own.
    """
    stream = iter(blocks)
    head = list(islice(stream, _HEADER_BLOCKS))
    edition = Edition(title, author)
    at = next((at for at, block in enumerate(head) if _START.search(block.text)), None)
    if at is not None:
        edition = _stated(head[:at], edition)
        below = Block(_START.split(head[at].text, maxsplit=1)[1].strip())
        rest = (block for block in head[at + 1 :])
        head = [block for block in chain((below,), islice(rest, _CREDIT_BLOCKS)) if not _CREDIT.match(block.text)]
        head += rest
    book = _without_brackets(_until_the_end(chain(head, stream)))
    book = without_lists(_without_notes(book))
    return edition, without_foreign_prefaces(book, edition.title, edition.author)


def _stated(header: list[Block], edition: Edition) -> Edition:
    found: dict[str, str] = {}
    for block in header:
        for key, value in _STATED.findall(block.text):
            found.setdefault(key.lower(), value.strip())
    return edition._replace(**found)


def _until_the_end(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        end = _END.search(block.text)
        if end is None:
            yield block
            continue
        if block.text[: end.start()].strip():
            yield block._replace(text=block.text[: end.start()].rstrip())
        return


def _without_brackets(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks without what stands in the brackets of an illustration or a note."""
    stream = iter(blocks)
    for block in stream:
        while opening := _BRACKETED.search(block.text):
            inside, after = _closed(block.text[opening.start() :], stream)
            if after is None:  # never closed: no such thing after all
                yield from (Block(text) for text in inside)
                block = block._replace(text=block.text[: opening.start()])
                break
            kept = block.text[: opening.start()] + after
            last = inside[-1].rpartition("\n")[2].strip() if "\n" in inside[-1] or len(inside) > 1 else ""
            if is_chapter_line(last):
                yield Block(last)
            block = block._replace(text="\n".join(line for line in kept.split("\n") if line.strip()))
        if block.text.strip():
            yield block


def _closed(text: str, stream: Iterator[Block]) -> tuple[list[str], str | None]:
    """Return the blocks' texts up to the bracket that closes the first one, and what stands behind it in its block."""
    inside: list[str] = []
    depth = 0
    while True:
        for bracket in _BRACKET.finditer(text):
            depth += 1 if bracket.group() == "[" else -1
            if depth == 0:
                return [*inside, text[: bracket.start()]], text[bracket.end() :]
        inside.append(text)
        following = next(stream, None) if len(inside) < _PICTURE_BLOCKS else None
        if following is None:
            return inside, None
        text = following.text


def _without_notes(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks without the notes of a transcriber, which reach to the next heading or the end."""
    stream = iter(blocks)
    for block in stream:
        if not _NOTES.fullmatch(block.text):
            if not _NOTE.match(block.text):
                yield block
            continue
        held: list[Block] = []
        for following in islice(stream, _NOTES_BLOCKS):
            held.append(following)
            if following.level or is_chapter_line(following.text):
                yield following
                break
        else:
            if len(held) == _NOTES_BLOCKS:
                yield from held[1:]
