"""Markdown as a source: its text stays Markdown, its headings become the title and the chapters."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import PurePath
from typing import NamedTuple

from curator.text.blocks import Opener, chapters, division
from curator.text.document import Document

_FRONT_LINE = re.compile(r"[\w.-]+:|[ \t#]|- ")
_FRONT_END = re.compile(r"(?:---|\.\.\.)\s*")
_FRONT_STATED = re.compile(r"^(title|author):[^\S\n]*(?P<quote>['\"]?)(\S.*?)(?P=quote)[^\S\n]*$", re.MULTILINE)
_CANDIDATE = re.compile(r"[^\S\n]{0,3}(?:#|=+\s*$|-+\s*$)")
_ATX = re.compile(r"#{1,6}(?:\s|$)")
_NESTING = frozenset(" \t<>-*+0123456789")
"""What a line may begin with that has other blocks inside it."""
_FENCE = re.compile(r"\s*(?:[-*+]\s+|\d{1,9}[.)]\s+)?(?P<mark>`{3,}|~{3,})(?P<info>.*)")
_RAW = re.compile(r" {0,3}<(?:(?P<comment>!--)|(?P<tag>script|pre|style|textarea)(?=[\s>]|$))", re.IGNORECASE)
_LIST_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")


class _Piece(NamedTuple):
    """Lines without a blank one between them: what a heading is told from."""

    lines: list[str]
    start: int
    before: int
    indented_in_list: bool


def read_markdown(lines: Iterable[str], name: str) -> Document:
    """Make a document of Markdown.

    The chapters are the headings of the level that repeats: those of `##` below a single `#` title, otherwise those of
    the highest level that occurs twice. A heading of a higher level ends a chapter and opens one. What looks like a
    heading inside a code block, a quotation or a list is none.

    Args:
        lines: the file's lines, without their ends.
        name: the document's name.

    Returns:
        The document, without front matter; its title is the front matter's, the single top heading, or the file name.
    """
    stated, stream = _front_matter(iter(lines))
    written = io.StringIO()
    headings = [heading for piece in _pieces(_written(stream, written)) for heading in _headings(piece)]
    text = written.getvalue()
    title, openers = division(headings)
    return Document(
        name=name,
        text=text,
        title=stated.get("title") or title or PurePath(name).stem,
        chapters=tuple(chapters(openers, len(text), empty=True)),
        author=stated.get("author", ""),
    )


def _front_matter(lines: Iterator[str]) -> tuple[dict[str, str], Iterator[str]]:
    """Return what the front matter states, and the lines below it."""
    first = next(lines, "")
    if first.rstrip() != "---":
        return {}, chain((first,), lines)
    held = [first]
    for line in lines:
        held.append(line)
        if _FRONT_END.fullmatch(line):
            return {key: value for key, _quote, value in _FRONT_STATED.findall("\n".join(held))}, lines
        if not _FRONT_LINE.match(line):
            break
    return {}, chain(held, lines)


def _written(lines: Iterable[str], written: io.StringIO) -> Iterator[tuple[str, int]]:
    """Write the clean text, without blank lines at its ends; yield its lines with their places, blank ones as one."""
    end = blank = 0
    for raw in lines:
        line = raw.rstrip()
        if not line:
            blank += 1
            continue
        if end:
            end += written.write("\n" * (blank + 1))
            if blank:
                yield "", end
        yield line, end
        end += written.write(line)
        blank = 0


def _pieces(lines: Iterable[tuple[str, int]]) -> Iterator[_Piece]:
    """Yield what may hold headings: nothing that lies in a block of code, a comment, or raw HTML."""
    held: list[str] = []
    start = before = end = 0
    closing: re.Pattern[str] | None = None
    in_list = False
    for line, at in lines:
        opened = closing
        if closing is None:
            closing = _opens_raw(line, in_list)
        if opened is None and closing is None and line:
            if held and held[0][0] not in _NESTING and _ATX.match(line):  # it opens a block, whatever stands above
                yield _Piece(held, start, before, indented_in_list=False)
                in_list, held = False, []
            if not held:
                start, before = at, end
            held.append(line)
        elif held:
            in_list = _stays_in_list(held[0], in_list)
            yield _Piece(held, start, before, in_list and held[0][0] in " \t")
            held = []
        if closing is not None:
            in_list = in_list if opened else _stays_in_list(line, in_list)
            if closing.search(line, 0 if opened or _RAW.match(line) else len(line)):
                closing = None
        end = at + len(line) if line else end
    if held:
        yield _Piece(held, start, before, _stays_in_list(held[0], in_list) and held[0][0] in " \t")


def _opens_raw(line: str, in_list: bool) -> re.Pattern[str] | None:
    """Return what ends the block of code, comment or raw HTML that a line opens; None if it opens none."""
    fence = _FENCE.match(line)
    if fence and not (fence["mark"][0] == "`" and "`" in fence["info"]):
        indent = len(line) - len(line.lstrip())
        if indent < 4 or in_list:
            return re.compile(rf"^\s*{re.escape(fence['mark'][0])}{{{len(fence['mark'])},}}\s*$")
    raw = _RAW.match(line)
    if raw:
        return re.compile("-->" if raw["comment"] else "</(?:script|pre|style|textarea)>", re.IGNORECASE)
    return None


def _stays_in_list(line: str, in_list: bool) -> bool:
    return _LIST_ITEM.match(line) is not None or (in_list and line[0] in " \t")


def _headings(piece: _Piece) -> Iterator[Opener]:
    if piece.indented_in_list or not any(map(_CANDIDATE.match, piece.lines)):
        return
    from markdown_it import MarkdownIt

    starts = [piece.start]
    for line in piece.lines:
        starts.append(starts[-1] + len(line) + 1)
    tokens = MarkdownIt("commonmark").parse("\n".join(piece.lines))
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open" or opening.level != 0 or opening.map is None:
            continue
        title = "".join(part.content for part in inline.children or () if part.type in {"text", "code_inline"}).strip()
        if title:
            first, last = opening.map
            before = starts[first] - 1 if first else piece.before
            yield Opener(title, int(opening.tag[1]), starts[first], before, starts[last] - 1)
