"""Duplicates are dropped, twins that state other facts stay."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curator.record import Record, Score, Turn, single_turn
from curator.text.words import jaccard
from evaluators.exact_dedup import ExactDedup
from evaluators.near_dedup import NearDedup
from tests.dedup.oracle import word_shingles
from tests.evaluators.records import kept, run

SMALL = st.lists(
    st.builds(single_turn, st.sampled_from(["A?", "a ?", "a?", "😀", "你好吗", "Who is Bob?", "Who is Ann?", ""]),
              st.sampled_from(["Yes.", "yes.", "It is 4.", "It is 5.", "مرحبا", "x"])),
    max_size=12,
)  # fmt: skip


def text(seed: int, count: int = 60) -> list[str]:
    """Return words that share no run of three with those of another seed."""
    draw = random.Random(seed)
    return [
        f"w{'abcdefghij'[draw.randrange(10)]}{'klmnopqrst'[draw.randrange(10)]}{chr(97 + seed % 26)}"
        for _ in range(count)
    ]


def planted(seed: int, similarity: float, count: int = 200) -> tuple[str, str]:
    """Return two texts whose word 3-grams have at least `similarity` in common, and hardly more."""
    original = text(seed, count)
    copy = list(original)
    for at in range(3, count, 4):
        changed = [*copy[:at], f"x{at % 7}q{'abcdefg'[at % 7]}", *copy[at + 1 :]]
        changed[at] = "zz" + original[at][::-1]
        if jaccard(word_shingles(" ".join(original)), word_shingles(" ".join(changed))) < similarity:
            break
        copy = changed
    return " ".join(original), " ".join(copy)


def drops(records: list[Record]) -> list[tuple[str, str] | None]:
    """Return the reasons and details of what was dropped."""
    return [(record.drop.reason, record.drop.detail) if record.drop else None for record in records]


def test_exact_duplicates_ignore_typography_and_name_the_first() -> None:
    first = single_turn("What’s new?", "“Nothing”  —\nreally.")
    second = single_turn("what's NEW?", '"Nothing" - really.')
    other = single_turn("What's new?", "Nothing really.")
    assert drops(run(ExactDedup(), [first, second, other, first])) == [
        None, ("exact-duplicate", f"of {first.id}"), None, ("exact-duplicate", f"of {first.id}"),
    ]  # fmt: skip


@pytest.mark.parametrize(("field", "stay"), [("instruction", 2), ("response", 2), ("both", 3), ("dialogue", 3)])
def test_exact_dedup_of_a_field(field: str, stay: int) -> None:
    records = [single_turn("A?", "1"), single_turn("A?", "2"), single_turn("B?", "2")]
    assert len(kept(run(ExactDedup({"field": field}), records))) == stay


def test_inputs_systems_rejected_replies_and_middle_turns_make_a_difference() -> None:
    turns = (Turn("user", "A?"), Turn("assistant", "1"))
    records = [
        single_turn("A?", "1"),
        single_turn("A?", "1", input="x"),
        single_turn("A?", "1", system="Be brief."),
        Record(turns, rejected="2"),
        Record((*turns, Turn("user", "B?"), Turn("assistant", "1"))),
    ]
    assert kept(run(ExactDedup(), records)) == records
    assert len(kept(run(ExactDedup({"field": "instruction"}), records))) == 2


@pytest.mark.parametrize("stage", [ExactDedup({"field": "response"}), NearDedup({"field": "response"})])
def test_records_without_the_field_are_no_duplicates(stage: ExactDedup | NearDedup) -> None:
    records = [single_turn("A?", ""), single_turn("B?", ""), single_turn("C?", " ")]
    assert kept(run(stage, records)) == records


@pytest.mark.parametrize("stage", [ExactDedup(), NearDedup()])
def test_none_one_and_all_identical(stage: ExactDedup | NearDedup) -> None:
    record = single_turn("Why?", "Because.")
    assert run(stage, []) == []
    assert run(stage, [record]) == [record]
    assert [item.drop is None for item in run(stage, [record] * 50)] == [True] + [False] * 49


@pytest.mark.parametrize("content", ["a", "😀", "你", "مرحبا كيف حالك", "🇫🇷👩‍👩‍👧", "e\u0301"])
@pytest.mark.parametrize("stage", [ExactDedup, NearDedup])
def test_small_and_foreign_texts(stage: type[ExactDedup] | type[NearDedup], content: str) -> None:
    records = [single_turn(content, content), single_turn(content, f" {content}"), single_turn("other", "text")]
    assert [item.drop is None for item in run(stage(), records)] == [True, False, True]


@pytest.mark.parametrize("similarity", [0.8, 0.85, 0.9, 0.95])
def test_planted_pairs_are_found(similarity: float) -> None:
    pairs = [planted(seed, similarity) for seed in range(40)]
    values = [jaccard(word_shingles(left), word_shingles(right)) for left, right in pairs]
    assert all(similarity <= value < similarity + 0.04 for value in values)
    records = [single_turn(text, "") for pair in pairs for text in pair]
    found = drops(run(NearDedup(), records))
    expected = [
        item for left, value in zip(records[::2], values, strict=True)
        for item in (None, ("near-duplicate", f"of {left.id}: Jaccard {value:.2f}"))
    ]  # fmt: skip
    assert sum(one == other for one, other in zip(found, expected, strict=True)) >= len(found) - 2


@pytest.mark.parametrize("threshold", [0.6, 0.9])
def test_pairs_below_the_threshold_stay(threshold: float) -> None:
    pairs = [planted(seed, threshold - 0.08) for seed in range(20)]
    records = [single_turn(text, "") for pair in pairs for text in pair]
    assert len(kept(run(NearDedup({"threshold": threshold}), records))) == len(records)


GUARDED = [
    ("Describe at length how the garden of the old house in the town is opened to visitors in {}", "March", "May"),
    ("Describe at length how the garden of the old house is opened to all visitors at {} p.m.", "4.30", "5.30"),
    ("Please explain in a few sentences why Mr. {} writes a long letter and what it changes", "Darcy", "Bingley"),
    ("{} writes a long letter in the evening, and explains in it what has changed and why", "Darcy", "Wickham"),
    ("Tell me how many members may borrow at most {} books from the shelves of the library", "three", "four"),
    ("Explain with an example how a program of your own computes the {} sum of a large file", "sha1", "sha256"),
    ("Explain in a few sentences to somebody who begins what is good about the language {} today", "C++", "C#"),
    ("Explain step by step for which whole numbers it is true that {} and say why that is so", "x < y", "x > y"),
    ("Say whether it is {} to swim in the bay behind the harbour on a summer's day", "safe", "not safe"),
]


@pytest.mark.parametrize(("template", "one", "other"), GUARDED)
def test_twins_that_state_other_facts_stay(template: str, one: str, other: str) -> None:
    records = [single_turn(template.format(fact), "") for fact in (one, other)]
    assert kept(run(NearDedup({"threshold": 0.7}), records)) == records
    assert len(kept(run(NearDedup({"threshold": 0.7, "guard": False}), records))) == 1


def test_alike_questions_are_merged() -> None:
    questions = [
        "Describe how Elizabeth Bennet's opinion of Mr. Darcy changes after she reads his letter",
        "Describe how Elizabeth Bennet's view of Mr. Darcy changes after she reads his letter",
        "Why does Mr. Collins propose to Charlotte Lucas?",
        "Why does Mr. Collins propose to Elizabeth Bennet?",
    ]
    found = run(NearDedup({"threshold": 0.7, "field": "instruction"}), [single_turn(text, "x") for text in questions])
    assert [record.drop is None for record in found] == [True, False, True, True]


def test_a_short_and_a_long_text_are_compared() -> None:
    long = " ".join(text(3, 31))
    records = [single_turn(long, ""), single_turn(long.rsplit(" ", 2)[0], "")]
    assert [record.drop is None for record in run(NearDedup(), records)] == [True, False]


@settings(max_examples=40, deadline=None)
@given(SMALL, st.randoms(use_true_random=False))
def test_dedup_is_idempotent_and_order_decides_only_who_is_first(records: list[Record], random: random.Random) -> None:
    for stage in (ExactDedup(), NearDedup(), NearDedup({"threshold": 0.5, "guard": False})):
        once = kept(run(stage, records))
        assert kept(run(stage, once)) == once
        if records:
            assert once[0] == records[0]
    shuffled = records.copy()
    random.shuffle(shuffled)
    assert len(kept(run(ExactDedup(), shuffled))) == len(kept(run(ExactDedup(), records)))


def test_near_dedup_of_separate_clusters_keeps_one_each_in_any_order() -> None:
    clusters = [
        [single_turn(" ".join(text(seed)) + end, "") for end in ("", " indeed", " really")] for seed in range(20)
    ]
    records = [record for cluster in clusters for record in cluster]
    random.Random(1).shuffle(records)
    stay = kept(run(NearDedup(), records))
    assert len(stay) == 20
    assert all(len({record.id for record in cluster} & {record.id for record in stay}) == 1 for cluster in clusters)


def test_many_twins_of_names_of_their_own_all_stay() -> None:
    template = "Describe at length, with an example, how {} behaves towards the people of the village and the house."
    records = [single_turn(template.format(f"Mr. N{'abcdefghij'[n % 10]}{n}"), "Well.") for n in range(1500)]
    assert len(kept(run(NearDedup(), records))) == 1500
    assert len(kept(run(NearDedup({"guard": False, "threshold": 0.7}), records))) == 1


@pytest.mark.parametrize("stage", [ExactDedup(), NearDedup()])
def test_a_megabyte(stage: ExactDedup | NearDedup) -> None:
    big = single_turn("word " * 200_000, "x")
    assert [record.drop is None for record in run(stage, [big, big])] == [True, False]


def chain(steps: int) -> list[str]:
    """Return long texts of which each is like the one before it, and the last hardly like the first."""
    words = text(5, 120)
    made = [" ".join(words)]
    for step in range(1, steps):
        for at in range(4 * step, 120, 40):
            words[at] = f"changed{'abcdefghij'[step]}"
        made.append(" ".join(words))
    return made


def test_what_is_joined_through_others_is_one_cluster_and_says_through_which() -> None:
    texts = chain(4)
    direct = jaccard(word_shingles(texts[0]), word_shingles(texts[3]))
    step = jaccard(word_shingles(texts[2]), word_shingles(texts[3]))
    assert direct < 0.8 <= step
    first, second, third, last = (single_turn(text, "") for text in texts)
    found = drops(run(NearDedup({"method": "exact"}), [first, second, third, last]))
    assert found[0] is None
    assert found[1] == ("near-duplicate", f"of {first.id}: Jaccard {step:.2f}")
    assert found[3] == ("near-duplicate", f"of {first.id}: Jaccard {direct:.2f}, joined over {third.id}: {step:.2f}")


def test_the_best_scored_of_a_cluster_stays_and_the_rest_name_it() -> None:
    words = " ".join(text(2))
    scored = [
        single_turn(f"{words} {end}", "").with_scores(Score("quality", value))
        for end, value in (("once", 0.2), ("twice", 0.9), ("thrice", None), ("again", 0.9))
    ]
    found = run(NearDedup({"best": "quality"}), scored)
    assert [record.drop is None for record in found] == [False, True, False, False]
    assert {record.drop.of for record in found if record.drop} == {(scored[1].id,)}
    assert NearDedup({"best": "quality"}).needs() == {"quality"}
    assert not NearDedup().needs()


@pytest.mark.parametrize("method", ["near", "exact"])
@pytest.mark.parametrize("engine", ["auto", "datasketch"])
def test_every_method_and_engine_finds_the_same(method: str, engine: str) -> None:
    records = [single_turn(text, "") for seed in range(12) for text in planted(seed, 0.85)]
    stay = kept(run(NearDedup({"method": method, "engine": engine}), records))
    assert stay == records[::2]


@pytest.mark.parametrize("shingles", ["words", "characters"])
def test_one_kind_of_shingles_for_all(shingles: str) -> None:
    records = [
        single_turn("Why does the tide turn so late today?", ""),
        single_turn("why does the tide turn so late", ""),
    ]
    assert len(kept(run(NearDedup({"shingles": shingles, "threshold": 0.7}), records))) == 1


@pytest.mark.parametrize("options", [{"threshold": 0.1}, {"threshold": 1.1}, {"field": "input"}, {"keep": 1}])
def test_wrong_options(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NearDedup(options)
