"""The texts of benchmarks, each once, with all the places where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from curator.contamination.forms import Words, compared_words, signed_words, without_layout
from curator.contamination.items import Benchmark, Part
from curator.contamination.runs import RUN_WORDS
from curator.text.sentences import sentence_spans


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
    places: tuple[Place, ...]

    @property
    def is_question(self) -> bool:
        """Whether it is asked somewhere."""
        return any(place.part == "question" for place in self.places)


def texts_of(benchmarks: Sequence[Benchmark]) -> list[Text]:
    """Return the different texts of benchmarks, in order; sums that differ in their signs alone are different.

    Args:
        benchmarks: the benchmarks.

    Returns:
        The texts that have words; the number of each is its place.

    Raises:
        ValueError: two items of a benchmark have the same id.
    """
    texts: list[Text] = []
    seen: set[tuple[str, str]] = set()
    for benchmark in benchmarks:
        for item in benchmark.items:
            if (benchmark.name, item.id) in seen:
                raise ValueError(f"two items of {benchmark.name!r} are called {item.id!r}")
            seen.add((benchmark.name, item.id))
            parts: tuple[tuple[Part, str], ...] = (("question", item.question), ("answer", item.answer))
            for part, written in parts:
                if words := compared_words(written):
                    texts.append(Text(0, words, written, (Place(benchmark.name, item.id, part),)))
    return [text._replace(number=number) for number, text in enumerate(united(texts))]


def united(texts: Iterable[Text]) -> list[Text]:
    """Return texts, those that are the same as one, with the places of all."""
    first: dict[Words, Text] = {}
    places: dict[Words, list[Place]] = {}
    for text in texts:
        form = text.words if len(text.words) >= max(RUN_WORDS.values()) else signed_words(text.written)
        first.setdefault(form, text)
        places.setdefault(form, []).extend(text.places)
    return [text._replace(places=tuple(places[form])) for form, text in first.items()]


def left_of(text: Text, boilerplate: Collection[int]) -> Text | None:
    """Return the sentences of a text that say more than many others.

    Args:
        text: the text.
        boilerplate: the places of its words that are boilerplate.

    Returns:
        The same text without the sentences that are boilerplate to the last word; None if there are none, or no others.
    """
    known = frozenset(boilerplate)
    written = without_layout(text.written)
    kept: list[str] = []
    start, spans = 0, sentence_spans(written)
    for begin, end in spans:
        sentence = written[begin:end]
        stop = start + len(compared_words(sentence))
        if not known.issuperset(range(start, stop)):
            kept.append(sentence)
        start = stop
    if start != len(text.words) or len(kept) in (0, len(spans)):
        return None
    left = " ".join(kept)
    return text._replace(words=compared_words(left), written=left)
