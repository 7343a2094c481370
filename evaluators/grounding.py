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
from curator.text.overlap import NEAR, nearest_stretch, squad_normalise
from curator.text.words import content_words, words

NAME = "grounding"

_LISTED = 5
_SHOWN_CHARS = 120


class Grounding(Evaluator[StageOptions]):
    """Measures how far the answer's words, numbers and names stand in the record's source passage.

    - `grounding.evidence`: 1 if the quoted evidence stands in the passage; otherwise the F1 of the passage's nearest
      stretch (words in the same order), or the share of the quote's numbers and names that the passage has, if that is
      less. From 0.9 on it is the quote with a slip in it.
    - `grounding.answer`: |C(answer) ∩ C(passage)| / |C(answer)|, C being the set of stemmed content words.
    - `grounding.entities`: |E(answer) ∩ E(passage + question)| / |E(answer)|, E being the set of numbers and names.
    - `grounding`: the smallest of those that apply, since one invented fact spoils an answer.
    - `grounding.question`: the smaller of |C(question) ∩ C(passage)| / |C(question)| and the same share of its numbers
      and names; apart, because a good question may use words of its own. A low value shows a question about something
      that the passage does not speak of, or with a false premise.
    - `grounding.extractive`: 1 if the answer, in SQuAD's normal form, stands in the quoted evidence, else 0; apart,
      because only some kinds of questions are answered in the passage's own words.
    - `grounding.copied`: the longest run of words that answer and passage share, in words, 0 and up; neither is better.
      Long runs in many records show a dataset that recites its source.

    All but the last have the range 0 to 1, higher is better. A measure without anything to check has no value. The
    chapter's heading and the document's title count as part of the passage; a record of several sources is held against
    all of them. For a record without a source passage, what a model wrote about an input is held against that input, in
    `grounding.entities` alone. Words prove no meaning: an answer that denies the passage in the passage's own words
    scores 1; leave that to a judge.

    Source: the verbatim-evidence test of extractive question answering; the normal form of SQuAD (Rajpurkar et
    al. 2016, arXiv 1606.05250, section 6.1); the entity precision of Nan et al. 2021, arXiv 2102.09130, section 3.1,
    here with numbers, with the question as a second source, and without a tagger.
    """

    name: ClassVar[str] = NAME
    version: ClassVar[int] = 2

    def gives(self) -> tuple[Measure, ...]:
        """Return the seven measures."""
        return (
            Measure(NAME, "smallest of the three shares that concern the answer"),
            Measure(f"{NAME}.evidence", "1 for a verbatim quote, else the F1 of the nearest stretch"),
            Measure(f"{NAME}.answer", "share of the answer's content words"),
            Measure(f"{NAME}.entities", "share of the answer's numbers and names"),
            Measure(f"{NAME}.question", "share of the question's content words"),
            Measure(f"{NAME}.extractive", "1 if the answer stands in the evidence, 0 if not"),
            Measure(f"{NAME}.copied", "words in the longest run shared with the passage", high=None, better="neither"),
        )

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: lends the passage.

        Returns:
            The seven scores, without values for a record that was made from no source.

        Raises:
            StageError: the run does not have the record's source.
        """
        source = record.origin.source
        if source is None:
            return self._without_source(record)
        sources = (source, *record.origin.further_sources)
        passage = "\n\n".join(
            f"{context.document(one).title}\n\n{one.chapter}\n\n{context.passage(one)}" for one in sources
        )
        return (
            *_overall(
                _evidence(source.evidence, passage),
                _words(f"{NAME}.answer", record.response, passage, "the answer"),
                _entities(record.response, passage, f"{record.instruction}\n\n{record.input}"),
            ),
            _question(record.instruction, passage),
            _extractive(record.response, source.evidence),
            _copied(record.response, "\n\n".join(map(context.passage, sources))),
        )

    def _without_source(self, record: Record) -> tuple[Score, ...]:
        """Hold what a model wrote about an input against that input: it may find other words, but no other facts."""
        why = "no source" if record.origin.model else "no source, and no model wrote it"
        evidence, answer, entities, *apart = (Score(measure.name, None, why) for measure in self.gives()[1:])
        if record.input and record.origin.model:
            entities = _entities(record.response, record.input, record.instruction)
        return *_overall(evidence, answer, entities), *apart


def _overall(evidence: Score, answer: Score, entities: Score) -> tuple[Score, ...]:
    parts = (evidence, answer, entities)
    measured = [(part.value, part) for part in parts if part.value is not None]
    if not measured:
        return Score(NAME, None, f"nothing to check: {entities.explanation}"), *parts
    value, weakest = min(measured, key=lambda pair: pair[0])
    return Score(NAME, value, f"{weakest.name.partition('.')[2]}: {weakest.explanation}"), *parts


def _evidence(quote: str, passage: str) -> Score:
    name = "grounding.evidence"
    wanted = words(quote)
    if not wanted:
        return Score(name, None, "no evidence was quoted")
    if find_quote(quote, passage) is not None:
        return Score(name, 1.0, "the quote stands in the passage")
    stretch = nearest_stretch(quote, passage)
    if stretch is None:
        return Score(name, 0.0, "none of its words stand in the passage")
    stated = _entities(quote, passage, "")
    if stated.value is not None and stated.value < stretch.f1:
        return Score(name, stated.value, f"in the quote, {stated.explanation}")
    nearest = _shortened(passage[stretch.start : stretch.end])
    kind = "the quote with a slip" if stretch.f1 >= NEAR else "no such quote"
    return Score(name, stretch.f1, f"{kind}; the nearest words of the passage are “{nearest}”")


def _extractive(response: str, evidence: str) -> Score:
    """Look for the answer in the evidence, in whole words."""
    name = f"{NAME}.extractive"
    answer, quoted = squad_normalise(response), squad_normalise(evidence)
    if not answer or not quoted:
        return Score(name, None, "no answer" if quoted else "no evidence was quoted")
    stands = f" {answer} " in f" {quoted} "
    return Score(name, float(stands), "the answer stands in the evidence" if stands else "not in the evidence's words")


def _copied(response: str, passage: str) -> Score:
    """Measure the longest run of words that the answer shares with the passage."""
    name = f"{NAME}.copied"
    answered = words(response)
    if not answered:
        return Score(name, None, "no answer")
    run = SequenceMatcher(None, answered, words(passage), autojunk=False).find_longest_match()
    copied = " ".join(answered[run.a : run.a + run.size])
    return Score(name, float(run.size), f"“{_shortened(copied)}”" if copied else "no word in common")


def _shortened(text: str) -> str:
    """Return `text` on one line, cut off where it is too long for an explanation."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"


def _words(name: str, text: str, passage: str, what: str) -> Score:
    stems = _stems(text)
    if not stems:
        return Score(name, None, f"{what} has no content words")
    missing = sorted(stems[stem] for stem in stems.keys() - _stems(passage).keys())
    return _share(name, len(stems), missing, "content words")


def _question(question: str, passage: str) -> Score:
    """Measure the question: an invented number or name in it is a false premise, whatever its other words are."""
    name = f"{NAME}.question"
    plain = _words(name, question, passage, "the question")
    stated = _entities(question, passage, "")
    if stated.value is None or plain.value is None or stated.value >= plain.value:
        return plain
    return Score(name, stated.value, stated.explanation)


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
