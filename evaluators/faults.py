"""Faults that models leave in answers, each with the pattern that tells it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curator.text.words import normalise, words

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_CODE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)

_PLACEHOLDERS = (
    re.compile(r"\{\{[^{}\n]{0,60}\}\}"),
    re.compile(r"\[(?:[A-Z]+(?:[ _-][A-Z]+)+|NAME|DATE|TIME|COMPANY|CITY|ADDRESS|TITLE|PLACEHOLDER|TODO|TBD)\](?!\()"),
    re.compile(r"\[(?:insert|enter|your|fill in|recipient|sender|name of)\b[^\]\n]{0,60}\](?!\()", re.IGNORECASE),
    re.compile(r"<(?:insert|enter|your|fill in)\b[^<>\n]{0,60}>", re.IGNORECASE),
    re.compile(r"<(?:[A-Z]+(?:[ _-][A-Z]+)+|NAME|DATE|\.\.\.|…)>"),
)
"""Slots that nobody filled. A link's text ("[YOUR RIGHTS](...)") and code are none."""

_LEAKS = (
    re.compile(r"<\|[a-z_]{2,30}(?:\|>)?"),
    re.compile(r"\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</s>"),
    re.compile(
        r"^[^\S\n]*(?:#{1,6} +|\*\*)?(?:User|Human|Assistant|System|Instruction|Response)(?:\*\*)?:", re.MULTILINE
    ),
)
"""Marks of a chat's own machinery: they belong around an answer, never in it."""

_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi'?m (?:just |only )?an? (?:ai|language model)\b"
    r"|\b(?:i am|i'm) (?:sorry|afraid),? (?:but )?(?:i|that|this|there) "
    r"|\bi (?:apologi[sz]e),? but\b"
    r"|\bi (?:cannot|can't|can not|won't|will not|am unable to|am not able to|'m unable to|'m not able to) "
    r"(?:assist|help|provide|fulfil|fulfill|comply|answer|generate|create|complete|respond|do that)\b"
    r"|\bi'm (?:unable|not able) to (?:assist|help|provide|fulfil|fulfill|comply|answer|generate|create|complete)\b"
)
_REFUSAL_CHARS = 240
"""A refusal stands at the start; further on, "I'm sorry, but" is somebody's speech."""

_SENTENCE_END = re.compile(r"[.!?…。！？؟।:][\"'”’»)\]*_`]*$|[)\]}|>*`]$|\W$")
_NO_SENTENCE_END = re.compile(r"[,;(\[{/&+=-]$|\b(?:and|or|but|the|a|an|of|to|with|because)$", re.IGNORECASE)
_NO_PROSE = re.compile(r"\s*(?:[-*+•|#>]|\d{1,3}[.)]\s|https?://)|    |.*\|\s*$")
_SENTENCE_WORDS = 12
"""Below this many words an answer may be a name, a figure or a title, and needs no full stop."""


def faults(instruction: str, response: str) -> Iterator[str]:
    """Yield what is wrong with an answer, in a few words each.

    Args:
        instruction: the question.
        response: the answer.

    Yields:
        The faults found, in a fixed order; an empty answer has no other.
    """
    if not response.strip():
        yield "empty response"
        return
    prose = _CODE.sub(" ", response)
    asks_for_slots = re.search(r"placeholder|template|\bslots?\b|fill[- ]in", instruction, re.IGNORECASE) is not None
    if _is_truncated(response.rstrip()):
        yield f"truncated: ends with {response.rstrip()[-20:]!r}"
    if not asks_for_slots and (slot := _first(_PLACEHOLDERS, f"{instruction}\n{prose}")):
        yield f"unfilled placeholder {slot!r}"
    if mark := _first(_LEAKS, prose):
        yield f"role leakage {mark.strip()!r}"
    if normalise(response) == normalise(instruction):
        yield "response equals instruction"
    if refusal := _REFUSAL.search(normalise(response)[:_REFUSAL_CHARS]):
        yield f"refusal {refusal.group().strip()!r}"
    if len(_FENCE.findall(response)) % 2:
        yield "broken code fence"


def _is_truncated(response: str) -> bool:
    """Return whether the answer stops inside a sentence: a list item, a table, code or a short answer needs no stop."""
    last_line = response.rpartition("\n")[2]
    if _NO_PROSE.match(last_line) or _FENCE.match(last_line):
        return False
    if _NO_SENTENCE_END.search(last_line):
        return len(words(response)) > 1
    return _SENTENCE_END.search(last_line) is None and len(words(last_line)) >= _SENTENCE_WORDS


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str:
    return next((match.group() for pattern in patterns if (match := pattern.search(text))), "")
