"""Tests of the provenance column."""

from __future__ import annotations

import json

import pytest

from curator.formats.provenance import provenance_of, restored
from curator.record import Drop, Origin, Record, Score, single_turn

BARE = single_turn("Sum up: it rains.", "Rain.")
FULL = Record(BARE.messages, None, 8, Origin("s", "m", ("r1-0",)), (Score("len", 1.0, "one"),), Drop("t", "low"))


def test_all_that_lies_outside_the_id_comes_back() -> None:
    assert restored(BARE, provenance_of(FULL)) == (FULL, "")


def test_a_changed_row_is_a_new_record_and_child_of_the_old_one() -> None:
    edited = single_turn("Sum up: it rains.", "It rains.")
    record, notice = restored(edited, provenance_of(FULL))
    assert record == Record(edited.messages, origin=Origin(parents=(FULL.id,)))
    assert "changed since export" in notice
    assert FULL.id in notice


@pytest.mark.parametrize("text", ["me", "{}", "[]", 7, json.dumps({"id": 3}), "[" * 100_000])
def test_a_column_of_somebody_elses_is_left_alone(text: object) -> None:
    record, notice = restored(BARE, text)
    assert record == BARE
    assert "was ignored" in notice
