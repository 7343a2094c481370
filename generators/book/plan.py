"""Which question of which type is asked about which passage, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set

import msgspec

from curator.stage import Context
from generators.book.options import BookQAOptions
from generators.book.order import spread
from generators.book.passages import Passage
from generators.book.question_types import Quota, equal_shares
from generators.book.topics import chapters_of
from generators.book.verbatim import Asked, Composer

Compose = Callable[[str, Passage, Set[int]], Asked | None]
"""Says what a question of a type would be about a passage, leaving out what begins at the given places."""


class Plan:
    """The questions of a run: types and levels in their shares, passages in turn."""

    def __init__(self, passages: Sequence[Passage], options: BookQAOptions, context: Context) -> None:
        """Begin with nothing planned.

        Args:
            passages: the passages to ask about.
            options: the stage's options.
            context: lends the randomness.
        """
        self.composer = Composer(passages, context)
        self._passages = passages
        self._options = options
        self._types = Quota(options.shares, context.random("types"))
        self._levels = {
            name: Quota(equal_shares(options.difficulties), context.random("difficulties", name))
            for name in options.shares
            if options.difficulties
        }
        self._chapters = chapters_of(passages) if options.summary_of == "chapter" else []
        self._summed_up: set[int] = set()
        self._asked_about: set[tuple[int, int]] = set()
        self._summed_chapters: set[tuple[int, str]] = set()

    def in_turn(self) -> Iterator[Asked]:
        """Yield one question for every passage, then the second for every passage, and so on."""
        compose = self.composer.compose if self._options.answers == "verbatim" else self._written
        begun_at: list[tuple[Passage, set[int]]] = [(passage, set()) for passage in spread(self._passages)]
        for _turn in range(self._options.per_chunk):
            for passage, begun in begun_at:
                asked = self._next(passage, begun, compose)
                if asked is not None:
                    self._asked_about.add(_place(passage))
                    yield asked

    def unasked(self) -> Iterator[Passage]:
        """Yield, once all questions are planned, the passages about which none of these types asks anything."""
        for passage in self._passages:
            summed_up = (id(passage.document), passage.chunk.chapter) in self._summed_chapters
            if not summed_up and _place(passage) not in self._asked_about:
                yield passage

    def type_and_level(self) -> tuple[str, str]:
        """Return the next type and its level, where any passage will do."""
        kind = self._types.draw()
        return kind, self._level(kind)

    def _next(self, passage: Passage, taken: set[int], compose: Compose) -> Asked | None:
        """Return what the type that lags most behind, of those that the passage offers, asks of it."""
        for kind in self._types.wanted():
            asked = compose(kind, passage, taken)
            if asked is not None:
                self._types.took(kind)
                if asked.sentence is not None:
                    taken.add(asked.sentence.at)
                return msgspec.structs.replace(asked, difficulty=self._level(kind))
        return None

    def _level(self, kind: str) -> str:
        return self._levels[kind].draw() if self._levels else ""

    def _written(self, kind: str, passage: Passage, taken: Set[int]) -> Asked | None:
        if kind == "quote-attribution":
            return self.composer.compose(kind, passage, taken)
        if kind == "comparison":
            other = self.composer.partner(passage, passage.text)
            return Asked(kind, passage, second=other) if other else None
        if kind == "summary" and self._chapters:
            return self._chapter_of(passage)
        position = {"yes-no": self.composer.polarity, "multiple-choice": self.composer.place}.get(kind, str)()
        return Asked(kind, passage, position=position)

    def _chapter_of(self, passage: Passage) -> Asked | None:
        """Return the chapter that a passage opens, unless it was summed up before."""
        for number, chapter in enumerate(self._chapters):
            opens = chapter.document is passage.document and chapter.chunk.start == passage.chunk.start
            if opens and number not in self._summed_up:
                self._summed_up.add(number)
                self._summed_chapters.add((id(passage.document), passage.chunk.chapter))
                return Asked("summary", chapter)
        return None


def _place(passage: Passage) -> tuple[int, int]:
    return id(passage.document), passage.chunk.start
