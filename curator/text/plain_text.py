"""Plain text as a source: hard-wrapped lines become paragraphs, chapter lines become chapters."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePath

from curator.text.document import Chapter, Document

_NUMBER = (
    r"(?:\d{1,3}|[IVXLCDM]{1,8}|(?i:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:[ -]\w+)?|the first|the second|the third|the last))"
)
_CHAPTER_LINE = re.compile(
    rf"(?:(?:CHAPTER|Chapter|PART|Part|BOOK|Book|SECTION|Section|LETTER|Letter|ACT|Act) {_NUMBER}\b"
    r"|PROLOGUE|Prologue|EPILOGUE|Epilogue|INTRODUCTION|Introduction|PREFACE|Preface|APPENDIX|Appendix)"
    r"(?P<rest>(?:\s*[.:—–-]+\s*|\s+(?=[A-Z\"“‘'])|$).*)"
)
_LIST_ITEM = re.compile(r"(?:[-*•+–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_LONGEST_HEADING_CHARS = 90
_KEPT_BREAK_SHARE = 0.5
_WRAPPED_CHARS = 40
"""Nobody wraps lines shorter than this, so in a narrower paragraph a short line says nothing."""


def read_plain_text(text: str, name: str) -> Document:
    """Make a document of plain text.

    Lines of one paragraph are joined by blanks. A line break stays before a list item, before an indented line, and
    after a line that is much shorter than its paragraph's longest (an address, a heading). A line such as
    "CHAPTER I", "Chapter 3: X" or "Part 2" at a paragraph's start opens a chapter; a chapter line with nothing below
    it (a table of contents) opens none.

    Args:
        text: the file's text.
        name: the document's name.

    Returns:
        The document; its title is a single line at its top that is no sentence, or the file name.
    """
    paragraphs = [joined for block in re.split(r"\n(?:[^\S\n]*\n)+", text) for joined in _paragraphs(block)]
    clean = "\n\n".join(paragraphs)
    return Document(name=name, text=clean, title=_title(paragraphs) or PurePath(name).stem, chapters=_chapters(clean))


def _paragraphs(block: str) -> list[str]:
    """Return what a block without blank lines holds: a chapter line, its text, or both."""
    lines = [line.rstrip() for line in block.split("\n") if line.strip()]
    if len(lines) > 1 and is_chapter_line(lines[0]):
        return [lines[0].strip(), _join(lines[1:])]
    return [_join(lines)] if lines else []


def _join(lines: list[str]) -> str:
    longest = max(len(line) for line in lines)
    short = _KEPT_BREAK_SHARE * longest if longest >= _WRAPPED_CHARS else 0
    joined = lines[0].strip()
    for before, line in pairwise(lines):
        piece = line.strip()
        indented = len(line) - len(line.lstrip()) > len(before) - len(before.lstrip())
        if _LIST_ITEM.match(piece) or indented or len(before) < short:
            joined += "\n" + piece
        elif joined.endswith("-") and not joined.endswith("--") and piece[0].islower():
            joined += piece
        else:
            joined += " " + piece
    return joined


def is_chapter_line(line: str) -> bool:
    """Return whether a line by itself reads like a chapter's heading ("CHAPTER I", "Part 2: The House")."""
    line = line.strip()
    match = _CHAPTER_LINE.fullmatch(line) if len(line) <= _LONGEST_HEADING_CHARS else None
    return match is not None and not match["rest"].rstrip().endswith((",", ";", "?!"))


def _chapters(text: str) -> tuple[Chapter, ...]:
    openers = [
        match for match in re.finditer(r"(?:(?<=\n\n)|\A)[^\n]+(?=\n\n|\Z)", text) if is_chapter_line(match.group())
    ]
    ends = [*(match.start() for match in openers), len(text)][1:]
    chapters = (
        Chapter(match.group().strip(" ."), match.start(), match.start() + len(text[match.start() : end].rstrip()))
        for match, end in zip(openers, ends, strict=True)
        if text[match.end() : end].strip()
    )
    return tuple(chapters)


def _title(paragraphs: list[str]) -> str:
    first = paragraphs[0] if paragraphs else ""
    is_line = "\n" not in first and len(first) <= _LONGEST_HEADING_CHARS and len(paragraphs) > 1
    return (
        first if is_line and not first.endswith((".", "!", "?", ",", ":", ";")) and not is_chapter_line(first) else ""
    )
