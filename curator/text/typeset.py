"""Typeset pages: which lines belong to the page and not to the text, and which belong to one paragraph."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from curator.text.blocks import Block
from curator.text.headings import is_chapter_line

_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"\W*(?:page\s+)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE)
_ENTRY = re.compile(r"(?:\.\s*){3,}(?:\d{1,4}|[ivxlc]{1,7})$")
_SENTENCE_END = re.compile(r"[.!?:;…][\"'”’»)\]*]*$")
_WORD_END = re.compile(r"(\w+)-$")
_WORD_START = re.compile(r"\w+")
_EDGE_LINES = 2
_FEWEST_REPEATS = 3
_GAP_SHARE = 1.3
_SIZE_SHARE = 0.1
_SHORT_SHARE = 0.15
_INDENTED_SHARE = 0.03
_MARGIN_SHARE = 0.15
_INDENT_SHARE = 0.5


class Line(NamedTuple):
    """A line and where it stands, in points from the page's lower left corner; pages from 0; a size of 0 is unknown."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    page: int
    size: float = 0

    @property
    def height(self) -> float:
        """The line's height."""
        return self.top - self.bottom

    def continues_in(self, run: Line) -> bool:
        """Return whether `run` stands to the right of this line, on the same height."""
        overlap = min(self.top, run.top) - max(self.bottom, run.bottom)
        return overlap > 0.3 * min(self.height, run.height) and run.left > self.left and run.left >= self.right - 2

    def joined(self, run: Line) -> Line:
        """Return this line with `run` behind it."""
        gap = " " if run.left - self.right > 0.12 * max(self.height, run.height) else ""
        return self._replace(
            text=self.text + gap + run.text,
            bottom=min(self.bottom, run.bottom),
            right=run.right,
            top=max(self.top, run.top),
        )


class Bookmark(NamedTuple):
    """An entry of the outline: what it says, its level from 1, its page from 0, and the height it points to."""

    title: str
    level: int
    page: int
    top: float | None


class _Layout(NamedTuple):
    """How a document is set: the step from line to line, the margins of even and odd pages, a paragraph's indent."""

    pitch: float
    margins: tuple[tuple[float, float], ...]
    usual_indent: float

    def indent(self, line: Line) -> float:
        return line.left - self.margins[line.page % 2][0]


def paragraphs(pages: list[list[Line]], bookmarks: list[Bookmark]) -> Iterator[Block]:
    """Yield the paragraphs of typeset pages, those that a bookmark points to as headings.

    A paragraph ends where the space below a line is wider than usual, where the next line is indented or of another
    size, behind a last line that is short, and at a chapter's line.

    Args:
        pages: the lines of each page.
        bookmarks: the outline, in order.

    Yields:
        The paragraphs.
    """
    lines = [line for page in _without_furniture(pages) for line in page]
    vocabulary = Counter(word.casefold() for line in lines for word in re.findall(r"\w+(?:-\w+)*", line.text))
    left_over = list(bookmarks)
    for group in _grouped(lines):
        text = group[0].text
        for line in group[1:]:
            text = _continued(text, line.text, vocabulary)
        mark = _mark(left_over, group[0], text)
        if mark is not None:
            left_over.remove(mark)
        yield Block(text) if mark is None else Block(text, mark.level, mark.title)


def _without_furniture(pages: list[list[Line]]) -> Iterator[list[Line]]:
    """Yield the pages without running heads and page numbers: lines at an edge that come again on pages close by."""
    edges = [_edge_lines(page) for page in pages]
    seen: dict[str, set[int]] = defaultdict(set)
    for number, edge in enumerate(edges):
        for line in edge:
            seen[_key(line)].add(number)
    for number, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        gone = []
        for line in edge:
            on = seen[_key(line)]
            is_near = any(
                number + step in on for step in (-2, -1, 1, 2)
            )  # left and right pages may have different ones
            # A running head that names the chapter is first of all the chapter's heading.
            is_heading = is_chapter_line(line.text) and number == min(on)
            repeats = len(on) >= _FEWEST_REPEATS and is_near and not is_heading
            if repeats or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(line.text)):
                gone.append(line)
        yield [line for line in page if line not in gone]


def _edge_lines(page: list[Line]) -> list[Line]:
    by_height = sorted(page, key=lambda line: -line.top)
    return by_height[:_EDGE_LINES] + by_height[_EDGE_LINES:][-_EDGE_LINES:]


def _key(line: Line) -> str:
    text = line.text.casefold()
    return text if is_chapter_line(line.text) else " ".join(_NUMBER.sub(" ", text).split())


def _grouped(lines: list[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph."""
    if not lines:
        return
    layout = _layout(lines)
    group = [lines[0]]
    for line, following in pairwise(lines):
        if _parts(line, following, layout):
            yield group
            group = []
        group.append(following)
    yield group


def _layout(lines: list[Line]) -> _Layout:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if a.page == b.page and a.bottom - b.bottom > 1]
    # Left and right pages of a book have margins of their own.
    margins = tuple(_margins([line for line in lines if line.page % 2 == side] or lines) for side in (0, 1))
    layout = _Layout(median(steps) if steps else 0.0, margins, 0.0)
    indents = [layout.indent(line) for line in lines]
    lone = Counter(round(b) for (a, b), c in zip(pairwise(indents), indents[2:], strict=False) if b > max(a, c, 0) + 1)
    if lone.total() <= _INDENTED_SHARE * len(lines):
        return layout
    return layout._replace(usual_indent=lone.most_common(1)[0][0])


def _margins(lines: list[Line]) -> tuple[float, float]:
    """Return where lines begin, the leftmost place that is no exception, and where all but the longest few end."""
    lefts = Counter(round(line.left) for line in lines)
    rights = sorted(line.right for line in lines)
    left = min(left for left, count in lefts.items() if count >= min(_MARGIN_SHARE * len(lines), max(lefts.values())))
    return float(left), rights[len(rights) * 19 // 20]


def _parts(line: Line, following: Line, layout: _Layout) -> bool:
    """Return whether a paragraph ends between two lines."""
    if is_chapter_line(line.text) or is_chapter_line(following.text) or _ENTRY.search(line.text):
        return True
    if line.page == following.page and line.bottom - following.bottom > _GAP_SHARE * layout.pitch:
        return True
    if line.size and following.size and abs(line.size - following.size) > _SIZE_SHARE * line.size:
        return True
    left, right = layout.margins[line.page % 2]
    # It ends early if the next word would have had room.
    word = (following.right - following.left) * len(following.text.split()[0]) / len(following.text)
    is_short = right - line.right > max(word, _SHORT_SHARE * (right - left))
    indent = layout.indent(following)
    if indent > _INDENT_SHARE * following.height:
        # A quotation is indented as a whole; paragraphs of one line each are short, or indented as paragraphs are.
        is_usual = abs(indent - layout.usual_indent) < 1
        return is_short or is_usual or layout.indent(line) < _INDENT_SHARE * indent
    # Where paragraphs are indented, a line that ends early says nothing.
    return not layout.usual_indent and is_short and _SENTENCE_END.search(line.text) is not None


def _continued(text: str, line: str, vocabulary: Counter[str]) -> str:
    """Join a line to the text before it; a hyphen at the end goes, unless the word is written with it elsewhere."""
    divided = _WORD_END.search(text)
    rest = _WORD_START.match(line)
    if divided is None or rest is None or not line[0].islower():
        return f"{text} {line}"
    with_hyphen = f"{divided[1]}-{rest[0]}".casefold()
    whole = f"{divided[1]}{rest[0]}".casefold()
    if vocabulary[with_hyphen] > vocabulary[whole]:
        return text + line
    return text[:-1] + line


def _mark(bookmarks: list[Bookmark], line: Line, text: str) -> Bookmark | None:
    """Return the bookmark that points to a paragraph: the one it is worded like, or whose height it stands at."""
    here = [mark for mark in bookmarks if mark.page == line.page]
    worded = _bare(text)
    for mark in here:
        if worded and (worded == _bare(mark.title) or (worded in _bare(mark.title) and is_chapter_line(text))):
            return mark
    # Bookmarks point to the top of a line, or a little above it.
    for mark in here:
        if mark.top is not None and line.bottom <= mark.top <= line.top + 3 * line.height:
            return mark
    return next((mark for mark in here if mark.top is None), None)


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
