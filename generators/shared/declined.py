"""The word by which a model says that a passage holds nothing to ask about, or that it does not hold the answer."""

from __future__ import annotations

import re

from curator.text.words import count_words

UNANSWERABLE = re.compile(r"\[\s*unanswerable\s*\]", re.IGNORECASE)
"""The word as our prompts offer it; its brackets tell it from the adjective."""

LONGEST_DECLINE_WORDS = 40
"""A longer reply does something else besides, such as asking other questions."""

_NOTHING_ELSE = re.compile(r"\W*+(?:\w++\s*+[:：]\W*+)?unanswerable\W*+", re.IGNORECASE)


def is_declined(reply: str) -> bool:
    """Return whether a model says that there is nothing to ask, or no answer.

    Args:
        reply: the model's text.

    Returns:
        True for a short reply with the word in its brackets, and for one that is nothing but the word; not for a
        question that has the adjective in it.
    """
    if _NOTHING_ELSE.fullmatch(reply):
        return True
    return UNANSWERABLE.search(reply) is not None and count_words(reply) <= LONGEST_DECLINE_WORDS
