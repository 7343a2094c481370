"""How each operator fared, counted from records."""

from __future__ import annotations

from curator.record import Origin, Record, single_turn
from generators.evolution.operators import Acceptance, operator_acceptance


def child(operator: str, delta: int, reason: str = "") -> Record:
    """Return a record as an evolving method makes it."""
    labels = (("operator", operator), ("delta_words", str(delta)))
    record = single_turn("Q", "A", origin=Origin(labels=labels))
    return record.dropped("evol-instruct", reason) if reason else record


def test_acceptance_is_counted_by_operator() -> None:
    records = [
        child("reasoning", 4),
        child("reasoning", 9, "equal"),
        child("reasoning", 8),
        child("reasoning", 0, "unchanged"),
        child("reasoning", 0, "unchanged"),
        child("deepen", 0, "equal"),
        single_turn("from elsewhere", "A"),
    ]
    found = operator_acceptance(records)
    assert list(found) == ["deepen", "reasoning"]
    assert found["deepen"] == Acceptance(1, 0, (("equal", 1),), None)
    assert found["reasoning"] == Acceptance(5, 2, (("unchanged", 2), ("equal", 1)), 6.0)
    assert found["reasoning"].accepted_share == 0.4
    assert operator_acceptance([]) == {}
