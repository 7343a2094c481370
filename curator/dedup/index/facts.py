"""What the texts of an index state, found once for each, so that twins which state other facts are told at a glance."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence, Set

from curator.dedup.guard import fact_keys
from curator.text.names import lower_case_words

KEPT = 1 << 15
"""Of how many texts what they state is kept in memory, at most."""

TextsOf = Callable[[Sequence[str]], Mapping[str, str]]
"""Gives the texts of the index under some keys; without those that are not in it."""

KnownOf = Callable[[Set[str]], Set[str]]
"""Gives those of some words that any text of the index writes in lower case."""


class Facts:
    """What a text states: its numbers and names.

    Whether a word is a name where it opens a sentence may depend on other texts, unless this one writes it in lower
    case somewhere: such a word is undecided. What the text states is kept for every outcome that was asked for.

    Attributes:
        undecided: the undecided words, in lower case.
    """

    __slots__ = ("_stated", "undecided")

    def __init__(self, text: str) -> None:
        """Find a text's undecided words.

        Args:
            text: the text.
        """
        words = {word.removesuffix("'s") for word in lower_case_words(text.casefold())}
        self.undecided = tuple(map(sys.intern, sorted(words - lower_case_words(text))))
        self._stated: dict[tuple[str, ...], bytes] = {}

    def stated(self, common: Set[str], text: str | None = None) -> bytes | None:
        """Return a key that is equal for texts which state the same; see `curator.dedup.guard`.

        Args:
            common: words that are no names where they open a sentence.
            text: the text, if it is at hand.

        Returns:
            The key; None if the text is wanted to tell.
        """
        decided = tuple([word for word in self.undecided if word in common])
        if decided not in self._stated and text is not None:
            self._stated[decided] = fact_keys([text], common=lower_case_words(text).union(decided))[0]
        return self._stated.get(decided)


class FactsByKey:
    """What the texts of an index state, by their keys."""

    def __init__(self) -> None:
        """Know of no text."""
        self._facts: dict[str, Facts] = {}

    def alike(
        self, key: str | None, text: str, others: Sequence[str], texts_of: TextsOf, known_of: KnownOf
    ) -> list[str]:
        """Find who states what a text states.

        Args:
            key: what the text will be known by if it enters; None if it is not to.
            text: the text.
            others: the keys of texts that may be in the index.
            texts_of: gives their texts.
            known_of: gives the words that are common in the index.

        Returns:
            The keys of those that state the same, in their order.
        """
        own = Facts(text)
        texts = texts_of([other for other in others if other not in self._facts])
        self._facts.update((other, Facts(content)) for other, content in texts.items())
        facts = {other: self._facts[other] for other in others if other in self._facts}
        words = set(own.undecided).union(*(each.undecided for each in facts.values()))
        common = known_of(words) | lower_case_words(text)  # what the others write in lower case is known
        stated = {other: each.stated(common) for other, each in facts.items()}
        untold = [other for other, found in stated.items() if found is None]
        texts = {**texts, **texts_of([other for other in untold if other not in texts])}
        stated.update((other, facts[other].stated(common, texts[other])) for other in untold)
        wanted = own.stated(common, text)
        alike = [other for other, found in stated.items() if found == wanted]
        if key is not None:
            self._facts[key] = own
        self._shrink()
        return alike

    def forget(self, key: str) -> None:
        """Forget a text.

        Args:
            key: what it was known by.
        """
        self._facts.pop(key, None)

    def _shrink(self) -> None:
        while len(self._facts) > KEPT:
            del self._facts[next(iter(self._facts))]
