"""A record whose question is put in other words, and what such words may not change: its numbers and names."""

from __future__ import annotations

import msgspec

from curator.record import INPUT_SEPARATOR, Origin, Record, Turn
from curator.text.evidence import numbers
from curator.text.names import names
from curator.text.words import words


def asked_as(parent: Record, question: str, *, labels: tuple[tuple[str, str], ...] = ()) -> Record:
    """Return a record that asks its parent's question in other words and keeps all else of it.

    Args:
        parent: the record.
        question: the question in other words.
        labels: what the new record is labelled with besides its parent's labels.

    Returns:
        The record, unscored, a child of its parent.
    """
    turns = list(parent.messages)
    place = next(at for at, turn in enumerate(turns) if turn.role == "user")
    turns[place] = Turn("user", f"{question}{INPUT_SEPARATOR}{parent.input}" if parent.input else question)
    origin = Origin(
        parents=(parent.id,),
        source=parent.origin.source,
        further_sources=parent.origin.further_sources,
        labels=tuple((dict(parent.origin.labels) | dict(labels)).items()),
    )
    return msgspec.structs.replace(
        parent,
        messages=tuple(turns),
        input_at=len(question) + len(INPUT_SEPARATOR) if parent.input else None,
        origin=origin,
        scores=(),
        drop=None,
    )


def changed_facts(phrasing: str, question: str, *, lent: str = "") -> str:
    """Return what numbers and names a question lost when it was put in other words, and which numbers it gained.

    Args:
        phrasing: the question in other words.
        question: the question.
        lent: what may lend a number that the question did not have.

    Returns:
        What was lost and gained, as one line; "" for nothing.
    """
    lost = sorted(numbers(question) - numbers(phrasing)) + sorted(missing_names(question, phrasing))
    gained = sorted(numbers(phrasing) - numbers(question) - numbers(lent))
    told = ((", ".join(lost), "lost"), (", ".join(gained), "gained"))
    return "; ".join(f"{verb} {facts}" for facts, verb in told if facts)


def missing_names(text: str, there: str) -> set[str]:
    """Return the names of `text` of which a word does not stand in `there`."""
    known = {word.removesuffix("'s") for word in words(there)}
    return {name for name in names(text) if not known.issuperset(words(name))}
