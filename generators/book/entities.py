"""Names and numbers of a book, by kind: what an answer may be, and what may be put in its place to make it wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import msgspec
import regex

from curator.record import Source
from curator.text.evidence import numbers
from curator.text.words import normalise, words
from generators.book.passages import Passage

NAME = "name"
PERSON = "name with a form of address"
_YEAR = "year"
_DIGITS = "number in digits"
_SPELLED = "number word"
_ORDINAL = "ordinal word"
MOST_TELLING = (PERSON, NAME, _YEAR, _DIGITS, _SPELLED, _ORDINAL)
"""The kinds, that first which makes the best right option: of "1 June 1923" rather the year than the day."""

_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Madam|Madame|Mme)\b\.?\s)?"
_MOST_EXCHANGED = 40
"""How many names are drawn from: rare ones are often no names but words with a capital."""

_WORD = regex.compile(r"[\p{L}\p{M}]+|\d+(?:[.,:]\d+)*(?![\p{L}\d])")
_VAGUE = frozenset({"one", "first", "second", "may", "march", "noon", "midnight", "midday"})
"""Words that are numbers or dates only at times; an exchange of them would too often say nothing, or nonsense."""


class Entity(msgspec.Struct, frozen=True):
    """A name or number as a text spells it, and its place there; only what is of one kind may stand for another."""

    text: str
    kind: str
    at: int


def entities(text: str, known_names: Iterable[str]) -> list[Entity]:
    """Return the names and numbers that stand in a text.

    Args:
        text: a sentence.
        known_names: the names of the passage around it, in lower case; a sentence alone does not tell whether its
            first word is one.

    Returns:
        The entities, in the order in which they stand.
    """
    found = [entity for name in known_names for entity in _spelled(name, text)]
    taken = [range(entity.at, entity.at + len(entity.text)) for entity in found]
    for match in _WORD.finditer(text):
        kind = _number_kind(match.group())
        if kind and not any(match.start() in span for span in taken):
            spelling = match.group().lower() if kind in (_SPELLED, _ORDINAL) else match.group()
            found.append(Entity(spelling, kind, match.start()))
    return sorted(_outermost(found), key=lambda entity: entity.at)


def exchanged(text: str, old: Entity, new: str) -> str:
    """Return a sentence with one of its entities replaced; a capital at its beginning stays one.

    Args:
        text: the sentence.
        old: the entity, as it stands there.
        new: what stands there instead.

    Returns:
        The other sentence.
    """
    cased = new[:1].upper() + new[1:] if old.at == 0 else new
    return text[: old.at] + cased + text[old.at + len(old.text) :]


def mentions(text: str, entity: str) -> bool:
    """Return whether a text names an entity, whatever its case."""
    wanted, found = words(entity), words(text)
    found = [word.removesuffix("'s") for word in found]
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))


class Inventory:
    """The entities of all passages, by kind."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        """Go through the passages.

        Args:
            passages: the passages of all documents.
        """
        counts: dict[str, Counter[str]] = {}
        self._here: dict[Source, list[Entity]] = {}
        for passage in passages:
            found = entities(passage.text, passage.names)
            self._here[passage.source()] = found
            for entity in found:
                counts.setdefault(entity.kind, Counter())[entity.text] += 1
        self._counts = counts

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the entities of some kinds, the most frequent first."""
        counted: Counter[str] = sum((self._counts.get(kind, Counter()) for kind in kinds), Counter())
        return sorted(counted, key=lambda text: (-counted[text], text))

    def others(self, entity: Entity, passage: Passage, chance: random.Random, *, elsewhere: bool = False) -> list[str]:
        """Return what could stand in an entity's place and would be wrong there.

        Args:
            entity: the right one.
            passage: the passage that it stands in.
            chance: decides the order of equally good ones.
            elsewhere: only such as the passage does not name.

        Returns:
            Entities of the same kind, those of the passage first.
        """
        found = [found.text for found in self._here.get(passage.source(), []) if found.kind == entity.kind]
        here = set(words(passage.text))
        near = [] if elsewhere else list(dict.fromkeys(found))
        far = [text for text in self.of_kind(entity.kind)[:_MOST_EXCHANGED] if not here.issuperset(words(text))]
        chance.shuffle(near)
        chance.shuffle(far)
        return list(dict.fromkeys(text for text in (*near, *far) if _differs(text, entity.text)))


def _differs(text: str, other: str) -> bool:
    """Return whether two names cannot mean the same: neither is a part of the other, and the numbers are not equal."""
    ours, theirs = set(words(text)), set(words(other))
    value = numbers(text)
    return not (ours <= theirs or theirs <= ours or (value and value == numbers(other)))


def _spelled(name: str, text: str) -> Iterable[Entity]:
    for match in _pattern(name).finditer(text):
        if match["name"][0].isupper():
            yield Entity(match.group(), NAME if match.group() == match["name"] else PERSON, match.start())


@lru_cache(maxsize=4096)
def _pattern(name: str) -> regex.Pattern[str]:
    bare = r"[\s.\-]+".join(regex.escape(word) for word in name.split())
    return regex.compile(rf"(?<![\p{{L}}\p{{N}}]){_TITLE}(?P<name>{bare})(?![\p{{L}}\p{{N}}])", regex.IGNORECASE)


def _number_kind(word: str) -> str:
    if not numbers(word) or normalise(word) in _VAGUE:
        return ""
    if word[0].isalpha():
        return _ORDINAL if word.casefold().endswith(("rd", "th")) else _SPELLED
    return _YEAR if len(word) == 4 and word.isdigit() else _DIGITS


def _outermost(found: list[Entity]) -> list[Entity]:
    """Leave out the names that are part of a longer one at the same place."""

    def covered(entity: Entity) -> bool:
        return any(
            other is not entity
            and other.at <= entity.at
            and other.at + len(other.text) >= entity.at + len(entity.text)
            and len(other.text) > len(entity.text)
            for other in found
        )

    return [entity for entity in found if not covered(entity)]
