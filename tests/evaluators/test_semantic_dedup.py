"""Records that say the same in other words are suggested, or dropped, and twins that state other facts stay."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pydantic import ValidationError

from curator.errors import StageError
from curator.record import Record, Score, single_turn
from curator.results import ResultsInMemory
from curator.stage.context import Context
from curator.store.store import Store
from evaluators.semantic_dedup import NAME, SemanticDedup
from tests.evaluators.records import kept, run
from tests.evaluators.twins import TWINS

pytestmark = pytest.mark.filterwarnings("default")  # what the libraries below warn about is theirs

OPEN = single_turn("How do I open a bank account?", "You visit a branch of the bank with your passport.")
OPENED = single_turn("How can I open an account at a bank?", "You visit a branch of the bank and bring your passport.")
OPENING = single_turn("How do I open a bank account?", "You go to a branch of the bank with your passport.")
BREAD = single_turn("How long is bread baked?", "Until it sounds hollow.")
MARCH = single_turn("Which rooms are open to visitors in March?", "The hall and the kitchen.")
MAY = single_turn("Which rooms are open to visitors in May?", "The hall and the kitchen.")
RECORDS = [OPEN, BREAD, OPENED, OPENING]


def values(records: list[Record]) -> list[float | None]:
    """Return what the stage measured."""
    return [record.score(NAME) for record in records]


def score_of(record: Record) -> Score:
    """Return the stage's score, whole."""
    [score] = [score for score in record.scores if score.name == NAME]
    return score


def test_by_default_it_suggests_and_drops_nothing() -> None:
    made = run(SemanticDedup({"threshold": 0.85}), RECORDS)
    assert kept(made) == made
    assert [record.id for record in made] == [record.id for record in RECORDS]
    first, bread, opened, opening = map(score_of, made)
    assert (first.value, bread.value) == (None, None)
    assert first.explanation == "the first of 3 that resemble each other"
    assert bread.explanation == "none ahead of it at 0.85 or more"
    assert opened.of == OPEN.id
    assert opened.value is not None
    assert opening.value is not None
    assert 0.85 <= opened.value < 0.99
    assert 0.95 <= opening.value < 0.999
    assert opening.of == OPEN.id


def test_told_to_it_drops_all_but_the_first() -> None:
    made = run(SemanticDedup({"threshold": 0.85, "drop": True}), RECORDS)
    assert kept(made) == [made[0], made[1]]
    drop = made[2].drop
    assert drop is not None
    assert (drop.stage, drop.reason, drop.of) == ("semantic-dedup", "semantic-duplicate", (OPEN.id,))
    assert drop.detail == f"of {OPEN.id}: cosine {values(made)[2]:.2f}"
    again = kept(run(SemanticDedup({"threshold": 0.85, "drop": True}), kept(made)))
    assert [record.id for record in again] == [OPEN.id, BREAD.id]


def test_what_has_a_value_is_what_is_dropped() -> None:
    suggested = run(SemanticDedup({"threshold": 0.85}), RECORDS)
    dropped = run(SemanticDedup({"threshold": 0.85, "drop": True}), RECORDS)
    assert [value is not None for value in values(suggested)] == [record.drop is not None for record in dropped]
    assert values(suggested) == values(dropped)


def test_the_best_stays_where_a_score_is_named() -> None:
    grades = (0.2, 0.5, None, 0.9)
    graded = [record.with_scores(Score("grade", grade)) for record, grade in zip(RECORDS, grades, strict=True)]
    stage = SemanticDedup({"threshold": 0.85, "drop": True, "best": "grade"})
    assert stage.needs() == {"grade"}
    made = run(stage, graded)
    assert [record.id for record in kept(made)] == [BREAD.id, OPENING.id]
    assert all(record.drop is None or record.drop.of == (OPENING.id,) for record in made)


def test_twins_that_state_other_facts_stay() -> None:
    assert values(run(SemanticDedup({"threshold": 0.8}), [MARCH, MAY])) == [None, None]
    [_first, twin] = values(run(SemanticDedup({"threshold": 0.8, "guard": False}), [MARCH, MAY]))
    assert twin is not None
    assert twin >= 0.8


@pytest.mark.parametrize(
    ("text", "twin"),
    [
        ("Is the harbour open to visitors in the winter? Yes.", "Is the harbour open to visitors in the winter? No."),
        ("Guests may use the kitchen of the house.", "Guests may not use the kitchen of the house."),
        ("Guests can use the kitchen of the house.", "Guests can\u2019t use the kitchen of the house."),
        ("Turn left at the bridge.", "Turn right at the bridge."),
        ("Write a function that returns the max of a list.", "Write a function that returns the min of a list."),
    ],
)
def test_twins_that_contradict_each_other_stay(text: str, twin: str) -> None:
    pair = [single_turn(text, ""), single_turn(twin, "")]
    assert values(run(SemanticDedup({"threshold": 0.6, "drop": True}), pair)) == [None, None]
    [_first, value] = values(run(SemanticDedup({"threshold": 0.6, "guard": False}), pair))
    assert value is not None


def test_the_page_says_what_the_guard_does_not_stop() -> None:
    page = (Path(__file__).parents[2] / "docs" / "methods" / "semantic-dedup.md").read_text("utf-8")
    for kind, pairs in TWINS.items():
        corpus = [single_turn(text, "") for pair in pairs for text in pair]
        joined = [value for value in values(run(SemanticDedup({"threshold": 0.5, "drop": True}), corpus)) if value]
        [row] = [line for line in page.splitlines() if line.startswith(f"| {kind} |")]
        assert row.startswith(f"| {kind} | {len(pairs)} |")
        assert row.endswith(f"| {len(joined)} |")


def test_what_the_model_cannot_read_is_not_compared() -> None:
    thai = [single_turn(text, "") for text in ("ประเทศไทยมีเมืองหลวงชื่ออะไร", "แมวนอนบนเก้าอี้", "แปลเป็นไทย")]
    mixed = [single_turn(f"Translate: {record.messages[0].content}", "") for record in thai]
    made = run(SemanticDedup({"drop": True, "guard": False}), [*thai, OPEN, *mixed, OPEN])
    assert [record.drop is None for record in made] == [True] * 7 + [False]
    whole = "100% of it is in a script that all-MiniLM-L6-v2 does not know; choose a multilingual `model`"
    assert [score_of(record) for record in made[:3]] == [Score(NAME, None, whole)] * 3
    assert score_of(made[4]).explanation.startswith("74% of it is in a script")
    assert values(made)[3:] == [None] * 4 + [1.0]
    assert values(run(SemanticDedup({"drop": True}), thai)) == [None] * 3


def test_the_field_decides_what_is_compared() -> None:
    same_answer = [single_turn("Who keeps the key?", "The warden of the tower."),
                   single_turn("Who rings the bell at noon?", "The warden of the tower.")]  # fmt: skip
    assert values(run(SemanticDedup(), same_answer)) == [None, None]
    assert values(run(SemanticDedup({"field": "response"}), same_answer)) == [None, 1.0]


def test_one_that_resembles_only_those_behind_it_stays() -> None:
    """Of a chain A - B - C in the order A, C, B only B is left out, because C is no repetition of A."""
    chain = [single_turn(text, "") for text in (
        "The old house stands on the hill above the town.",
        "An old house is on a hill.",
        "The old house stands on a hill.",
    )]  # fmt: skip
    stage = SemanticDedup({"threshold": 0.9, "drop": True, "guard": False})
    assert values(run(stage, chain[:2])) == [None, None]
    made = run(stage, chain)
    assert [record.drop is None for record in made] == [True, True, False]
    assert made[2].drop is not None
    assert made[2].drop.of == (chain[0].id,)


def test_identical_records_and_many_of_them() -> None:
    made = run(SemanticDedup({"drop": True}), [OPEN] * 3000)
    assert [record.drop is None for record in made] == [True] + [False] * 2999
    assert set(values(made)) == {None, 1.0}


@pytest.mark.parametrize("records", [[], [single_turn("A?", "")], [single_turn("", "")]])
def test_without_a_text_there_is_no_value(records: list[Record]) -> None:
    made = run(SemanticDedup({"field": "response", "drop": True}), records)
    assert [score_of(record) for record in made] == [Score(NAME, None, "no text to compare")] * len(records)


def test_records_without_the_field_repeat_nothing() -> None:
    records = [single_turn("A?", ""), OPEN, single_turn("B?", " "), OPEN]
    made = run(SemanticDedup({"field": "response", "drop": True}), records)
    assert [record.drop is None for record in made] == [True, True, True, False]


def test_what_was_not_read_to_its_end_says_so() -> None:
    long = "The warden keeps the key of the tower in a box. " * 40
    made = run(SemanticDedup({"drop": True}), [single_turn(long + "or so", ""), single_turn(long + "or else", "")])
    assert all(score_of(record).explanation.endswith("; only its first 256 tokens were read") for record in made)
    assert made[1].drop is not None


def test_embeddings_are_kept_and_used_again() -> None:
    results = ResultsInMemory()
    context = Context(stage="semantic-dedup", results=results)
    first = run(SemanticDedup(), RECORDS, context)
    [readings, vectors] = results._spaces
    assert [len(list(results.all(space))) for space in (readings, vectors)] == [len(RECORDS), len(RECORDS)]
    assert run(SemanticDedup(), RECORDS, context) == first
    assert [len(list(results.all(space))) for space in (readings, vectors)] == [len(RECORDS), len(RECORDS)]
    assert run(SemanticDedup(), RECORDS) == first


def test_a_workspace_keeps_them_too(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        made = run(SemanticDedup(), RECORDS, Context(results=store.results))
    with Store.open(tmp_path) as store:
        assert run(SemanticDedup(), RECORDS, Context(results=store.results)) == made


def test_order_decides_who_is_first_and_nothing_else() -> None:
    records = [OPEN, BREAD, OPENED, OPENING, MARCH, MAY]
    random.Random(3).shuffle(records)
    stay = kept(run(SemanticDedup({"threshold": 0.85, "drop": True}), records))
    assert len(stay) == 4
    assert {BREAD.id, MARCH.id, MAY.id} < {record.id for record in stay}


def test_a_model_that_is_not_there_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    stage = SemanticDedup({"model": "models/mine"})
    with pytest.raises(StageError, match=r"the folder has no config\.json"):
        stage.check(Context(folder=tmp_path))
    SemanticDedup().check(Context(folder=tmp_path))


@pytest.mark.parametrize("options", [{"threshold": 0.4}, {"threshold": 1.1}, {"field": "input"}, {"keep": 1}])
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SemanticDedup(options)
