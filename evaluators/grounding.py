"""Does an answer rest on the passage it was made from? Told by words alone, without a model."""

from __future__ import annotations

from collections.abc import Set
from difflib import SequenceMatcher
from typing import ClassVar

from curator.record import Record, Score
from curator.stage.base import Measure, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import Evaluator
from curator.text.evidence import find_quote, names, numbers
from curator.text.numbers import agrees
from curator.text.words import content_words, words

_LISTED = 5


class Grounding(Evaluator[StageOptions]):
    """Measures how far the answer's words, numbers and names stand in the record's source passage.

    - `grounding.evidence`: 1 if the quoted evidence stands in the passage, otherwise the length of its longest run of
      words that does, over its length.
    - `grounding.answer`: |C(answer) ∩ C(passage)| / |C(answer)|, C being the set of stemmed content words.
    - `grounding.entities`: |E(answer) ∩ E(passage + question)| / |E(answer)|, E being the set of numbers and names.
    - `grounding`: the smallest of those that apply, since one invented fact spoils an answer.

    Each has the range 0 to 1, higher is better. A measure without anything to check has no value. The chapter's heading
    counts as part of the passage. Words prove no meaning: an answer that denies the passage in the passage's own words
    scores 1; leave that to a judge.

    Source: the verbatim-evidence test of extractive question answering and the entity precision of Nan et al., 2021,
    arXiv 2102.09130, section 3.1; here with numbers, with the question as a second source, and without a tagger.
    """

    name: ClassVar[str] = "grounding"

    def gives(self) -> tuple[Measure, ...]:
        """Return the four measures."""
        return (
            Measure("grounding", "smallest of the shares below"),
            Measure("grounding.evidence", "share of the quoted words, in one run"),
            Measure("grounding.answer", "share of content words"),
            Measure("grounding.entities", "share of numbers and names"),
        )

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: lends the passage.

        Returns:
            The four scores, without values for a record that was made from no source.

        Raises:
            StageError: the run does not have the record's source.
        """
        source = record.origin.source
        if source is None:
            return tuple(Score(measure.name, None, "no source") for measure in self.gives())
        passage = f"{source.chapter}\n\n{context.passage(source)}"
        parts = (
            _evidence(source.evidence, passage),
            _answer(record.response, passage),
            _entities(record.response, passage, f"{record.instruction}\n\n{record.input}"),
        )
        measured = [(part.value, part) for part in parts if part.value is not None]
        if not measured:
            return Score("grounding", None, "nothing to check"), *parts
        value, weakest = min(measured, key=lambda pair: pair[0])
        return Score("grounding", value, f"{weakest.name.partition('.')[2]}: {weakest.explanation}"), *parts


def _evidence(quote: str, passage: str) -> Score:
    name = "grounding.evidence"
    wanted = words(quote)
    if not wanted:
        return Score(name, None, "no evidence was quoted")
    if find_quote(quote, passage) is not None:
        return Score(name, 1.0, "the quote stands in the passage")
    found = words(passage)
    run = SequenceMatcher(None, wanted, found, autojunk=False).find_longest_match()
    longest = " ".join(wanted[run.a : run.a + run.size])
    explanation = f"{run.size} of {len(wanted)} quoted words stand in the passage in one run"
    return Score(name, run.size / len(wanted), f'{explanation}: "{longest}"' if longest else explanation)


def _answer(response: str, passage: str) -> Score:
    name = "grounding.answer"
    stems = _stems(response)
    if not stems:
        return Score(name, None, "the answer has no content words")
    missing = sorted(stems[stem] for stem in stems.keys() - _stems(passage).keys())
    return _share(name, len(stems), missing, "content words")


def _entities(response: str, passage: str, question: str) -> Score:
    name = "grounding.entities"
    known_numbers = numbers(passage) | numbers(question)
    known_words = set(words(passage)) | set(words(question))
    stated_numbers, stated_names = numbers(response), names(response)
    if not stated_numbers and not stated_names:
        return Score(name, None, "the answer states no numbers or names")
    missing = sorted(number for number in stated_numbers if not agrees(number, known_numbers))
    missing += sorted(name for name in stated_names if not _is_known(name, known_words))
    return _share(name, len(stated_numbers) + len(stated_names), missing, "numbers and names")


def _is_known(name: str, known: Set[str]) -> bool:
    return all(word in known or f"{word}'s" in known for word in words(name))


def _share(name: str, total: int, missing: list[str], what: str) -> Score:
    """Return the share that is not missing, and name what is."""
    if not missing:
        return Score(name, 1.0, f"all {total} {what} stand in the passage")
    listed = ", ".join(missing[:_LISTED]) + (", ..." if len(missing) > _LISTED else "")
    return Score(name, (total - len(missing)) / total, f"{len(missing)} of {total} {what} do not: {listed}")


def _stems(text: str) -> dict[str, str]:
    """Return the stems of the content words, each with the first word that has it."""
    import snowballstemmer  # type: ignore[import-untyped]

    stemmer = snowballstemmer.stemmer("english")
    stems: dict[str, str] = {}
    for word in dict.fromkeys(content_words(text)):
        bare = word.removesuffix("'s")
        stems.setdefault(stemmer.stemWord(bare), bare)
    return stems
