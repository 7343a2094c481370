"""Meanings are compared passage by passage, of what the model can read, and all near items are told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from curator.contamination import Benchmark, Finder, Item, Rules, decontaminated
from curator.contamination.finder import LEAST_ANSWER_WORDS
from curator.contamination.passages import passages
from curator.embedding.base import Embedder
from curator.embedding.choose import embedder

QUESTION = "Who was the first harbour master of Vell, and when was he sworn in?"
FILLER = "The bread is baked in the old oven behind the mill and sold in the market before the sun is up. "


@cache
def model() -> Embedder:
    return embedder()


def finder(*questions: str, cosine: float = 0.85) -> Finder:
    items = tuple(Item(f"b:{number}", question) for number, question in enumerate(questions, start=1))
    return Finder([Benchmark("b", items)], Rules(("embedding",), cosine=cosine), embedder=model())


def items_of(rule: Finder, *texts: str | Sequence[str]) -> list[list[str]]:
    return [[hit.item for hit in hits] for hits in rule.hits_of_each(texts)]


def test_what_the_model_cannot_read_is_not_compared() -> None:
    thai, emoji = "แม่น้ำเจ้าพระยาไหลผ่านกรุงเทพมหานคร", "🜁🜂🜃🜄 🜁🜂🜃🜄 🜁🜂🜃🜄"
    rule = finder(thai, QUESTION)
    assert items_of(rule, "ข้าวผัดกะเพราหมูสับไข่ดาว", emoji, thai, QUESTION) == [[], [], [], ["b:2"]]
    assert rule.near([thai], -1.0, always=True) == [()]
    assert rule.limits.unreadable == ("b:1",)
    _found, report = decontaminated(
        [thai], [Benchmark("b", (Item("b:1", thai),))], Rules(("embedding",)), embedder=model()
    )
    assert report.benchmarks[0].notes() == (
        "b: 1 item of 1 not compared by meaning: the embedding model does not know the script.",
    )


def test_what_stands_beyond_the_models_end_is_read() -> None:
    item = f"{QUESTION} The harbour master's oath was sworn at the gate, before the council of the town. " * 4
    hidden = FILLER * 30 + item
    (hits,) = finder(item, cosine=0.7).hits_of_each([hidden])
    assert [hit.item for hit in hits] == ["b:1"]
    assert "oath" in hits[0].passage
    (found,) = passages([[hidden]], model())
    assert all(reading.tokens <= model().max_tokens for reading in model().readings(found))
    assert found[-1].endswith(item.strip()[-50:])
    assert all(hidden.count(each) for each in found)


@pytest.mark.parametrize("break_", ["\n", "\n\n", "\n \n"])
def test_a_question_on_its_own_line_is_found(break_: str) -> None:
    rule = finder(QUESTION)
    text = f"{FILLER}{break_}{QUESTION}{break_}{FILLER}"
    (hits,) = rule.hits_of_each([text])
    assert [(hit.item, hit.passage) for hit in hits] == [("b:1", QUESTION)]


def test_long_words_are_cut_too() -> None:
    text = "a1." * 2_000
    (found,) = passages([[text]], model())
    assert text not in found
    assert sum(map(len, found)) >= len(text)


def test_items_longer_than_the_model_reads_are_named() -> None:
    assert finder(QUESTION, FILLER * 30).limits.cut == ("b:2",)


def test_all_near_items_are_told() -> None:
    rule = finder(*(f"{QUESTION}{' !' * number}" for number in range(12)))
    assert len(items_of(rule, QUESTION)[0]) >= 12


def test_the_nearest_is_told_if_wanted() -> None:
    rule = finder(QUESTION, "How is bread baked in an oven?")
    assert rule.near([FILLER], 0.99) == [()]
    assert [hit.item for hit in rule.near([FILLER], 0.99, always=True)[0]] == ["b:2"]


@pytest.mark.parametrize(("words", "compared"), [(LEAST_ANSWER_WORDS - 1, False), (LEAST_ANSWER_WORDS, True)])
def test_short_answers_have_no_meaning_of_their_own(words: int, compared: bool) -> None:
    answer = " ".join("He was sworn in at the harbour gate in spring".split()[:words])
    rule = Finder([Benchmark("b", (Item("b:1", "?", answer),))], Rules(("embedding",)), embedder=model())
    assert bool(rule.near([answer], 0.85)[0]) == compared
