"""What stands before a book's first chapter and is not the book: lists of its parts, and prefaces by other people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from curator.text.blocks import Block
from curator.text.headings import is_chapter_line

_LIST = re.compile(r"\W*(?:(?:table of )?contents|(?:list of )?illustrations)\W*", re.IGNORECASE)
_PREFACE = re.compile(
    r"\W*(?:(?:editor['’]?s|translator['’]?s|publisher['’]?s)\s+)?(?:preface|introduction|introductory note|foreword)"
    r"(?:\s+by\s+(?P<by>[^\n]{3,60}?))?\W*",
    re.IGNORECASE,
)
_PAGE = re.compile(r"(?:[\s.·…_-]|\bp\.)+(?:\d{1,4}|[ivxlc]{1,7})\s*$")
_SIGNATURE = re.compile(
    r"_?[—–-]+\s*(?:[A-Z][\w'’.-]*\s+){1,4}[A-Z][\w'’-]+\.?_?"
    r"|_?(?!.*\b(?:THE|AND|OF|END)\b)(?:[A-Z][A-Z'’.-]*\s+){1,4}[A-Z][A-Z'’-]+\.?_?"
)
"""A dash and a name, or a name in capitals."""

_NAME_WORD = re.compile(r"[^\W\d_]{2,}")
_LIST_BLOCKS = 400
_ENTRY_WORDS = 12
_PREFACE_BLOCKS = 400
_SIGNATURE_BLOCKS = 4


def without_lists(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks without tables of contents and lists of illustrations.

    A list goes from its heading to the first block that is no entry, if most of its lines are chapter lines or end in
    a page number. Its last entries may be the book's own heading: they are kept from the one on that the list has
    named before, or else the very last if it is a heading.

    Args:
        blocks: a book's blocks.

    Yields:
        The others.
    """
    stream = iter(blocks)
    block = next(stream, None)
    while block is not None:
        if not _LIST.fullmatch(block.text):
            yield block
            block = next(stream, None)
            continue
        entries, following = _up_to(stream, _LIST_BLOCKS, lambda found: not _is_entry(found))
        if not _is_list(entries):
            yield from (block, *entries)
        elif following is None or not _LIST.fullmatch(following.text):
            yield from _own_headings(entries)
        block = following


def without_foreign_prefaces(blocks: Iterable[Block], title: str, author: str) -> Iterator[Block]:
    """Yield the blocks without the prefaces before the first chapter that somebody else than the author has signed.

    Args:
        blocks: a book's blocks.
        title: the book's title, which may look like a signature.
        author: who wrote the book; if that is not known, only a heading that names somebody ("by ...") tells.

    Yields:
        The others.
    """
    stream = iter(blocks)
    for block in stream:
        opening: Block | None = block
        while opening is not None and (heading := _PREFACE.fullmatch(opening.text)):
            held, following = _up_to(stream, _PREFACE_BLOCKS, lambda found: _opens_a_part(found.text))
            if following is None or not _is_foreign(heading["by"], held, title, author):
                yield from (opening, *held)
            opening = following
        if opening is not None:
            yield opening
            if is_chapter_line(opening.text):
                break
    yield from stream


def _up_to(stream: Iterator[Block], most: int, ends: Callable[[Block], bool]) -> tuple[list[Block], Block | None]:
    """Return the next blocks before the one that ends them, and that one; None if there is none among `most`."""
    held: list[Block] = []
    for block in islice(stream, most):
        if ends(block):
            return held, block
        held.append(block)
    return held, None


def _opens_a_part(text: str) -> bool:
    return is_chapter_line(text) or _PREFACE.fullmatch(text) is not None


def _is_list(entries: list[Block]) -> bool:
    lines = [line for entry in entries for line in entry.text.split("\n")]
    telling = sum(is_chapter_line(line) or _PAGE.search(line) is not None for line in lines)
    return len(lines) > 1 and 2 * telling >= len(lines)


def _is_entry(block: Block) -> bool:
    return not _LIST.fullmatch(block.text) and all(_is_entry_line(line) for line in block.text.split("\n"))


def _is_entry_line(line: str) -> bool:
    line = line.strip()
    if is_chapter_line(line) or _PAGE.search(line):
        return True
    return len(line.split()) <= _ENTRY_WORDS and not line.rstrip("\"'”’)_").endswith((".", "!", "?", ":", ";", ","))


def _own_headings(entries: list[Block]) -> list[Block]:
    named: list[str] = []
    for at, entry in enumerate(entries):
        lines = [_entry_name(line) for line in entry.text.split("\n")]
        if is_chapter_line(entry.text) and lines[0] in named:
            return entries[at:]
        named += lines
    last = entries[-1:]
    return last if last and (last[0].level or is_chapter_line(last[0].text)) else []


def _entry_name(line: str) -> str:
    """Return what an entry is called: the line without its page, unless the number is the chapter's."""
    bare = _PAGE.sub("", line.strip())
    return (bare if is_chapter_line(bare) else line).strip(" .").casefold()


def _is_foreign(by: str | None, preface: list[Block], title: str, author: str) -> bool:
    own = _name_words(author)
    if by:
        return not own & _name_words(by)
    lines = [line.strip() for block in preface[-_SIGNATURE_BLOCKS:] for line in block.text.split("\n")]
    signed = [_name_words(line) for line in lines if _SIGNATURE.fullmatch(line)]
    return bool(own) and any(not names & own and not names <= _name_words(title) for names in signed)


def _name_words(text: str) -> set[str]:
    return {word.casefold() for word in _NAME_WORD.findall(text)}
