"""Words that turn a statement round: negations, yes and no, and opposites such as left and right.

Two texts that are alike but for one of these words contradict each other: "may" and "may not" share all their other
words and their topic, and an embedding hardly tells them apart. The list is short, English and ours: words of grammar,
order, place and degree that seldom say anything else ("up" and "many" do, so they are not in it). It does not know what
a negation belongs to, nor most opposites ("open" and "closed"), nor other languages.
"""

from __future__ import annotations

import re

from curator.text.words import unify_typography

_NEGATIONS = frozenset("no not never none nobody nothing nowhere neither nor without cannot".split())
_OPPOSITES = (
    "yes/no true/false correct/incorrect right/left above/below upper/lower inside/outside before/after earlier/later "
    "earliest/latest first/last ascending/descending more/less/fewer most/least max/min maximum/minimum "
    "maximal/minimal maximize/minimize maximise/minimise higher/lower highest/lowest larger/bigger/smaller "
    "largest/biggest/smallest longer/shorter longest/shortest better/worse best/worst oldest/newest/youngest "
    "fastest/slowest cheapest/dearest increase/decrease increases/decreases increasing/decreasing enable/disable "
    "include/exclude allowed/forbidden legal/illegal positive/negative odd/even always/sometimes "
    "advantages/disadvantages pros/cons encode/decode encrypt/decrypt import/export"
)
_POLES = frozenset(re.split(r"[ /]", _OPPOSITES)) - _NEGATIONS
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def polarity(text: str) -> frozenset[str]:
    """Return the words of a text on which its sense turns; texts that say the same mostly share them.

    Args:
        text: any text; the words are English.

    Returns:
        The words in lower case; "not" for any negation.
    """
    words = _words(text)
    return frozenset(_POLES.intersection(words)) | ({"not"} if any(map(_negates, words)) else set())


def negations(text: str) -> int:
    """Return how many negations a text has: "not", "no", "n't", "without" and their like; the words are English."""
    return sum(map(_negates, _words(text)))


def _words(text: str) -> list[str]:
    return _WORD.findall(unify_typography(text).casefold())


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")
