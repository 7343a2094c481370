"""Bounds are inclusive, and a drop says what was measured."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from curator.record import Record, Score, single_turn
from evaluators.threshold import Threshold
from tests.evaluators.records import run


def scored(value: float | None, explanation: str = "why") -> Record:
    """Return a record whose grounding is `value`."""
    return single_turn("A?", "B.").with_scores(Score("grounding", value, explanation), Score("other", 9.0))


@pytest.mark.parametrize(
    ("options", "record", "drop"),
    [
        ({"min": 0.8}, scored(0.42), ("below-threshold", "grounding 0.42 < 0.80: why")),
        ({"min": 0.8}, scored(0.42, ""), ("below-threshold", "grounding 0.42 < 0.80")),
        ({"min": 0.8}, scored(0.799), ("below-threshold", "grounding 0.799 < 0.8: why")),
        ({"min": 0.8}, scored(0.8), None),
        ({"max": 0.8}, scored(0.8), None),
        ({"max": 4}, scored(4.5), ("above-threshold", "grounding 4.50 > 4.00: why")),
        ({"min": 0.1, "max": 0.9}, scored(0.5), None),
        ({"min": 0.1}, scored(float("nan")), ("below-threshold", "grounding nan < 0.10: why")),
        ({"min": 0.1}, scored(None, "no source"), ("unscored", "grounding: no source")),
        ({"min": 0.1}, scored(None, ""), ("unscored", "grounding: no value")),
        ({"min": 0.1}, single_turn("A?", "B."), ("unscored", "grounding: never measured")),
        ({"min": 0.1, "unscored": "keep"}, scored(None), None),
    ],
)
def test_decisions(options: dict[str, object], record: Record, drop: tuple[str, str] | None) -> None:
    (found,) = run(Threshold({"score": "grounding", **options}, key="gate"), [record])
    if drop is None:
        assert found == record
    else:
        assert found == record.dropped("gate", *drop)


@pytest.mark.parametrize("options", [{}, {"min": 2, "max": 1}, {"min": 1, "unscored": "maybe"}, {"min": 1, "x": 1}])
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Threshold({"score": "grounding", **options})


def test_needs_its_score() -> None:
    assert Threshold({"score": "judge.accuracy", "min": 4}).needs() == {"judge.accuracy"}
    assert Threshold({"score": "judge.accuracy", "min": 4}).gives() == ()
