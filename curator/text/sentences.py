"""Where sentences begin and end, to the character."""

from __future__ import annotations

import re

_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\S\n]*\S[^\n]*)*")
_OTHER_BLANK = re.compile(r"[^\S\n ]")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_LIST_NUMBER = re.compile(r"\(?\d{1,3}[.)]")
_WINDOW_CHARS = 4000


def sentence_spans(text: str, *, language: str = "en") -> list[tuple[int, int]]:
    """Return where the sentences of `text` stand.

    Abbreviations ("Mr.", "e.g.", "4.30 p.m."), initials and decimals end no sentence; a paragraph's end does. What
    somebody says in quote marks stays together with its marks.

    Args:
        text: any text.
        language: the language whose abbreviations count, as ISO 639-1.

    Returns:
        (start, end) character offsets, in order, without the white space between sentences; every character that is
        not white space lies in exactly one span.
    """
    spans: list[tuple[int, int]] = []
    for paragraph in _PARAGRAPH.finditer(text):
        spans += _in_paragraph(text, paragraph.start(), paragraph.end(), language)
    return spans


def _in_paragraph(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    while start < end:
        # An unclosed quote mark makes the segmenter's time grow with the square of the length; windows bound it.
        cut = end if end - start <= _WINDOW_CHARS else _last_blank(text, start, start + _WINDOW_CHARS)
        found = _segment(text, start, cut, language)
        if cut < end and len(found) > 1:
            cut = found.pop()[0]  # the window may have cut it: it opens the next one
        spans += found
        start = cut
    return _with_list_numbers(text, spans)


def _segment(text: str, start: int, end: int, language: str) -> list[tuple[int, int]]:
    import sentencex

    # sentencex 1.0 panics on an initial followed by a white space of several bytes, and takes no half surrogate pair,
    # so all white space goes in as blanks, and half a pair as a replacement character, which moves no offset.
    plain = _OTHER_BLANK.sub(" ", text[start:end])
    if not plain.isascii():
        plain = _HALF_PAIR.sub("\ufffd", plain)
    spans = []
    for sentence in sentencex.get_sentence_boundaries(language, plain):
        piece = plain[sentence["start_index"] : sentence["end_index"]]
        first = start + sentence["start_index"] + len(piece) - len(piece.lstrip())
        last = start + sentence["start_index"] + len(piece.rstrip())
        if first < last:
            spans.append((first, last))
    return spans


def _last_blank(text: str, start: int, end: int) -> int:
    at = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
    return at if at > start else end


def _with_list_numbers(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and _LIST_NUMBER.fullmatch(text, *joined[-1]):
            start = joined.pop()[0]
        joined.append((start, end))
    return joined
