"""Markdown as a source: its text stays Markdown, its headings become the title and the chapters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePath
from typing import NamedTuple

from curator.text.document import Chapter, Document

_FRONT_MATTER = re.compile(r"\A---[^\S\n]*\n(?:(?:[\w.-]+:|[ \t#]|- ).*\n)*(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)")
_FRONT_TITLE = re.compile(r"^title:[^\S\n]*(?P<quote>['\"]?)(?P<title>\S.*?)(?P=quote)[^\S\n]*$", re.MULTILINE)
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)


class _Heading(NamedTuple):
    level: int
    title: str
    start: int


def read_markdown(text: str, name: str) -> Document:
    """Make a document of Markdown.

    The chapters are the headings of the level that repeats: those of `##` below a single `#` title, otherwise those of
    the highest level that occurs twice. A heading of a higher level ends a chapter and opens one. What looks like a
    heading inside a code block is none.

    Args:
        text: the file's text.
        name: the document's name.

    Returns:
        The document, without front matter; its title is the front matter's, the single top heading, or the file name.
    """
    front = _FRONT_MATTER.match(text)
    stated = _FRONT_TITLE.search(front.group()) if front else None
    clean = _TRAILING.sub("", text[front.end() :] if front else text).strip("\n")
    headings = list(_headings(clean))
    title, openers = _division(headings)
    return Document(
        name=name,
        text=clean,
        title=stated["title"] if stated else title or PurePath(name).stem,
        chapters=_chapters(clean, openers),
    )


def _headings(text: str) -> Iterator[_Heading]:
    from markdown_it import MarkdownIt

    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    tokens = MarkdownIt("commonmark").parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open" or opening.level != 0 or opening.map is None:
            continue
        title = "".join(part.content for part in inline.children or () if part.type in {"text", "code_inline"})
        if title.strip():
            yield _Heading(int(opening.tag[1]), title.strip(), starts[opening.map[0]])


def _division(headings: list[_Heading]) -> tuple[str, list[_Heading]]:
    """Return the document's title and the headings that open its chapters."""
    if not headings:
        return "", []
    first = headings[0]
    counts = Counter(heading.level for heading in headings)
    rest = headings
    title = ""
    if first.level == min(counts) and counts[first.level] == 1:
        title, rest = first.title, headings[1:]
    levels = sorted({heading.level for heading in rest})
    level = next((level for level in levels if counts[level] > 1), levels[0] if levels else 0)
    return title, [heading for heading in rest if heading.level <= level]


def _chapters(text: str, openers: list[_Heading]) -> tuple[Chapter, ...]:
    ends = [*(heading.start for heading in openers), len(text)][1:]
    return tuple(
        Chapter(heading.title, heading.start, heading.start + len(text[heading.start : end].rstrip()))
        for heading, end in zip(openers, ends, strict=True)
    )
