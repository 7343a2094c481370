"""Reading what a model writes when it is to change a text: the text itself, without what models put around it."""

from __future__ import annotations

import re

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply
from curator.text.words import unify_typography, words

THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)|\A.*</(?:think|thinking|reasoning)>", re.S | re.I)
_WHAT = r"(?:prompt|instruction|question|request|task|response|answer|version|variation|variant|option|candidate)"
_CHOICE = r"(?:prompt|version|variation|variant|option|candidate)"
_LABEL = re.compile(
    rf"^[ \t]*[#*_`>\[(]*[ \t]*(?:(?P<final>final(?:ly)?)[ ]+)?"
    rf"(?:(?:re-?written|new|created|changed|improved|evolved|easier|harder)(?:[ ]+{_WHAT})?"
    rf"|rewrite|{_CHOICE}[ ]*(?P<number>\d+))"
    r"[ \t]*[#*_`\])]*[ \t]*:[#*_` \t]*",
    re.I | re.M,
)
_OURS = ("#", "written", "new prompt", "new answer")
_OPENING = re.compile(
    rf"\A(?:(?:sure(?: thing)?|certainly|of course|okay|ok|absolutely)\b[!,.:]+\s*)?"
    rf"(?:here(?:'s| is| are)\b[^\n:]*\b(?:{_WHAT}s?|rewrite|rewritten|one)\b[^\n:]*:\s*)?"
    r"(?:(?:prompt|question|instruction|response|answer):\s+)?",
    re.I,
)
_FENCED = re.compile(r"\A```(?:text|txt|markdown|md|plaintext|prompt)?[ \t]*\n(.*?)\n?```\Z", re.S | re.I)
_TAGGED = re.compile(r"\A<(prompt|response)>(.*?)(?:</\1>|\Z)\s*\Z", re.S | re.I)
_NUMBERED = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+", re.M)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "`": "`"}
SHORTEST_CANDIDATE_WORDS = 4
"""A numbered line with fewer words is an item of a list, not a version of the whole."""


def complete_text(reply: ChatReply) -> str:
    """Return the text of a reply that does not break off.

    Args:
        reply: the reply.

    Returns:
        Its text, without surrounding blank space.

    Raises:
        UnparsableReply: the model ran out of tokens in the middle of it.
    """
    if reply.finish_reason == "length":
        raise UnparsableReply("the reply breaks off before its end")
    return reply.text.strip()


def candidates_in(text: str, parent: str, *, choice: bool = True) -> list[str]:
    """Return the changed texts that a reply holds: one, or several where the model offers more.

    Args:
        text: the reply.
        parent: the text that was to be changed; a fence or quotation marks around it are its own.
        choice: whether a reply of numbered parts is a choice of texts, and not one text that has such parts; it never
            is where the parent has them.

    Returns:
        The changed texts in the reply's order, each without thoughts, preamble, label, fence, marks and quotation marks
        around it.

    Raises:
        UnparsableReply: nothing is left of the reply.
    """
    parts = _labelled(THOUGHT.sub("", text).strip(), choice=choice)
    if choice and len(parts) == 1 and not _NUMBERED.search(parent):
        parts = _choices(parts[0])
    found = [bare for part in parts if (bare := _bare(part, parent))]
    if not found:
        raise UnparsableReply("the reply is blank")
    return list(dict.fromkeys(found))


def _labelled(text: str, *, choice: bool) -> list[str]:
    """Return what stands behind each label ("#Rewritten Prompt#:"); the final one alone where one says so."""
    labels = [label for label in _LABEL.finditer(text) if choice or not label["number"]]
    if not labels or not (_is_ours(labels[0]) or _is_opening(text[: labels[0].start()])):
        return [text]
    ends = [label.start() for label in labels[1:]] + [len(text)]
    parts = [(label["final"], text[label.end() : end]) for label, end in zip(labels, ends, strict=True)]
    final = [part for said, part in parts if said]
    return final[-1:] or [part for _said, part in parts]


def _is_ours(label: re.Match[str]) -> bool:
    """Return whether a label can be nothing but one; another ("Version 2:") counts behind an opening only."""
    return label["final"] is not None or any(sign in label.group().casefold() for sign in _OURS)


def _is_opening(text: str) -> bool:
    return not _OPENING.sub("", unify_typography(text), count=1).strip()


def _choices(text: str) -> list[str]:
    """Return the items of a reply that is, but for its opening, a numbered list of whole texts."""
    body = text[_end_of_opening(text) :]
    numbers = list(_NUMBERED.finditer(body))
    if [number[1] for number in numbers] != [str(count) for count in range(1, len(numbers) + 1)]:
        return [text]
    if len(numbers) < 2 or body[: numbers[0].start()].strip():
        return [text]
    ends = [number.start() for number in numbers[1:]] + [len(body)]
    items = [body[number.end() : end] for number, end in zip(numbers, ends, strict=True)]
    return items if all(len(words(item)) >= SHORTEST_CANDIDATE_WORDS for item in items) else [text]


def _end_of_opening(text: str) -> int:
    """Return where the text begins behind "Sure, here is the new prompt:"; 0 if that is all there is."""
    found = _OPENING.match(unify_typography(text))
    return found.end() if found and text[found.end() :].strip() else 0


def _bare(text: str, parent: str) -> str:
    """Take off, layer by layer, what stands around a text and did not around its parent."""
    text = text.strip()
    while True:
        inner = text[_end_of_opening(text) :].strip()
        for pattern, group in ((_FENCED, 1), (_TAGGED, 2)):
            if (found := pattern.match(inner)) and not pattern.match(parent.strip()):
                inner = found[group].strip()
        inner = _unquoted(inner, parent.strip())
        if inner == text:
            return text
        text = inner


def _unquoted(text: str, parent: str) -> str:
    for opening, closing in (*_QUOTES.items(), ("**", "**")):
        size = len(opening)
        inner = text[size : len(text) - size]
        around = len(text) >= 2 * size and text.startswith(opening) and text.endswith(closing)
        if around and opening not in inner and closing not in inner and not parent.startswith(opening):
            return inner.strip()
    return text
