"""Candidates: written as they are made, settled as they leave, found by every condition."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from curator.record import Origin, Record, Score, Source, Turn, single_turn
from curator.store import Position, Query, Run, ScoreFilter, Store
from tests.store.conftest import put, record

MADE = 10


@pytest.fixture
def filled(store: Store, run: Run) -> Store:
    """Return a store with ten records: 0-3 kept, 4-6 dropped by `gate`, 7-8 by `judge`, 9 pending; `judge` made 5-9."""
    made = [record(number, stage="maker" if number < 5 else "judge") for number in range(MADE)]
    placed = [(Position(int(number >= 5), number), made[number]) for number in range(MADE)]
    fates = []
    for number, (place, one) in enumerate(placed[:-1]):
        scored = one.with_scores(Score("grounding", number / 10, f"{number} of 10"), Score("length", None, "no words"))
        if 4 <= number < 7:
            scored = scored.dropped("gate", "too-low" if number < 6 else "too-long", f"it is {number}")
        elif number >= 7:
            scored = scored.dropped("judge", "too-low")
        fates.append((place, scored))
    store.candidates.add(run, placed)
    store.candidates.settle(run, fates)
    store.flush()
    return store


def numbers(store: Store, run: Run, query: Query) -> list[int]:
    """Return the numbers of the records found."""
    found = [int(one.instruction.removesuffix("?").split()[1]) for one in store.candidates.select(run, query)]
    unlimited = msgspec.structs.replace(query, limit=None)
    assert store.candidates.count(run, unlimited) == len(list(store.candidates.select(run, unlimited)))
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), list(range(10))),
        (Query(status="kept"), [0, 1, 2, 3]),
        (Query(status="dropped"), [4, 5, 6, 7, 8]),
        (Query(status="settled"), list(range(9))),
        (Query(status="pending"), [9]),
        (Query(made_by="judge"), [5, 6, 7, 8, 9]),
        (Query(made_by="nobody"), []),
        (Query(dropped_by="gate"), [4, 5, 6]),
        (Query(reason="too-low"), [4, 5, 7, 8]),
        (Query(made_by="judge", dropped_by="gate", reason="too-low"), [5]),
        (Query(limit=3), [0, 1, 2]),
        (Query(limit=0), []),
        (Query(status="dropped", limit=100), [4, 5, 6, 7, 8]),
        (Query(scores=(ScoreFilter("grounding", "<", 0.2),)), [0, 1]),
        (Query(scores=(ScoreFilter("grounding", "<=", 0.2),)), [0, 1, 2]),
        (Query(scores=(ScoreFilter("grounding", ">", 0.7),)), [8]),
        (Query(scores=(ScoreFilter("grounding", ">=", 0.7),)), [7, 8]),
        (Query(scores=(ScoreFilter("grounding", "=", 0.5),)), [5]),
        (Query(scores=(ScoreFilter("grounding", ">", 0.1), ScoreFilter("grounding", "<", 0.4))), [2, 3]),
        (Query(status="kept", scores=(ScoreFilter("grounding", ">=", 0.3),)), [3]),
        (Query(scores=(ScoreFilter("length", ">=", 0.0),)), []),
        (Query(scores=(ScoreFilter("grounding'; DROP TABLE scores; --", "<", 1.0),)), []),
        (Query(record=record(3).id), [3]),
        (Query(record=record(3).id[:9]), [3]),
        (Query(record=record(3).id.removeprefix("r1-")[:6]), [3]),
        (Query(record="r1-"), list(range(10))),
    ],
    ids=str,
)
def test_what_a_query_finds(query: Query, expected: list[int], filled: Store, run: Run) -> None:
    assert numbers(filled, run, query) == expected


def test_a_record_comes_back_whole(store: Store, run: Run) -> None:
    source = Source("notes.md", "f" * 32, 3, 10, 20, "Chapter", "the words")
    origin = Origin("maker", "book-qa", ("r1-1", "r1-2"), "openai/x", "ph", "rk", source, "rh", (("kind", "how"),))
    turns = (Turn("system", "Be brief."), Turn("user", "Sum up.\n\nÜnï “x” 🎻"), Turn("assistant", "…"))
    whole = Record(turns, "worse", 9, origin).with_scores(Score("b", 0.1, "because"), Score("a", None, ""))
    whole = whole.dropped("gate", "too-low", "0.1 < 0.5")
    put(store, run, whole)
    assert list(store.candidates.select(run)) == [whole]


def test_candidates_come_in_the_order_of_their_places_however_they_were_written(store: Store, run: Run) -> None:
    for stage, seq, number in ((1, 0, 3), (0, 1, 2), (0, 0, 1), (1, 11, 5), (1, 2, 4)):
        put(store, run, record(number), stage=stage, first=seq)
    assert numbers(store, run, Query()) == [1, 2, 3, 4, 5]


def test_many_scores_keep_their_order_over_many_chunks(store: Store, run: Run) -> None:
    made = [record(n).with_scores(*(Score(name, n) for name in "zyxa")) for n in range(1200)]
    put(store, run, *made)
    assert list(store.candidates.select(run)) == made


def test_settling_again_replaces_the_scores(store: Store, run: Run) -> None:
    placed = put(store, run, record(1).with_scores(Score("grounding", 0.1, "first")))
    store.candidates.settle(run, [(placed[0][0], record(1).with_scores(Score("grounding", 0.9, "second")))])
    store.flush()
    assert [one.scores for one in store.candidates.select(run)] == [(Score("grounding", 0.9, "second"),)]


def test_equal_content_keeps_both_parents(store: Store, run: Run) -> None:
    first, second = record(1, parents=("r1-mother",)), record(1, parents=("r1-father",))
    put(store, run, first, second.dropped("maker", "identical"))
    assert store.candidates.parents(first.id) == ["r1-father", "r1-mother"]
    assert store.candidates.children("r1-mother") == store.candidates.children("r1-father") == [first.id]
    assert [one.origin.parents for one in store.candidates.select(run)] == [("r1-mother",), ("r1-father",)]
    assert store.candidates.find(first.id) == [first.id]


def test_ids_are_found_by_their_beginning(store: Store, run: Run) -> None:
    made = [record(number) for number in range(300)]
    put(store, run, *made)
    ids = sorted(one.id for one in made)
    assert store.candidates.find("r1-") == ids[:10]
    assert store.candidates.find("") == ids[:10]
    for one in ids[:20]:
        assert store.candidates.find(one) == store.candidates.find(one.removeprefix("r1-")) == [one]
        assert store.candidates.find(one[:5]) == [other for other in ids if other.startswith(one[:5])][:10]
    assert store.candidates.find("zz") == []


def test_clearing_forgets_one_run_only(store: Store, run: Run) -> None:
    put(store, run, record(1).with_scores(Score("a", 1)))
    store.runs.end(run, "done")
    other = store.runs.start("h", "{}", ("maker",))
    put(store, other, record(1).with_scores(Score("a", 2)), record(2))
    store.candidates.clear(other)
    store.flush()
    assert list(store.candidates.select(other)) == []
    assert [one.score("a") for one in store.candidates.select(run)] == [1]


@pytest.mark.parametrize("dropped", [("identical", "of the first", True), ("no-evidence", "it is made up", False)])
def test_a_copy_that_was_dropped_as_it_was_made_bears_no_scores_of_the_kept(
    dropped: tuple[str, str, bool], store: Store, run: Run
) -> None:
    reason, detail, is_of_it = dropped
    plain = record(1)
    copy = plain.dropped("maker", reason, detail, (plain.id,) if is_of_it else ())
    kept = plain.with_scores(Score("grounding", 0.9, "checked later"))
    for first, second in ((copy, kept), (kept, copy)):
        store.candidates.clear(run)
        put(store, run, first, second)
        assert list(store.candidates.select(run)) == [first, second]
        assert list(store.candidates.select(run, Query(scores=(ScoreFilter("grounding", ">", 0.5),)))) == [kept]
        assert store.candidates.count(run, Query(scores=(ScoreFilter("grounding", ">", 0.5),))) == 1


def test_a_copys_own_scores_are_no_scores_of_the_kept(store: Store, run: Run) -> None:
    kept = record(1).with_scores(Score("fluency", 0.9, "of the first"))
    copy = record(1).with_scores(Score("fluency", 0.1, "of the copy")).dropped("maker", "identical", "", (kept.id,))
    put(store, run, kept, copy)
    assert [one.scores for one in store.candidates.select(run)] == [kept.scores, ()]


@pytest.mark.parametrize("stage", ["gate", "maker"])
def test_a_dropped_record_without_a_copy_keeps_its_scores(stage: str, store: Store, run: Run) -> None:
    whole = record(1).with_scores(Score("fluency", 0.2, "halting")).dropped(stage, "too-low")
    put(store, run, whole)
    assert list(store.candidates.select(run)) == [whole]


def test_scores_belong_to_one_run(store: Store, run: Run) -> None:
    put(store, run, single_turn("Q", "A").with_scores(Score("a", 1)))
    store.runs.end(run, "done")
    other = store.runs.start("h", "{}", ("maker",))
    put(store, other, single_turn("Q", "A"))
    assert [one.scores for one in store.candidates.select(other)] == [()]


def test_reading_goes_on_while_a_run_writes(filled: Store, run: Run) -> None:
    """A reader sees the state at its beginning."""
    reading = filled.candidates.select(run)
    first = next(reading)
    filled.candidates.clear(run)
    filled.flush()
    assert [first.id, *(one.id for one in reading)] == [record(number).id for number in range(MADE)]


def test_where_an_input_begins_is_each_runs_own(tmp_path: Path) -> None:
    """It is no part of the identity, so an earlier run's record of the same content must not decide it."""
    plain = single_turn("Translate.\n\nbonjour", "hello")
    split = single_turn("Translate.", "hello", input="bonjour")
    assert plain.id == split.id
    with Store.open(tmp_path) as store:
        for record in (plain, split):
            run = store.runs.start("h", "{}", ("a",))
            store.candidates.add(run, [(Position(0, 0), record)])
            store.candidates.settle(run, [(Position(0, 0), record)])
            store.runs.end(run, "done")
        begins = [next(store.candidates.select(run)).input_at for run in store.runs.all()]
    assert begins == [None, len("Translate.\n\n")]
