"""Which lines read like a chapter's heading, or like a title."""

from __future__ import annotations

import re

_NUMBER = (
    r"(?:\d{1,3}|[IVXLCDM]{1,8}|(?i:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|twenty(?:[ -]\w+)?|the first|the second|the third|the last))"
)
_CHAPTER_LINE = re.compile(
    rf"(?:(?:CHAPTER|Chapter|PART|Part|BOOK|Book|SECTION|Section|LETTER|Letter|ACT|Act) {_NUMBER}\b"
    r"|PROLOGUE|Prologue|EPILOGUE|Epilogue|INTRODUCTION|Introduction|PREFACE|Preface|APPENDIX|Appendix)"
    r"(?P<rest>(?:\s*[.:—–-]+\s*|\s+(?=[A-Z\"“‘'])|$).*)"
)
_LONGEST_CHARS = 90


def is_chapter_line(line: str) -> bool:
    """Return whether a line by itself reads like a chapter's heading ("CHAPTER I", "Part 2: The House")."""
    if len(line) > _LONGEST_CHARS:
        line = line.strip()
        if len(line) > _LONGEST_CHARS:
            return False
    match = _CHAPTER_LINE.fullmatch(line.strip())
    return match is not None and not match["rest"].rstrip().endswith((",", ";", "?!"))


def is_title_line(text: str) -> bool:
    """Return whether a text is one short line that is neither a sentence nor a chapter's heading."""
    is_line = "\n" not in text and len(text) <= _LONGEST_CHARS
    return is_line and not text.endswith((".", "!", "?", ",", ":", ";")) and not is_chapter_line(text)
