"""The eliminator of Evol-Instruct: named checks, each of which says what is wrong with an evolved text.

The name of the check that fails is the reason under which the record is dropped, so the funnel counts them.

Source:
    Xu et al. 2023, "WizardLM", arXiv 2304.12244, section 3 (elimination evolving): no gain (which a judge decides,
    see `generators.evol_instruct`), a response that apologises, an empty response, words of the evolving prompt. There
    the last also holds for words that the parent had itself; here only new ones count.
    The further checks of an instruction follow the open code of h2o-wizardlm; those of a response are the failure
    detectors of Zeng et al. 2024, "Automatic Instruction Evolving for Large Language Models", arXiv 2406.00770.
    `refusal` is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from curator.stage import Rejection
from curator.text.words import content_words, normalise, words

APOLOGY_WORDS = 80
"""A response that says "sorry" and is shorter than this does not answer."""

LIST_ITEMS = 10
"""More list items than this, and nothing else, are no instruction."""

_REFUSAL = re.compile(
    r"(?:(?:i'm|i am|we're|we are)?\s*(?:very |so )?sorry\b.{0,40}\b(?:can't|cannot|can not|unable|won't|not able)\b"
    r"|(?:unfortunately,? )?i (?:can't|cannot|can not|won't|am unable to|am not able to|'m unable to) "
    r"(?:help|assist|comply|fulfil|rewrite|change|do that|do this|create|generate|provide)\b)"
)
_ASSISTANT = re.compile(r"\bas an ai\b|\bai (?:language model|assistant)\b|\bhow (?:can|may) i (?:assist|help)\b")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_UNDERSTOOD = re.compile(r"\b(?:understood|thank you for|thanks for|got it)\b")
_ASKS_FOR_MORE = re.compile(r"\bplease (?:provide|share|specify)\b")


class Check(NamedTuple):
    """A condition under which an evolved text is discarded.

    Attributes:
        name: the reason it is counted under.
        finds: returns what is wrong with a text, given its parent; "" if nothing is.
    """

    name: str
    finds: Callable[[str, str], str]


def first_failure(checks: Iterable[Check], text: str, parent: str = "") -> Rejection | None:
    """Return the first check that a text fails.

    Args:
        checks: the checks, in order.
        text: the evolved instruction, or a response.
        parent: what it was evolved from.

    Returns:
        Which check and what it found; None if the text passes all.
    """
    for check in checks:
        if found := check.finds(text, parent):
            return Rejection(check.name, found)
    return None


def _new(pattern: re.Pattern[str], text: str, parent: str) -> str:
    """Return what `pattern` finds in a text and not in its parent, which may speak of the same things by right."""
    known = _squeezed(normalise(parent))
    hits = (hit.group() for hit in pattern.finditer(normalise(text)))
    return next((f"it says {hit!r}" for hit in hits if _squeezed(hit) not in known), "")


def _squeezed(text: str) -> str:
    return text.replace(" ", "")  # a mark that was made harmless with a blank is still the parent's own


def scaffold_leak(phrases: Iterable[str], marks: Iterable[str]) -> Check:
    """Build the check for words of the evolving prompt: only those that it really holds, as others are anybody's.

    Args:
        phrases: what it calls the texts it is about ("given prompt").
        marks: the tags between which they stand ("prompt").

    Returns:
        A check that finds the phrases, the marks, and the paper's own ("#Rewritten Prompt#").
    """
    said = "|".join(re.escape(phrase) for phrase in phrases)
    pattern = re.compile(
        r"#\s*(?:the )?(?:finally )?(?:given|rewritten|created|new) (?:prompt|instruction|response)\s*#"
        rf"|\b(?:{said})s?\b"
        rf"|<\s*/?\s*(?:{'|'.join(marks)})\s*>"
    )
    return Check("scaffold-leak", lambda text, parent: _new(pattern, text, parent))


def _refusal(text: str, parent: str) -> str:
    refused = _REFUSAL.match(normalise(text))
    return f"it refuses: {refused.group()!r}" if refused and not _REFUSAL.match(normalise(parent)) else ""


def _unchanged(text: str, parent: str) -> str:
    return "it says what its parent says" if words(text) == words(parent) else ""


def _broken_lines(text: str, _parent: str) -> str:
    breaks, blanks = text.count("\n"), text.count(" ")
    return f"{breaks} line breaks for {blanks} blanks" if breaks > LIST_ITEMS and breaks > 2 * blanks else ""


def _list_only(text: str, _parent: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    listed = len(lines) > LIST_ITEMS and all(_LIST_ITEM.match(line) for line in lines)
    return f"it is nothing but a list of {len(lines)} items" if listed else ""


def _assistant_phrase(text: str, parent: str) -> str:
    return _new(_ASSISTANT, text, parent)


def _unanswerable(text: str, _parent: str) -> str:
    said = words(text)
    short = len(said) < APOLOGY_WORDS and "sorry" in said
    return f'the response says "sorry" in {len(said)} words, fewer than {APOLOGY_WORDS}' if short else ""


def _empty_content(text: str, _parent: str) -> str:
    return "" if content_words(text) else f"only punctuation and stop words: {text[:80]!r}"


def _stagnant(text: str, _parent: str) -> str:
    form = normalise(text)
    stagnant = form.endswith("?") and _UNDERSTOOD.search(form)
    return "the response acknowledges and asks back" if stagnant else ""


def _insufficient(text: str, _parent: str) -> str:
    form = normalise(text)
    return "the response agrees and asks back" if form.startswith("sure") and form.endswith("?") else ""


def _missing_information(text: str, _parent: str) -> str:
    asked = _ASKS_FOR_MORE.search(normalise(text))
    return f"the response asks for more: {asked.group()!r}" if asked else ""


REFUSAL = Check("refusal", _refusal)
UNCHANGED = Check("unchanged", _unchanged)
EMPTY_CONTENT = Check("empty-content", _empty_content)

RESPONSE_CHECKS = (Check("unanswerable", _unanswerable), EMPTY_CONTENT)
"""The paper's conditions 2 and 3, on the response."""

PRACTICAL_INSTRUCTION_CHECKS = (
    REFUSAL,
    UNCHANGED,
    Check("broken-lines", _broken_lines),
    Check("list-only", _list_only),
    Check("assistant-phrase", _assistant_phrase),
)
"""What the paper does not have, on the instruction."""

PRACTICAL_RESPONSE_CHECKS = (
    Check("stagnant-complexity", _stagnant),
    Check("insufficient-qualification", _insufficient),
    Check("missing-information", _missing_information),
)
"""What the paper does not have, on the response."""
