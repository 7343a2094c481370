"""What every reader finds in a file: paragraphs and headings, in order; and how a document is put together of them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import NamedTuple

from curator.text.document import Chapter, Document
from curator.text.headings import is_chapter_line, is_title_line

_BETWEEN = "\n\n"


class Block(NamedTuple):
    """A paragraph or a heading.

    Attributes:
        text: what it says.
        level: a heading's level, from 1 for the highest; 0 for a paragraph.
        title: what the chapter that opens here is called, if not `text`.
    """

    text: str
    level: int = 0
    title: str = ""


class Opener(NamedTuple):
    """A heading's place in the clean text.

    Attributes:
        title: the heading.
        level: its level; 0 for a line that only reads like a chapter's heading.
        start: its first character.
        before: one past the last character of the text before it.
        end: one past its own last character.
    """

    title: str
    level: int
    start: int
    before: int
    end: int


def document_of(blocks: Iterable[Block], name: str, *, title: str = "", author: str = "") -> Document:
    """Put a document together.

    Chapters are opened by the headings of the level that repeats (see `division`); a line such as "CHAPTER I" that is
    not marked as a heading counts as one. A heading with nothing below it opens none.

    Args:
        blocks: paragraphs and headings.
        name: the document's name.
        title: the title that the file states.
        author: the author that the file states.

    Returns:
        The document; without a stated title its title is the single top heading, a line at its top that is no
        sentence, or the file name.
    """
    written = io.StringIO()  # one buffer: a list of a large book's paragraphs would be half as large again
    openers: list[Opener] = []
    first = ""
    end = count = 0
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        start = written.write(_BETWEEN) + end if count else 0
        written.write(text)
        if block.level or is_chapter_line(text):
            heading = block.title or " ".join(text.split()).strip(" .")
            openers.append(Opener(heading, block.level, start, end, start + len(text)))
        first = first or text
        end = start + len(text)
        count += 1
    top, openers = division(openers)
    line = first if count > 1 and is_title_line(first) else ""
    return Document(
        name=name,
        text=written.getvalue(),
        title=title or top or line or PurePath(name).stem,
        chapters=tuple(chapters(openers, end)),
        author=author,
    )


def division(headings: list[Opener]) -> tuple[str, list[Opener]]:
    """Find the headings that open chapters.

    They are those of the level that repeats: of the second level below a single top heading, otherwise of the highest
    level that occurs twice; a heading of a higher level ends a chapter and opens one.

    Args:
        headings: all of them, in order. Those of level 0 belong to the level of the other chapter lines.

    Returns:
        The document's title, which is the single top heading or "", and the chapters' headings.
    """
    marked = Counter(heading.level for heading in headings if heading.level)
    if not marked:
        return "", headings
    alike = Counter(heading.level for heading in headings if heading.level and is_chapter_line(heading.title))
    plain = alike.most_common(1)[0][0] if alike else min(marked)
    headings = [heading if heading.level else heading._replace(level=plain) for heading in headings]
    counts = Counter(heading.level for heading in headings)
    title, rest = "", headings
    if headings[0].level == min(counts) and counts[headings[0].level] == 1:
        title, rest = headings[0].title, headings[1:]
    levels = sorted({heading.level for heading in rest})
    level = next((level for level in levels if counts[level] > 1), levels[0] if levels else 0)
    return title, [heading for heading in rest if heading.level <= level]


def chapters(openers: list[Opener], end: int, *, empty: bool = False) -> Iterator[Chapter]:
    """Yield the chapters between headings.

    Args:
        openers: the headings that open chapters, in order.
        end: the length of the clean text.
        empty: also yield those with nothing below their heading.

    Yields:
        The chapters, from a heading to the text before the next.
    """
    ends = [*(opener.before for opener in openers), end][1:]
    for opener, last in zip(openers, ends, strict=True):
        if empty or last > opener.end:
            yield Chapter(opener.title, opener.start, last)
