"""`curator show`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.terminal import Call


@pytest.fixture
def dropped(ran: Path, curator: Call) -> str:
    """Return the id of the record that was dropped."""
    [row] = curator("ls", "--json", "--status", "dropped").data
    return str(row["id"])


def test_everything_about_a_record(dropped: str, curator: Call) -> None:
    ended = curator("show", dropped)
    assert ended.code == 0
    for part in (
        dropped,
        "user: How many bells hang in the tower?",
        "assistant: Forty trumpets.",
        "made by: book-qa (book-qa) with scripted/script",
        "source: sources/notes.md, Bells, characters",
        "»Nine bells hang in the tower above the fish market.«",
        "fate: dropped by grounded: below-threshold (grounding",
        "parents: none",
        "children: none",
        "cost: $0",
    ):
        assert part in ended.out


@pytest.mark.parametrize("cut", [slice(None, 11), slice(3, 11)])
def test_the_beginning_of_an_id_will_do(cut: slice, dropped: str, curator: Call) -> None:
    assert dropped in curator("show", dropped[cut]).out


def test_json_has_the_passage_and_where_the_evidence_stands(dropped: str, curator: Call) -> None:
    data = curator("show", dropped, "--json").data
    [candidate] = data["candidates"]
    start, end = candidate["passage"]["evidence"]
    assert candidate["passage"]["text"][start:end] == "Nine bells hang in the tower above the fish market."
    assert (data["parents"], data["children"], data["usd"], data["run"]) == ([], [], 0.0, 1)


def test_lineage_goes_both_ways(ran: Path, curator: Call) -> None:
    from curator.record import Origin, single_turn
    from curator.store import Position, Store

    parent = curator("ls", "--json", "-n", "1").data[0]["id"]
    with Store.open(ran) as store:
        run = store.runs.latest()
        assert run is not None
        child = single_turn("Who was Alma, really?", "A ferry.", origin=Origin(stage="seeds", parents=(parent,)))
        store.candidates.add(run, [(Position(0, 99), child)])
        store.flush()
    assert f"children: {child.id}" in curator("show", parent).out
    assert f"parents: {parent}" in curator("show", child.id).out


def test_a_record_of_an_earlier_run_is_found(dropped: str, curator: Call) -> None:
    assert curator("run", "--limit", "1").code == 0
    assert curator("show", dropped, "--json").data["run"] == 1


def test_a_record_from_no_source(ran: Path, curator: Call) -> None:
    key = curator("ls", "--json", "-n", "1").data[0]["id"]
    out = curator("show", key).out
    assert "fate: kept" in out
    assert "source:" not in out
    assert "unscored" in out


@pytest.mark.parametrize(("prefix", "says"), [("zz", "no record's id begins with 'zz'"), ("r1-", "several ids begin")])
def test_an_id_that_names_nothing_or_too_much(prefix: str, says: str, ran: Path, curator: Call) -> None:
    ended = curator("show", prefix)
    assert ended.code == 1
    assert says in ended.error
