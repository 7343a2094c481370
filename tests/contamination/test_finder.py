"""Each rule finds what it promises, and nothing below its threshold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.contamination import Benchmark, Finder, Hit, Item, RuleName, Rules, decontaminated
from curator.contamination.runs import MOST_SHARING, RunIndex

LETTERS = st.sampled_from("abcdefgh")


def numbered(start: int, end: int) -> str:
    """Return the words w<start> … w<end - 1>."""
    return " ".join(f"w{number}" for number in range(start, end))


def finder(*questions: str, rules: Sequence[RuleName] = ("ngram-13", "ngram-8", "matched"), **options: float) -> Finder:
    items = tuple(Item(f"b:{number}", question) for number, question in enumerate(questions, start=1))
    return Finder([Benchmark("b", items)], Rules(tuple(rules), **options))


def rules_of(hits: Sequence[Hit]) -> set[str]:
    return {hit.rule for hit in hits}


@pytest.mark.parametrize(("shared", "found"), [(12, False), (13, True)])
def test_ngram_13_is_any_shared_run_of_13_words(shared: int, found: bool) -> None:
    hits = finder(numbered(0, 100), rules=["ngram-13"]).hits(f"x {numbered(40, 40 + shared)} y")
    assert [(hit.item, hit.part, hit.rule) for hit in hits] == ([("b:1", "question", "ngram-13")] if found else [])
    assert all(hit.share == pytest.approx(0.13) and hit.shared == numbered(40, 53) for hit in hits)


@pytest.mark.parametrize(("shared", "found"), [(9, False), (10, True)])
def test_ngram_8_wants_half_of_the_words_covered(shared: int, found: bool) -> None:
    hits = finder(numbered(0, 20), rules=["ngram-8"]).hits(f"x {numbered(5, 5 + shared)} y")
    assert rules_of(hits) == ({"ngram-8"} if found else set())


def test_ngram_8_adds_up_what_several_runs_cover() -> None:
    text = f"{numbered(0, 8)} and then {numbered(12, 20)}"
    (hit,) = finder(numbered(0, 20), rules=["ngram-8"]).hits(text)
    assert hit.share == pytest.approx(0.8)
    assert not finder(numbered(0, 20), rules=["ngram-8"], covered=0.9).hits(text)


def test_matched_wants_more_than_half_of_the_characters_in_order() -> None:
    item = numbered(10, 50)  # each word three characters and a blank
    rule = finder(item, rules=["matched"])
    assert not rule.hits(f"x {numbered(10, 29)} y")
    assert rules_of(rule.hits(f"x {numbered(10, 31)} y")) == {"matched"}
    scattered = " z ".join([numbered(10, 20), *(numbered(at, at + 2) for at in range(22, 48, 3))])
    (hit,) = rule.hits(scattered)
    assert hit.share > 0.65
    assert not rule.hits(" z ".join(numbered(at, at + 2) for at in range(10, 48, 2))), "no run of ten words"


def test_matched_counts_no_blocks_of_five_characters_and_less() -> None:
    item = f"{numbered(10, 20)} " + " ".join(f"v{number}" for number in range(10, 40))
    single = " z ".join([numbered(10, 20), *(f"v{number}" for number in range(10, 40))])
    assert not finder(item, rules=["matched"]).hits(single)


def test_matched_counts_blocks_of_six_characters() -> None:
    item = f"{numbered(10, 20)} " + " ".join(f"v{number:05}" for number in range(10))
    single = " z ".join([numbered(10, 20), *(f"v{number:05}" for number in range(10))])
    (hit,) = finder(item, rules=["matched"]).hits(single)
    assert hit.share == 1


def test_matched_wants_more_than_its_threshold() -> None:
    item = numbered(10, 30)
    assert not finder(item, rules=["matched"]).hits(numbered(10, 20))
    assert finder(item, rules=["matched"], matched=0.49).hits(numbered(10, 20))


def test_matched_compares_long_texts_by_their_runs_alone() -> None:
    item = numbered(0, 3000)
    (hit,) = finder(item, rules=["matched"]).hits(f"{numbered(0, 1700)} {numbered(5000, 9000)}")
    assert hit.share == pytest.approx(0.55, abs=0.03)
    assert not finder(item, rules=["matched"]).hits(f"{numbered(0, 1300)} {numbered(5000, 9000)}")


def test_what_many_items_share_is_boilerplate() -> None:
    opening = "which of the following statements about the matter at hand is true and can be proven"
    questions = [f"{opening} {numbered(at * 20, at * 20 + 10)}" for at in range(MOST_SHARING + 1)]
    rule = finder(*questions)
    assert not rule.hits(f"{opening} and more")
    assert {hit.item for hit in rule.hits(questions[3])} == {"b:4"}
    assert finder(*questions[:MOST_SHARING]).hits(f"{opening} and more"), "so few may share it"


PASSAGE = ". ".join(f"So {numbered(at, at + 11)}" for at in range(1000, 1150, 11))


def about_the_passage(count: int) -> list[str]:
    return [f"Which town did the man of w{at} visit?\n\n{PASSAGE}." for at in range(count)]


def test_what_boilerplate_leaves_of_a_question_is_looked_for() -> None:
    rule = finder(*about_the_passage(MOST_SHARING + 1))
    assert not rule.hits(PASSAGE)
    hits = rule.hits(f"{PASSAGE} Question: Which town did the man of w4 visit?")
    assert {hit.item for hit in hits} == {"b:5"}
    assert "short-whole" in rules_of(hits)
    assert rule.limits.boilerplate == tuple(f"b:{at}" for at in range(1, MOST_SHARING + 2))
    assert rule.limits.too_short == ()


def test_what_is_left_of_many_items_tells_nothing() -> None:
    asked = "What is it all about?"
    passages = [". ".join(f"So p{number} {numbered(at, at + 9)}" for at in range(0, 90, 9)) for number in range(3)]
    questions = [f"{asked} {passage}. End w{at}." for passage in passages for at in range(MOST_SHARING + 1)]
    assert not finder(*questions).hits(asked)


NAME = "中华人民共和国全国人民代表大会"


@pytest.mark.parametrize(
    ("item", "text", "found"),
    [
        (f"{NAME}的代表每届任期是几年呢", f"{NAME}在哪里开会", set()),
        (f"{NAME}的代表每届任期是几年呢请说明理由", f"{NAME}的代表每届任期", {"ngram-8", "matched"}),
        ("แม่น้ำเจ้าพระยาไหลผ่านกรุงเทพมหานคร", "แม่น้ำเจ้าพระยาไหลผ่านจังหวัด", set()),
    ],
)  # fmt: skip
def test_scripts_without_spaces_need_longer_runs(item: str, text: str, found: set[str]) -> None:
    assert rules_of(finder(item).hits(text)) == found


def test_equal_items_are_one_text_and_all_are_named() -> None:
    hits = finder(*[numbered(0, 30)] * 20, rules=["ngram-13"]).hits(numbered(0, 30))
    assert [hit.item for hit in hits] == [f"b:{number}" for number in range(1, 21)]


def test_an_item_of_boilerplate_alone_is_looked_for_whole() -> None:
    questions = [numbered(0, 40), *(f"{numbered(0, 40)} {numbered(100 * at, 100 * at + 30)}" for at in range(1, 12))]
    rule = finder(*questions)
    assert [(hit.item, hit.rule) for hit in rule.hits(f"x {numbered(0, 40)} y")] == [("b:1", "short-whole")]


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("Who wrote Hamlet?", "Tell me: WHO wrote “Hamlet”, please", {"short-whole"}),
        ("Who wrote Hamlet?", "Who wrote Hamlets?", set()),
        ("What is 7 + 5?", "what is 7+5", {"short-whole"}),
        ("What is 7 + 5?", "what is 7 * 5", set()),
        ("What is the capital city of Australia?", "what is the capital city of Austria", set()),
        ("Name the gas that the plants take in.", "Name the gas that a plant takes in.", {"short-characters"}),
        ("Name the gas that the plants take in.", "Name the gas that the animals take in.", set()),
        ("How many bones does an adult human have?", "How many bones do the adult human have", set()),
        ("How many bones does an adult human have?", "How many bones does the adult human have", {"short-characters"}),
        ("How many bones does an adult human have?", "How many teeth does an adult human have", set()),
        ("Paris?", "Paris?", set()),
        ("What is AI?", "What is AI?", set()),
        ("中国最长的河流", "中国最长的河流", {"short-whole"}),
        ("แม่น้ำ", "แม่น้ำ", set()),
        ("What is the capital of France?", "> What is\n> the **capital** of <b>France</b>?", {"short-whole"}),
        ("What is the capital of France?", "What is the / capital + of France", {"short-whole"}),
    ],
)  # fmt: skip
def test_short_questions(question: str, text: str, found: set[str]) -> None:
    assert rules_of(finder(question).hits(text)) == found


def test_sums_that_differ_in_a_sign_are_different_items() -> None:
    rule = finder("What is 7 + 5?", "What is 7 * 5?", "what is 7 × 5")
    assert [hit.item for hit in rule.hits("What is 7 * 5")] == ["b:2", "b:3"]


def test_items_that_are_too_short_are_named() -> None:
    assert finder("Paris?", "Who wrote Hamlet?", "What is AI?").limits.too_short == ("b:1", "b:3")


def test_items_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two items of 'b' are called 'b:1'"):
        Finder([Benchmark("b", (Item("b:1", "Who wrote Hamlet?"), Item("b:1", "Who wrote Lear?")))])


def test_short_answers_are_not_looked_for() -> None:
    answer = numbered(0, 7)
    rule = Finder([Benchmark("b", (Item("b:1", "Who wrote Hamlet?", answer),))])
    assert not rule.hits(f"x {answer} y")


def test_questions_and_answers_are_found_by_themselves() -> None:
    rule = Finder([Benchmark("b", (Item("b:1", numbered(0, 20), numbered(50, 70)),))])
    assert {hit.part for hit in rule.hits(numbered(50, 70))} == {"answer"}
    assert {hit.part for hit in rule.hits([numbered(0, 20), numbered(50, 70)])} == {"question", "answer"}


def test_finds_come_the_strongest_first() -> None:
    hits = finder(numbered(0, 40), numbered(100, 120)).hits(f"{numbered(100, 120)} {numbered(0, 22)}")
    assert [hit.share for hit in hits] == sorted((hit.share for hit in hits), reverse=True)
    assert hits[0].item == "b:2"


def test_the_embedding_rule_needs_an_embedder() -> None:
    with pytest.raises(ValueError, match="needs an embedder"):
        finder("Who wrote Hamlet?", rules=["embedding"])
    with pytest.raises(ValueError, match="without an embedder"):
        finder("Who wrote Hamlet?").near(["x"], 0.5)


def test_the_report_counts_items_and_records() -> None:
    benchmarks = [
        Benchmark("a", (Item("a:1", numbered(0, 20)), Item("a:2", numbered(100, 120)), Item("a:3", "Paris"))),
        Benchmark("b", (Item("b:1", numbered(0, 20)), Item("b:2", numbered(200, 207)))),
    ]
    texts = [numbered(0, 20), numbered(0, 14), "nothing", numbered(200, 207)]
    found, report = decontaminated(texts, benchmarks, Rules(("ngram-13", "ngram-8")))
    assert [bool(hits) for hits in found] == [True, True, False, True]
    assert (report.records, report.removed) == (4, 3)
    first, second = report.benchmarks
    assert (first.name, first.items, first.too_short, first.items_hit, first.records_hit) == ("a", 3, 1, 1, 2)
    assert [(count.rule, count.items, count.records) for count in first.rules] == [
        ("ngram-13", 1, 2),
        ("ngram-8", 1, 2),
    ]
    assert (second.items_hit, second.records_hit) == (2, 3)
    assert [(count.rule, count.items, count.records) for count in second.rules][-1] == ("short-whole", 1, 1)


@pytest.mark.parametrize("text", ["", " \n", "\ud800", "a", "?" * 1000, ("w1 " * 10_000), "x" * 1_000_000, "\udfff w1"])
def test_odd_texts_are_read(text: str) -> None:
    rule = finder(numbered(0, 30), "Who wrote Hamlet?", text)
    rule.hits(text)
    rule.hits([])
    assert rule.hits(f"{text} who wrote hamlet")


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=60), st.lists(LETTERS, min_size=13, max_size=60))
def test_ngram_13_agrees_with_looking_at_every_run(text: list[str], item: list[str]) -> None:
    runs = {tuple(text[at : at + 13]) for at in range(len(text) - 12)}
    expected = any(tuple(item[at : at + 13]) in runs for at in range(len(item) - 12))
    index = RunIndex([tuple(item)], Rules(("ngram-13",)))
    assert bool(list(index.overlaps(tuple(text)))) == expected


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(st.text("abc", min_size=1, max_size=2), min_size=10, max_size=40))
def test_a_copy_is_found_wherever_it_stands(data: st.DataObject, item: list[str]) -> None:
    around = st.lists(st.text("xyz", min_size=1, max_size=3), max_size=20)
    text = " ".join([*data.draw(around), *item, *data.draw(around)])
    for name in ("ngram-8", "matched"):
        hits = finder(" ".join(item), rules=[name]).hits(text)
        assert any(hit.rule == name and hit.share == pytest.approx(1, abs=0.02) for hit in hits)
