"""Pairs that need no model: a record and its parent that answer the same question."""

from __future__ import annotations

from collections.abc import Mapping

from curator.record import Origin, Record
from generators.answers.answering import is_answered


def pairs_of(child: Record, known: Mapping[str, Record], better: str) -> list[Record]:
    """Return the pairs of a record and its parents.

    Args:
        child: the record.
        known: where its parents are looked for, by their ids.
        better: which one is chosen: "child" or "parent".

    Returns:
        A pair for each parent that answers the same question otherwise.
    """
    parents = (known[name] for name in dict.fromkeys(child.origin.parents) if name in known)
    return [_pair(child, parent, better) for parent in parents if _same_question(child, parent)]


def lack_of(record: Record, known: Mapping[str, Record]) -> str:
    """Return what an answered record lacks to make a pair.

    Args:
        record: a record that made none.
        known: where its parents were looked for, by their ids.

    Returns:
        The reason, for a person; "" for a record that is not answered, or is a pair itself.
    """
    if record.rejected is not None or not is_answered(record):
        return ""
    if not record.origin.parents:
        return "it names no parent; `pairs: lineage` belongs behind a stage that betters answers, such as evol-quality"
    if known.keys().isdisjoint(record.origin.parents):
        return "its parent is not among the records above; it was dropped there, as superseded perhaps"
    return "its parent asks something else, or answers the same"


def _pair(child: Record, parent: Record, better: str) -> Record:
    chosen, rejected = (child, parent) if better == "child" else (parent, child)
    origin = Origin(
        parents=(child.id, parent.id),
        source=child.origin.source,
        further_sources=child.origin.further_sources,
        labels=(*child.origin.labels, ("rated_by", "lineage"), ("better", better)),
    )
    return Record(chosen.messages, rejected=rejected.response, input_at=chosen.input_at, origin=origin)


def _same_question(child: Record, parent: Record) -> bool:
    """Return whether two records answer the same question, differently."""
    answered = is_answered(child) and is_answered(parent) and child.rejected is None and parent.rejected is None
    return answered and child.messages[:-1] == parent.messages[:-1] and child.response != parent.response
