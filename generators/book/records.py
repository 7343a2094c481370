"""From a question about a book, or a whole pair, to a record: with its evidence, its groups, and what is wrong with it.

Nothing that a reply holds is lost: what will not do comes as a record that is dropped for a stated reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from curator.record import Origin, Record, Source, single_turn
from curator.text.evidence import numbers
from curator.text.words import words
from generators.book.entities import mentions
from generators.book.passages import Passage, Sentence, group_labels
from generators.book.question_types import QUESTION_TYPES
from generators.book.replies import ReadPair, flaw_of, is_yes_no
from generators.book.verbatim import LETTERS, Asked

Fill = Callable[[Asked, str, ReadPair], tuple[str, ...]]
"""Gives the wrong options of a multiple-choice question."""

_NAMES_ANSWER = frozenset({"yes-no", "comparison", "temporal", "multiple-choice", "unanswerable"})
"""Types whose question may hold its answer."""


class Draft(msgspec.Struct):
    """A record in the making: what stands in it, and why it is dropped, if it is."""

    question: str
    answer: str
    input: str = ""
    source: Source | None = None
    further: tuple[Source, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    flaw: tuple[str, str] | None = None

    def record(self, stage: str, passage: Passage) -> Record:
        """Return the record, labelled with the groups of the passage it is about."""
        groups = group_labels(self.source or (self.further or (passage.source(),))[0])
        labels = tuple(dict((*groups, *self.labels)).items())
        origin = Origin(source=self.source, further_sources=self.further, labels=labels)
        made = single_turn(self.question.strip(), self.answer.strip(), input=self.input, origin=origin)
        return made if self.flaw is None else made.dropped(stage, *self.flaw)


def type_labels(asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return the labels that tell what kind of question this is."""
    found = {"question_type": asked.type, "difficulty": asked.difficulty}
    found["polarity" if asked.type == "yes-no" else "option"] = asked.position
    return tuple((name, value) for name, value in found.items() if value)


def verbatim_record(stage: str, asked: Asked, question: str, untold: str) -> Record:
    """Make a record of a question whose answer is the book's own sentence.

    Args:
        stage: the stage's key.
        asked: what was asked for; it has a sentence.
        question: the question.
        untold: what is answered when the book does not tell.

    Returns:
        The record; dropped if the question is not what its type needs.
    """
    sentence = asked.sentence or Sentence("", asked.passage.chunk.start)
    source = asked.passage.source(sentence)
    draft = Draft(question, sentence.text, source=source, labels=type_labels(asked))
    draft.flaw = _verbatim_flaw(asked, question)
    if asked.type == "yes-no":
        draft.answer = f"{asked.position.capitalize()}. {sentence.text}"
    elif asked.type == "unanswerable":
        # An answer that nothing tells rests on no passage; the one that was asked about is kept beside it.
        draft.answer, draft.source, draft.further = untold, None, (source,)
    elif asked.type == "multiple-choice":
        _add_options(draft, asked.answer, asked.distractors, asked.position)
        draft.answer += f". {sentence.text}"
    elif asked.speech is not None:
        draft.answer = asked.speech.speaker
    elif asked.second is not None and asked.second_sentence is not None:
        draft.answer += f" {asked.second_sentence.text}"
        draft.further = (asked.second.source(asked.second_sentence),)
    if asked.speech is None:  # a question that quotes a question holds two, and is fine
        draft.flaw = draft.flaw or flaw_of(question, sentence.text, names_answer=asked.type in _NAMES_ANSWER)
    return draft.record(stage, asked.passage)


def written_record(stage: str, asked: Asked, pair: ReadPair, untold: str, fill: Fill) -> Record:
    """Make a record of a pair that the model wrote.

    Args:
        stage: the stage's key.
        asked: what was asked for.
        pair: what was read.
        untold: what is answered when the book does not tell.
        fill: gives wrong options where the model wrote too few.

    Returns:
        The record; dropped if it could not be read, its evidence stands nowhere, or it is not what its type needs.
    """
    if pair.unread:
        draft = Draft(pair.question, "", source=asked.passage.source(), labels=type_labels(asked))
        draft.flaw = ("unreadable-pair", pair.unread)
        return draft.record(stage, asked.passage)
    if asked.type == "unanswerable":
        draft = Draft(pair.question, untold, further=(asked.passage.source(),), labels=type_labels(asked))
        draft.flaw = flaw_of(pair.question, untold, names_answer=True)
        return draft.record(stage, asked.passage)
    draft = Draft(pair.question, pair.answer, labels=type_labels(asked))
    draft.flaw = flaw_of(pair.question, pair.answer, names_answer=asked.type in _NAMES_ANSWER)
    places = [asked.passage] if asked.second is None else [asked.passage, asked.second]
    unfound = rest_on(draft, pair.evidence, places, quoted=QUESTION_TYPES[asked.type].quoted)
    draft.flaw = draft.flaw or unfound
    if asked.type == "multiple-choice":
        _add_options(draft, pair.answer.rstrip("."), fill(asked, pair.answer, pair), asked.position)
    if asked.type == "yes-no" and draft.flaw is None:
        draft.flaw = _yes_no_flaw(pair, asked.position)
    return draft.record(stage, asked.passage)


def rest_on(draft: Draft, evidence: str, places: Iterable[Passage], *, quoted: bool) -> tuple[str, str] | None:
    """Find quotations and make the passages they stand in the draft's sources.

    Args:
        draft: the draft; its `source` and `further` are set.
        evidence: the quotation; several are parted by "|" or stand on lines of their own.
        places: the passages that they may stand in; the first is the source where none is quoted.
        quoted: whether there must be one.

    Returns:
        Why the draft is to be dropped; None if all that was quoted was found.
    """
    looked = list(places)
    whole = _hits(evidence, looked)[:1]
    parts = [part for part in evidence.replace("\n", "|").split("|") if part.strip()]
    hits = whole or [hit for part in parts for hit in _hits(part, looked)[:1]]
    missing = [] if whole else [part for part in parts if not _hits(part, looked)]
    told = {id(place): place.source(sentence) for place, sentence in reversed(hits)}
    first = hits[0][0] if hits and not missing else looked[0]
    draft.source = told.get(id(first), first.source())
    draft.further = tuple(told.get(id(place), place.source()) for place in looked if place is not first)
    if not missing and (parts or not quoted):
        return None
    draft.source = msgspec.structs.replace(first.source(), evidence=evidence)
    return ("evidence-not-found", f"not in the passage: {(missing or [''])[0].strip()!r}")


def _hits(quote: str, places: Iterable[Passage]) -> list[tuple[Passage, Sentence]]:
    """Return the passages that hold a quotation, each with its words there."""
    found = [(place, place.find(quote)) for place in places] if quote.strip() else []
    return [(place, sentence) for place, sentence in found if sentence is not None]


def _add_options(draft: Draft, right: str, wrong: tuple[str, ...], letter: str) -> None:
    """Put the options behind the question; the right one stands at its letter."""
    if len(wrong) < len(LETTERS) - 1:
        draft.flaw = draft.flaw or ("too-few-options", f"{len(wrong)} wrong options: {', '.join(wrong)}")
    if mentions(draft.question, right):
        draft.flaw = draft.flaw or ("answer-in-question", f"the question holds its answer: {right!r}")
    options = list(wrong)
    options.insert(LETTERS.index(letter), right)
    draft.input = "\n".join(f"{name}) {option}" for name, option in zip(LETTERS, options, strict=False))
    draft.answer = f"{letter}) {right}"


def _verbatim_flaw(asked: Asked, question: str) -> tuple[str, str] | None:
    if asked.exchanged and not mentions(question, asked.exchanged):
        return ("variant-lost", f"the question does not name {asked.exchanged!r}, so it may be true")
    if asked.type != "yes-no":
        return None
    if not is_yes_no(question):
        return ("not-yes-no", f"it cannot be answered with yes or no, or not safely: {question!r}")
    strange = sorted(numbers(question) - numbers(asked.shown))
    return ("variant-lost", f"the question says {', '.join(strange)}, not the sentence") if strange else None


def _yes_no_flaw(pair: ReadPair, wanted: str) -> tuple[str, str] | None:
    if not is_yes_no(pair.question):
        return ("not-yes-no", f"it cannot be answered with yes or no: {pair.question!r}")
    if words(pair.answer)[:1] != [wanted]:
        return ("wrong-polarity", f"the answer was to be {wanted!r}, to keep both as frequent: {pair.answer!r}")
    return None
