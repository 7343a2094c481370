"""Finding the items of benchmarks in texts: the one place where all rules come together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from curator.contamination.forms import Words, compared_words, signed_words
from curator.contamination.items import Benchmark, Hit, Overlap, Part, Rules, quotation
from curator.contamination.meaning import MeaningIndex, Near
from curator.contamination.report import Report, Tally
from curator.contamination.runs import RUN_WORDS, RunIndex
from curator.contamination.short import ShortIndex, is_too_short

if TYPE_CHECKING:
    from curator.embedding.base import Embedder

BATCH = 256
"""How many texts are embedded at once."""

LEAST_ANSWER_WORDS = 8
"""Shorter answers are not compared by their meaning: too many texts say the same."""

DEFAULT_RULES = Rules()


_BLANK_LINE = re.compile(r"\n\s*\n")


class Place(NamedTuple):
    """Where a text stands in the benchmarks: the first fields of a `Hit`."""

    benchmark: str
    item: str
    part: Part


class Text(NamedTuple):
    """A text of the benchmarks.

    Attributes:
        number: its number among those that differ.
        words: its words.
        written: the text itself.
        places: where it stands, the first place first.
    """

    number: int
    words: Words
    written: str
    places: list[Place]


class Finder:
    """Benchmarks, ready to be found in texts; see `Rules` for when an item is.

    Attributes:
        too_short: the ids of the items that no rule of words looks for, because they say too little.
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
            ValueError: the rule `embedding` is chosen and nobody is there to embed.
        """
        if "embedding" in rules.names and embedder is None:
            raise ValueError("the rule 'embedding' needs an embedder")
        self._rules = rules
        self._texts = _texts(benchmarks)
        self._text_of = {place: text for text in self._texts for place in text.places}
        self._runs = RunIndex([text.words for text in self._texts], rules)
        self._short_texts = self._chosen_short()
        pairs = [(text.words, text.written) for text in self._short_texts]
        self._short = ShortIndex(pairs, rules.characters, self._longest_run)
        self.too_short = self._too_short(benchmarks)
        self._meant = [text for text in self._texts if _says_enough(text)]
        meant = [text.written for text in self._meant]
        self._meaning = MeaningIndex(meant, embedder) if embedder is not None else None

    def hits_of_each(self, texts: Iterable[str | Sequence[str]]) -> Iterator[tuple[Hit, ...]]:
        """Find items in texts by all chosen rules.

        Args:
            texts: the texts, each whole or in parts, such as the turns of a dialogue. Each part is embedded by itself,
                and each of its paragraphs.

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

    def near(self, texts: Sequence[str | Sequence[str]], least: float) -> list[tuple[Hit, ...]]:
        """Find items that mean what texts mean, by their embeddings.

        Args:
            texts: the texts; see `hits_of_each`.
            least: the least cosine.

        Returns:
            The finds in each text, by falling cosine.

        Raises:
            ValueError: nobody is there to embed.
        """
        if self._meaning is None:
            raise ValueError("meaning cannot be compared without an embedder")
        found = self._meaning.nearest([_passages([text] if isinstance(text, str) else text) for text in texts], least)
        return [tuple(hit for near in each for hit in self._meant_hits(near)) for each in found]

    def written(self, hit: Hit) -> str:
        """Return the text of the benchmark that a find is about, as it is written there."""
        return self._text_of[Place(hit.benchmark, hit.item, hit.part)].written

    @property
    def _longest_run(self) -> int:
        return max((RUN_WORDS.get(name, 0) for name in self._rules.names), default=0)

    def _chosen_short(self) -> list[Text]:
        """Return the questions that the runs do not find, or not all of them: the short, and those of boilerplate."""
        return [
            text
            for text in self._texts
            if self._longest_run
            and any(place.part == "question" for place in text.places)
            and not is_too_short(text.words)
            and (len(text.words) < self._longest_run or not self._runs.is_telling(text.number))
        ]

    def _too_short(self, benchmarks: Sequence[Benchmark]) -> tuple[str, ...]:
        telling = [text for text in self._texts if self._runs.is_telling(text.number)]
        findable = {place.item for text in (*telling, *self._short_texts) for place in text.places}
        items = (item.id for benchmark in benchmarks for item in benchmark.items)
        return tuple(item for item in items if item not in findable)

    def _meant_hits(self, near: Near) -> Iterator[Hit]:
        text = self._meant[near.text]
        return _hits(text, Overlap("embedding", near.cosine, quotation(text.written.split())))


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
    tally = Tally(benchmarks, finder.too_short)
    found = []
    for hits in finder.hits_of_each(texts):
        tally.add(hits)
        found.append(hits)
    return found, tally.report()


def _texts(benchmarks: Sequence[Benchmark]) -> list[Text]:
    """Return the different texts of benchmarks, in order; sums that differ in their signs alone are different."""
    texts: dict[Words, Text] = {}
    for benchmark in benchmarks:
        for item in benchmark.items:
            parts: tuple[tuple[Part, str], ...] = (("question", item.question), ("answer", item.answer))
            for part, written in parts:
                words = compared_words(written)
                form = words if len(words) >= max(RUN_WORDS.values()) else signed_words(written)
                if words:
                    text = texts.setdefault(form, Text(len(texts), words, written, []))
                    text.places.append(Place(benchmark.name, item.id, part))
    return list(texts.values())


def _number(found: tuple[Text, Overlap]) -> int:
    return found[0].number


def _hits(text: Text, overlap: Overlap) -> Iterator[Hit]:
    for place in text.places:
        if place.part == "question" or not overlap.rule.startswith("short"):
            yield Hit(*place, *overlap)


def _says_enough(text: Text) -> bool:
    """Return whether a text is compared by its meaning: a question, or an answer that is more than "Paris"."""
    if all(place.part == "answer" for place in text.places):
        return len(text.words) >= LEAST_ANSWER_WORDS
    return not is_too_short(text.words)


def _passages(parts: Sequence[str]) -> list[str]:
    """Return what of a text is embedded: its parts, and the paragraphs of each, in which a question may be hidden."""
    found = [part for part in parts if part.strip()]
    for part in parts:
        paragraphs = _BLANK_LINE.split(part.strip())
        found += [each for each in paragraphs if len(paragraphs) > 1 and not is_too_short(compared_words(each))]
    return found
