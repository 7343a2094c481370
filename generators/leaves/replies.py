"""Reading questions with answers, or questions alone, from what a model wrote."""

from __future__ import annotations

import re

from curator.errors import UnparsableReply

_TAG = re.compile(r"\[\s*/?\s*(question|answer|end)\s*\]", re.IGNORECASE)
_LINE = re.compile(
    r"^[ \t>*_#-]*(?:\d{1,2}[.)][ \t]*)?[*_]*(question|request|answer|q|a)(?:[ \t]*\d{1,2})?"
    r"[*_]*[ \t]*[:：][*_]*[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]+(.+)$", re.MULTILINE)
_TRIM = " \t\n`*_"


def pairs_in(reply: str) -> list[tuple[str, str]]:
    """Return the questions of a reply with their answers.

    They stand behind the tags [QUESTION] and [ANSWER], in any case, or behind labels at the beginning of a line.

    Args:
        reply: the model's text.

    Returns:
        Question and answer, in order; the answer is "" where there is none.

    Raises:
        UnparsableReply: there is no question in it.
    """
    marks = list(_TAG.finditer(reply)) or list(_LINE.finditer(reply))
    pairs: list[tuple[str, str]] = []
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(reply)
        text = reply[mark.end() : end].strip(_TRIM)
        kind = mark[1].lower()[0]
        if kind in "qr" and text:
            pairs.append((text, ""))
        elif kind == "a" and pairs and not pairs[-1][1]:
            pairs[-1] = (pairs[-1][0], text)
    if not pairs:
        raise UnparsableReply("there is no question in the reply")
    return pairs


def questions_in(reply: str) -> list[str]:
    """Return the requests that a reply lists.

    Args:
        reply: the model's text.

    Returns:
        What stands behind labels, else the numbered or dotted lines.

    Raises:
        UnparsableReply: there is neither.
    """
    if _TAG.search(reply) or _LINE.search(reply):
        return [question for question, _answer in pairs_in(reply)]
    found = [line.strip(_TRIM) for line in _NUMBERED.findall(reply)]
    if not found:
        raise UnparsableReply("there is no request in the reply")
    return found
