"""Questions whose answer is a sentence of the book: what to show the model of each type, and what its question makes.

The model writes nothing but the question. Everything that must be true is the book's own word, and what must be false
(the wrong options, the variant that a "no" denies, the question that the book does not answer) is made by exchanging a
name or number for another of the same kind.

Source:
    Answer-first generation: Alberti et al. 2019, arXiv 1906.05416, section 2. Unanswerable questions by exchanging
    entities: Rajpurkar et al. 2018, arXiv 1806.03822, section 3 and table 1 (there written by people).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence, Set
from functools import cached_property

import msgspec

from curator.stage import Context
from curator.text.retrieval import BM25
from curator.text.words import content_words, normalise
from generators.book.entities import MOST_TELLING, Entity, Inventory, entities, exchanged
from generators.book.passages import Passage, Sentence, length_words
from generators.book.question_types import Quota, equal_shares
from generators.book.speakers import Speech, speeches

LETTERS = "abcd"
"""The names of a multiple-choice question's options."""

LONGEST_SENTENCE_WORDS = 50
"""A longer sentence tells too much to be turned into one question."""

_NEIGHBOURS = 6
"""How many passages are looked at for a second sentence to compare with."""

_MARKS = {
    "factoid": re.compile(""),
    "definition": re.compile(
        r"\b(?:is|are|was|were) (?:a|an|the)\b|\bmeans\b|\b(?:is|are) called\b|\bknown as\b|\brefers? to\b", re.I
    ),
    "why-how": re.compile(
        r"\b(?:because|so that|in order to|therefore|owing to|due to|as a result|by \w+ing|for fear)\b", re.I
    ),
    "temporal": re.compile(r"\b(?:before|after|until|till|when|while|as soon as|then)\b", re.I),
}
"""What a sentence must hold to answer a question of the type."""


class Asked(msgspec.Struct, frozen=True):
    """One question to be written.

    Attributes:
        type: the question's type.
        passage: what it is about.
        sentence: the sentence that answers it, where the answer is verbatim.
        shown: the sentence that the model sees: `sentence`, or a variant of it that is false.
        difficulty: the level that is asked for; "" for none.
        second: the other passage of a comparison.
        second_sentence: the other sentence of a comparison.
        exchanged: what was put into `shown`; the question must name it, or it does not ask about the variant.
        answer: the right option of a multiple-choice question.
        distractors: the wrong ones.
        position: where the right option stands among them, or whether the answer is "yes" or "no".
        speech: what the question quotes.
    """

    type: str
    passage: Passage
    sentence: Sentence | None = None
    shown: str = ""
    difficulty: str = ""
    second: Passage | None = None
    second_sentence: Sentence | None = None
    exchanged: str = ""
    answer: str = ""
    distractors: tuple[str, ...] = ()
    position: str = ""
    speech: Speech | None = None


class Composer:
    """Finds, in a passage, a sentence that can be asked about in the way of a type."""

    def __init__(self, passages: Sequence[Passage], context: Context) -> None:
        """Take stock of nothing yet: what a type needs of the whole book is looked up when it is first asked for.

        Args:
            passages: all passages.
            context: lends the randomness.
        """
        self._passages = passages
        self._context = context
        self._polarity = Quota(equal_shares(("yes", "no")), context.random("polarity"))
        self._position = Quota(equal_shares(LETTERS), context.random("position"))

    def compose(self, kind: str, passage: Passage, taken: Set[int]) -> Asked | None:
        """Return what to ask about a passage.

        Args:
            kind: the question's type, one that has verbatim answers.
            passage: the passage.
            taken: where the sentences begin that were asked about already.

        Returns:
            The first sentence's that will do; None if the passage has none for this type.
        """
        if kind == "quote-attribution":
            return self._quotation(passage, taken)
        free = (sentence for sentence in passage.sentences if sentence.at not in taken and _is_plain(sentence.text))
        return next((asked for sentence in free if (asked := self._about(kind, passage, sentence))), None)

    def polarity(self) -> str:
        """Return "yes" or "no", each half of the time."""
        return self._polarity.draw()

    def place(self) -> str:
        """Return the letter of a right option, each a quarter of the time."""
        return self._position.draw()

    def fill(self, passage: Passage, answer: str, found: Sequence[str]) -> tuple[str, ...]:
        """Return wrong options: those that a model gave, then the book's names or numbers of the answer's kind."""
        options = [option for option in dict.fromkeys(found) if normalise(option) != normalise(answer).strip(". ")]
        chance = self._context.random("options", passage.chunk.start, answer)
        for entity in entities(answer, passage.names):
            if entity.text == answer.strip(". "):
                options += self._inventory.others(entity, passage, chance)
        return tuple(list(dict.fromkeys(options))[: len(LETTERS) - 1])

    def partner(self, passage: Passage, text: str) -> Passage | None:
        """Return the other passage that shares the most telling words with a text; None if none shares any."""
        return next((other for other in self._near(text) if not _same(other, passage)), None)

    def _about(self, kind: str, passage: Passage, sentence: Sentence) -> Asked | None:
        if kind in _MARKS:
            fits = _MARKS[kind].search(sentence.text)
            return Asked(kind, passage, sentence, sentence.text) if fits else None
        if kind == "comparison":
            return self._comparison(passage, sentence)
        facts = entities(sentence.text, passage.names)
        return {"yes-no": self._yes_no, "multiple-choice": self._choice, "unanswerable": self._unanswerable}[kind](
            passage, sentence, facts
        )

    def _yes_no(self, passage: Passage, sentence: Sentence, facts: Sequence[Entity]) -> Asked | None:
        wanted = self._polarity.wanted()[0]
        asked = Asked("yes-no", passage, sentence, sentence.text, position="yes")
        if wanted == "no":
            variant = self._variant(passage, sentence, facts)
            if variant is None:
                return None
            asked = msgspec.structs.replace(asked, shown=variant[0], exchanged=variant[1], position="no")
        self._polarity.took(wanted)
        return asked

    def _unanswerable(self, passage: Passage, sentence: Sentence, facts: Sequence[Entity]) -> Asked | None:
        variant = self._variant(passage, sentence, facts, elsewhere=True)
        return Asked("unanswerable", passage, sentence, variant[0], exchanged=variant[1]) if variant else None

    def _choice(self, passage: Passage, sentence: Sentence, facts: Sequence[Entity]) -> Asked | None:
        for fact in sorted(facts, key=lambda fact: MOST_TELLING.index(fact.kind)):
            wrong = [other for other in self._others(fact, passage, sentence) if other not in sentence.text]
            if len(wrong) >= len(LETTERS) - 1:
                return Asked(
                    "multiple-choice",
                    passage,
                    sentence,
                    sentence.text,
                    answer=fact.text,
                    distractors=tuple(wrong[: len(LETTERS) - 1]),
                    position=self.place(),
                )
        return None

    def _comparison(self, passage: Passage, sentence: Sentence) -> Asked | None:
        ours = set(content_words(sentence.text))
        for other in self._near(sentence.text):
            if _same(other, passage):
                continue
            shared = [
                (len(ours & set(content_words(fact.text))), fact) for fact in other.sentences if _is_plain(fact.text)
            ]
            most, best = max(shared, key=lambda pair: pair[0], default=(0, sentence))
            if most and best.text != sentence.text:
                return Asked("comparison", passage, sentence, sentence.text, second=other, second_sentence=best)
        return None

    def _quotation(self, passage: Passage, taken: Set[int]) -> Asked | None:
        speech = next((speech for speech in speeches(passage) if speech.evidence.at not in taken), None)
        return Asked("quote-attribution", passage, speech.evidence, speech=speech) if speech else None

    def _variant(
        self, passage: Passage, sentence: Sentence, facts: Sequence[Entity], *, elsewhere: bool = False
    ) -> tuple[str, str] | None:
        """Return the sentence with one fact exchanged, and what was put in; never a sentence that the book has."""
        for fact in facts:
            for other in self._others(fact, passage, sentence, elsewhere=elsewhere):
                variant = exchanged(sentence.text, fact, other)
                if other not in sentence.text and variant not in passage.document.text:
                    return variant, other
        return None

    def _others(self, fact: Entity, passage: Passage, sentence: Sentence, *, elsewhere: bool = False) -> list[str]:
        return self._inventory.others(fact, passage, self._chance(sentence), elsewhere=elsewhere)

    def _chance(self, sentence: Sentence) -> random.Random:
        return self._context.random("exchange", sentence.at, sentence.text)

    def _near(self, text: str) -> list[Passage]:
        return [self._passages[hit.place] for hit in self._index.top(text, _NEIGHBOURS)]

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(self._passages)

    @cached_property
    def _index(self) -> BM25:
        return BM25([passage.text for passage in self._passages])


def _is_plain(sentence: str) -> bool:
    """Return whether a sentence tells something shortly and in its own voice; what is said in one may be anything."""
    return sentence[0] not in "\"“'‘«" and length_words(sentence) <= LONGEST_SENTENCE_WORDS


def _same(passage: Passage, other: Passage) -> bool:
    return passage.chunk == other.chunk and passage.document is other.document
