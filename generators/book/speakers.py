"""Who says what in a novel: speeches in quotation marks whose speaker is named beside them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import regex

from curator.text.words import words
from generators.book.passages import Passage, Sentence

SHORTEST_QUOTE_WORDS = 5
"""Anybody may have said something shorter ("Indeed!"), so it tells no speaker."""

LONGEST_QUOTE_WORDS = 60
"""A longer speech is no quotation to be recognised but a text to be read."""

_SAID = (
    "said|says|replied|replies|cried|cries|answered|asked|asks|exclaimed|added|repeated|"
    "whispered|shouted|declared|remarked|rejoined|protested|admitted|explained|told"
)
_DONE = "continued|returned|observed|called|began|resumed"
"""Verbs that tell a speech only where nothing follows them: "Darcy called, ..." but not "Darcy called upon Jane"."""
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Lady|Lord|Sir|Captain|Colonel|Aunt|Uncle|Father|Mother|Madam|Professor|King|Queen)\b\.?"
_SPEAKER = rf"(?P<speaker>(?:{_TITLE}\s)?\p{{Lu}}[\p{{L}}'’-]+(?:\s\p{{Lu}}[\p{{L}}'’-]+){{0,2}})"
_QUOTE = r"(?:“(?P<curly>[^“”\n]+)”|\"(?P<straight>[^\"\n]+)\")"
_SPOKE = rf"(?:(?:{_SAID})\b|(?:{_DONE})(?=[,.;:]|\s[“\"]))"
_AFTER = regex.compile(rf"{_QUOTE}\s(?:(?:{_SAID}|{_DONE})\s{_SPEAKER}\b(?!['’])|{_SPEAKER}\s{_SPOKE})")
_BEFORE = regex.compile(rf"(?<![\p{{L}}.]\s){_SPEAKER}\s(?:(?:{_SAID})(?:\s\p{{Ll}}+)?|{_DONE})[,:]\s{_QUOTE}")
_POSSESSIVE = ("'s", "’s")
"""Of "cried Mrs. Bennet’s husband" the name says whose he is, not who he is."""
_NOBODY = frozenset("he she it they we you i who nobody everybody somebody and but then this that".split())


class Speech(msgspec.Struct, frozen=True):
    """What somebody says: the words, who says them, and the stretch of the document that tells both."""

    quote: str
    speaker: str
    evidence: Sentence


def speeches(passage: Passage) -> Iterator[Speech]:
    """Yield the speeches of a passage whose speaker it names, in order.

    Args:
        passage: a passage.

    Yields:
        Speeches of `SHORTEST_QUOTE_WORDS` to `LONGEST_QUOTE_WORDS` words.
    """
    found = [*_AFTER.finditer(passage.text), *_BEFORE.finditer(passage.text)]
    for match in sorted(found, key=lambda match: match.start()):
        quote = (match["curly"] or match["straight"]).strip().rstrip(",")
        speaker = match["speaker"]
        length = len(words(quote))
        named = words(speaker)[:1] != [] and words(speaker)[0] not in _NOBODY
        if named and not speaker.endswith(_POSSESSIVE) and SHORTEST_QUOTE_WORDS <= length <= LONGEST_QUOTE_WORDS:
            yield Speech(quote, speaker, Sentence(match.group(), passage.chunk.start + match.start()))
