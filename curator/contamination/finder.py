"""Finding the items of benchmarks in texts: the one place where all rules come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from curator.contamination.forms import compared_words, weight
from curator.contamination.items import Benchmark, Hit, Limits, Overlap, Rules, quotation
from curator.contamination.meaning import MeaningIndex, Near
from curator.contamination.report import Report, Tally
from curator.contamination.runs import MOST_SHARING, RUN_WORDS, RunIndex
from curator.contamination.short import ShortIndex, is_too_short
from curator.contamination.texts import Place, Text, left_of, texts_of, united

if TYPE_CHECKING:
    from curator.embedding.base import Embedder

BATCH = 256
"""How many texts are embedded at once."""

LEAST_ANSWER_WORDS = 8
"""Shorter answers are not compared by their meaning: too many texts say the same."""

MOST_BOILERPLATE = 0.8
"""An item of whose words more are boilerplate is named: little of it is looked for."""

DEFAULT_RULES = Rules()


class Finder:
    """Benchmarks, ready to be found in texts; see `Rules` for when an item is.

    Attributes:
        limits: the items that are looked for in part, or not at all.
    """

    def __init__(
        self, benchmarks: Sequence[Benchmark], rules: Rules = DEFAULT_RULES, *, embedder: Embedder | None = None
    ) -> None:
        """Index benchmarks.

        Args:
            benchmarks: the benchmarks.
            rules: which finds count.
            embedder: who embeds, for the rule `embedding`.

        Raises:
            ValueError: the rule `embedding` is chosen and nobody is there to embed, or two items have the same id.
        """
        if "embedding" in rules.names and embedder is None:
            raise ValueError("the rule 'embedding' needs an embedder")
        self._rules = rules
        self._texts = texts_of(benchmarks)
        self._text_of = {place: text for text in self._texts for place in text.places}
        self._runs = RunIndex([text.words for text in self._texts], rules)
        self._boilerplate = {text.number: each for text in self._texts if (each := self._runs.boilerplate(text.number))}
        self._short_texts = self._chosen_short()
        pairs = [(text.words, text.written) for text in self._short_texts]
        self._short = ShortIndex(pairs, rules.characters, self._longest_run)
        self._meant = [text for text in self._texts if _says_enough(text)] if embedder is not None else []
        self._meaning = MeaningIndex([text.written for text in self._meant], embedder) if embedder is not None else None
        self.limits = self._limits(benchmarks)

    def hits_of_each(self, texts: Iterable[str | Sequence[str]]) -> Iterator[tuple[Hit, ...]]:
        """Find items in texts by all chosen rules.

        Args:
            texts: the texts, each whole or in parts, such as the turns of a dialogue. Each part is embedded by itself,
                and each of its paragraphs and lines; see `passages`.

        Yields:
            The finds in each text, the strongest first: those of words by falling share, then those of meaning.
        """
        if "embedding" not in self._rules.names:
            yield from map(self.hits, texts)
            return
        stream = iter(texts)
        while batch := list(islice(stream, BATCH)):
            for text, near in zip(batch, self.near(batch, self._rules.cosine), strict=True):
                yield (*self.hits(text), *near)

    def hits(self, text: str | Sequence[str]) -> tuple[Hit, ...]:
        """Find items in a text by the rules of words.

        Args:
            text: the text; see `hits_of_each`.

        Returns:
            The finds, by falling share, equals in the order of benchmarks, items and rules.
        """
        whole = text if isinstance(text, str) else "\n\n".join(text)
        words = compared_words(whole)
        found = [(self._texts[number], overlap) for number, overlap in self._runs.overlaps(words)]
        found += [(self._short_texts[number], overlap) for number, overlap in self._short.overlaps(words, whole)]
        hits = [hit for text, overlap in sorted(found, key=_number) for hit in _hits(text, overlap)]
        return tuple(sorted(hits, key=lambda hit: -hit.share))

    def near(
        self, texts: Sequence[str | Sequence[str]], least: float, *, always: bool = False
    ) -> list[tuple[Hit, ...]]:
        """Find items that mean what texts mean, by their embeddings.

        Args:
            texts: the texts; see `hits_of_each`.
            least: the least cosine.
            always: whether the nearest item is told even if it is farther away.

        Returns:
            The finds in each text, by falling cosine.

        Raises:
            ValueError: nobody is there to embed.
        """
        if self._meaning is None:
            raise ValueError("meaning cannot be compared without an embedder")
        parts = [[text] if isinstance(text, str) else text for text in texts]
        found = self._meaning.nearest(parts, least, always=always)
        return [tuple(hit for near in each for hit in self._meant_hits(near)) for each in found]

    def written(self, hit: Hit) -> str:
        """Return the text of the benchmark that a find is about, as it is written there."""
        return self._text_of[Place(hit.benchmark, hit.item, hit.part)].written

    @property
    def _longest_run(self) -> int:
        return max((RUN_WORDS.get(name, 0) for name in self._rules.names), default=0)

    def _chosen_short(self) -> list[Text]:
        """Return the questions that the runs do not find, or not all of them, and what boilerplate leaves of others."""
        if not self._longest_run:
            return []
        questions = [text for text in self._texts if text.is_question]
        short = [
            text
            for text in questions
            if weight(text.words) < self._longest_run or not self._runs.is_telling(text.number)
        ]
        cleared = (
            left_of(text, self._boilerplate[text.number]) for text in questions if text.number in self._boilerplate
        )
        left = [text for text in united(filter(None, cleared)) if len(text.places) <= MOST_SHARING]
        return [text for text in united([*short, *left]) if not is_too_short(text.words)]

    def _limits(self, benchmarks: Sequence[Benchmark]) -> Limits:
        telling = [text for text in self._texts if self._runs.is_telling(text.number)]
        findable = {place.item for text in (*telling, *self._short_texts) for place in text.places}
        items = [item.id for benchmark in benchmarks for item in benchmark.items] if self._longest_run else []
        common = [
            self._texts[number]
            for number, places in self._boilerplate.items()
            if len(places) > MOST_BOILERPLATE * len(self._texts[number].words)
        ]
        return Limits(
            tuple(item for item in items if item not in findable),
            _questions(common),
            _questions([self._meant[number] for number in self._meaning.unreadable] if self._meaning else ()),
            _questions([self._meant[number] for number in self._meaning.cut] if self._meaning else ()),
        )

    def _meant_hits(self, near: Near) -> Iterator[Hit]:
        text = self._meant[near.text]
        return _hits(text, Overlap("embedding", near.cosine, quotation(text.written.split()), near.passage))


def decontaminated(
    texts: Iterable[str | Sequence[str]],
    benchmarks: Sequence[Benchmark],
    rules: Rules = DEFAULT_RULES,
    *,
    embedder: Embedder | None = None,
) -> tuple[list[tuple[Hit, ...]], Report]:
    """Find the items of benchmarks in texts.

    Args:
        texts: the texts, one a record, each whole or in parts; read once.
        benchmarks: the benchmarks.
        rules: which finds count.
        embedder: who embeds, for the rule `embedding`.

    Returns:
        The finds in each text, none for one that may stay; and what they amount to.

    Raises:
        ValueError: the rule `embedding` is chosen and nobody is there to embed.
    """
    finder = Finder(benchmarks, rules, embedder=embedder)
    tally = Tally(benchmarks, finder.limits)
    found = []
    for hits in finder.hits_of_each(texts):
        tally.add(hits)
        found.append(hits)
    return found, tally.report()


def _questions(texts: Iterable[Text]) -> tuple[str, ...]:
    """Return the ids of the items whose questions are among texts."""
    places = (place for text in texts for place in text.places if place.part == "question")
    return tuple(dict.fromkeys(place.item for place in places))


def _number(found: tuple[Text, Overlap]) -> int:
    return found[0].number


def _hits(text: Text, overlap: Overlap) -> Iterator[Hit]:
    for place in text.places:
        if place.part == "question" or not overlap.rule.startswith("short"):
            yield Hit(*place, overlap.rule, overlap.share, overlap.shared, overlap.passage)


def _says_enough(text: Text) -> bool:
    """Return whether a text is compared by its meaning: a question, or an answer that is more than "Paris"."""
    return not is_too_short(text.words) if text.is_question else weight(text.words) >= LEAST_ANSWER_WORDS
