"""Signs that say something: the operators of sums and of code, and those that end a name, as in C++ and F#."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curator.text.words import normalise

_SPELLINGS = str.maketrans({"×": "*", "÷": "/", "⁄": "/", "≤": "<=", "≥": ">=", "≠": "!="})
_MAY_BEGIN = re.compile(r"[-+*/%^|<>=!#]")
_MAY_HOLD = re.compile(r"[+<>=|#]|![^\W\d]|(?:[\d)\]]|\b[^\W\d_])\s*[-*/%^]")
"""What an ASCII text without signs lacks."""
_OPERAND_BEFORE = r"(?:(?<=\d)|(?<=(?<![\w'])[^\W\d_])|(?<=[)\]])|(?<=\d\ )|(?<=(?<![\w'])[^\W\d_]\ )|(?<=[)\]]\ ))"
_SIGN = re.compile(
    rf"""
    (?<![-+*/%!<>=])(?:[!=]==?|[-+*/%<>]=)(?![=>])                                           # == != <= +=
    | {_OPERAND_BEFORE}(?:\*\*|//|<<|>>|[-+*/%^|<>])(?=\ ?(?:-?\d|[^\W\d_](?![\w'])|[(\[]))   # 3 + 4, x<y, f(a) > 0
    | (?:(?<=\w)|(?<=\w\ ))\+(?=\ ?\w)                                                       # price + tax
    | (?<=\ )<(?=\ )                                                                         # count < limit
    | (?<=\w)(?:\+\++|[+\#](?!\w))                                                           # C++, F#, 18+
    | (?<![\w!])!(?=[^\W\d])                                                                 # !done
    | \|\|
    """,
    re.VERBOSE,
)


def signs(text: str) -> list[str]:
    """Return the signs of `text` on which its sense turns, in order.

    These are comparisons of code ("==", "<=", "!done") wherever they stand; operators between numbers, single letters
    and brackets ("3 - 4", "x<y"), where they are no bullets, dashes or tags; and what ends a name or number ("C++",
    "F#", "18+"). Blanks around them make no difference.

    Args:
        text: any text.

    Returns:
        The signs in one spelling each ("≤" as "<=", "×" as "*").
    """
    if text.isascii() and not _MAY_HOLD.search(text):
        return []
    return list(_found(normalise(text).translate(_SPELLINGS)))


def _found(form: str) -> Iterator[str]:
    """Yield the signs; the pattern is only tried where one may begin."""
    end = 0
    for start in _MAY_BEGIN.finditer(form):
        if start.start() >= end and (match := _SIGN.match(form, start.start())):
            yield match.group()
            end = match.end()
