"""Reading replies in plain words: one line that was asked for, without what models put around it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from curator.text.words import jaccard, words

ALIKE_SHARE = 0.9
"""The share of common words from which on two lines say the same: one word in twenty may differ, so that the same
question about two things never counts."""

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^\s*```[\w-]*\s*$", re.MULTILINE)
_BULLET = re.compile(r"^(?:[-*•–]\s+|\(?\d{1,3}[.):]\s+|#{1,6}\s+|>\s+)+")
_PREAMBLE = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|absolutely|great|yes|here(?:'s|’s| is| are)|the following)\b.*[:!]$",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'", "‘": "’", "`": "`"}
_SCORE = re.compile(r"\bscore\b\W{0,6}?(\d+(?:\.\d+)?)", re.IGNORECASE)


def line_in(text: str, *labels: str) -> str:
    """Return the one line that a reply was to consist of.

    A label before it, a numeral, marks of emphasis, quote marks around it, a code fence and a preamble ("Sure, here it
    is:") are left out. Where a label stands, what it labels is taken, whatever comes before.

    Args:
        text: the reply.
        labels: what may stand before the line and a colon, in any case.

    Returns:
        The line.

    Raises:
        UnparsableReply: there is no such line.
    """
    lines = [_bare(line) for line in spoken(text).splitlines()]
    lines = [line for line in lines if line]
    label = re.compile(rf"^(?:{'|'.join(map(re.escape, labels))})\s*:\s*", re.IGNORECASE) if labels else None
    for number, line in enumerate(lines):
        found = label.match(line) if label else None
        if found:
            lines = [_bare(line[found.end() :]), *lines[number + 1 :]]
            break
    line = next((line for line in lines if line and not _PREAMBLE.match(line)), "")
    if not any(character.isalnum() for character in line):
        raise UnparsableReply("the reply is blank, or holds no line of words")
    return line


def is_much_like(text: str, others: Iterable[str]) -> bool:
    """Return whether a line says again what another says.

    Args:
        text: a line.
        others: the others.

    Returns:
        True if the words that it shares with one of them are `ALIKE_SHARE` or more of the words of both (Jaccard).
    """
    own = frozenset(words(text))
    return any(jaccard(own, frozenset(words(other))) >= ALIKE_SHARE for other in others)


def is_cut_off(reply: ChatReply) -> bool:
    """Return whether a reply ended because it had no tokens left."""
    return reply.finish_reason == "length"


def score_in(text: str, low: int, high: int) -> int:
    """Return the score that a reply gives last, behind the word "Score".

    Args:
        text: the reply: a reason, then "Score: 4".
        low: the lowest score there is.
        high: the highest.

    Returns:
        The score.

    Raises:
        UnparsableReply: there is none, or it is no whole number in the range.
    """
    given = _SCORE.findall(spoken(text).replace("*", ""))
    if not given:
        raise UnparsableReply('there is no number behind "Score:"')
    value = float(given[-1])
    if not value.is_integer() or not low <= value <= high:
        raise UnparsableReply(f"the score {given[-1]} is no whole number from {low} to {high}")
    return int(value)


def answer_in(reply: ChatReply) -> str:
    """Return a reply that is itself what was asked for, without its reasoning.

    Args:
        reply: the reply.

    Returns:
        Its text, as it stands.

    Raises:
        UnparsableReply: there is nothing but blank space or reasoning.
    """
    text = _THOUGHT.sub("", reply.text).strip()
    if not text:
        raise UnparsableReply("the reply is blank")
    return text


def spoken(text: str) -> str:
    """Return a reply without its reasoning and without the lines that open and close code fences."""
    return _FENCE.sub("", _THOUGHT.sub("", text)).strip()


def _bare(line: str) -> str:
    line = _BULLET.sub("", line.strip()).replace("**", "").replace("__", "").strip()
    opened = _QUOTES.get(line[:1])
    if opened and len(line) > 1 and line.endswith(opened) and opened not in line[1:-1]:
        line = line[1:-1].strip()
    return line
