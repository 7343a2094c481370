"""Each text is judged once, by exact similarity, and what was judged outlives the process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dedup.choices import Shingles
from curator.dedup.guard import fact_keys
from curator.dedup.index.index import SketchIndex, least_common
from curator.dedup.index.sketch import Repeat, Sketch, decoded, encoded, hashes, similarities, sketch_of
from curator.dedup.index.storage import InResults
from curator.dedup.minhash import signatures
from curator.dedup.near import near_duplicates
from curator.dedup.shingles import shingled
from curator.errors import StoreError
from curator.results import ResultsInMemory
from curator.store import Store
from tests.dedup.harbour_texts import near, text


def index_in(
    results: ResultsInMemory | None = None, threshold: float = 0.8, shingles: Shingles = "auto", *, guard: bool = True
) -> SketchIndex:
    """Return an index that rests in memory."""
    storage = InResults(results or ResultsInMemory(), "space")
    return SketchIndex(storage, threshold=threshold, shingles=shingles, guard=guard)


def judged(index: SketchIndex, *texts: str) -> list[str | None]:
    """Return what each text repeats; keys are the numbers of the texts."""
    found = index.judged([(str(number), each) for number, each in enumerate(texts)])
    return [None if repeat is None else repeat.of for repeat in found]


# --- What is compared ---


def test_a_sketch_holds_the_sets_and_signatures_of_the_shared_definition() -> None:
    for each in (text(1, 8), text(1, 33), text(1)):
        sets = shingled([each], "auto", 0.8)
        sketch = sketch_of(each, "auto", 0.8, guard=False)
        assert hashes(sketch.words).tolist() == sets.words.values.tolist()
        assert hashes(sketch.characters).tolist() == sets.characters.values.tolist()
        assert sketch.short == sets.short[0]
        if sketch.words:
            assert np.array_equal(hashes(sketch.word_signature), signatures(sets.words)[0])
        assert decoded(encoded(sketch)) == sketch
    assert decoded(encoded(Repeat("a", 0.875))) == Repeat("a", 0.875)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("abcdefgh", "abcdefgi", 3 / 5),  # 5-grams: abcde bcdef cdefg in common; defgh and defgi not
        ("a b c d e f", "a b c d e f", 1.0),
        ("abc", "xyz", 0.0),
        ("", "", 0.0),
        (" ".join("abcdefghij" * 4), " ".join("abcdefghij" * 4 + "x"), 10 / 11),  # 10 word 3-grams, and "i j x"
    ],
)
def test_similarity_is_exact(one: str, other: str, expected: float) -> None:
    left, right = (sketch_of(each, "auto", 0.8, guard=False) for each in (one, other))
    assert similarities(left, [right, left, right]) == pytest.approx([expected, float(bool(one.strip())), expected])
    assert similarities(left, []) == []


def test_twins_made_of_a_template_of_numbers_are_not_even_proposed() -> None:
    one, two, again = (sketch_of(f"{text(1)} berth {number}", "auto", 0.8, guard=True) for number in (1, 2, 1))
    assert not set(hashes(one.word_signature)) & set(hashes(two.word_signature))
    assert one.word_signature == again.word_signature


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([text(seed, count) for seed in range(4) for count in (5, 28, 33, 60)]), max_size=6),
    st.lists(st.integers(0, 59), max_size=6),
    st.sampled_from([0.5, 0.8, 1.0]),
    st.booleans(),
)
def test_a_repeat_is_what_near_dedup_calls_one(
    texts: list[str], places: list[int], threshold: float, guard: bool
) -> None:
    """Of any two texts, the later is a repeat exactly if the pair is one of near-duplicates."""
    spoilt = [" ".join(["x" if at == place else word for at, word in enumerate(each.split())])
              for each, place in zip(texts, places, strict=False)]  # fmt: skip
    for each, other in zip(texts, spoilt, strict=False):
        found = near_duplicates([each, other], threshold=threshold, guard=guard, engine="datasketch")
        expected = found[1].similarity if found else None
        repeat = index_in(threshold=threshold, guard=guard).judged([("a", each), ("b", other)])[1]
        assert (repeat and repeat.similarity) == (expected and pytest.approx(expected))


# --- Judging ---


def test_a_repeat_names_the_most_similar_and_does_not_enter() -> None:
    original = text(1)
    far = near(near(original).rsplit(" ", 8)[0] + " " + " ".join(text(9, 8).split()))
    index = index_in(threshold=0.6)
    assert judged(index, original, text(2), near(original)) == [None, None, "0"]
    assert index.nearest(original) == Repeat("0", 1.0)
    assert index.nearest(text(3)) is None
    index.add("far", far)
    found = index.nearest(far)
    assert found == Repeat("far", 1.0)


def test_what_was_novel_stays_novel_and_what_repeated_stays_a_repeat() -> None:
    results, original = ResultsInMemory(), text(1)
    copy = near(original)
    first = index_in(results).judged([("a", original), ("b", copy)])
    assert first[1] is not None
    index = index_in(results)
    index.add("closer", near(copy, "altered"))  # now resembles the copy as much as the original does
    assert index.judged([("b", copy), ("a", original)]) == [first[1], None]
    assert index.judged([("a", "quite another text"), ("b", "another")]) == [None, first[1]]  # only the key counts


def test_a_key_that_was_judged_is_not_added_again() -> None:
    index = index_in()
    index.add("a", text(1))
    index.add("a", text(2))
    assert index.nearest(text(2)) is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_how_texts_are_batched_changes_nothing(size: int) -> None:
    items = [(str(number), near(text(number // 3), f"w{'abc'[number % 3]}")) for number in range(50)]
    whole = index_in().judged(items)
    index = index_in()
    parts = [repeat for at in range(0, len(items), size) for repeat in index.judged(items[at : at + size])]
    assert parts == whole
    assert [number for number, repeat in enumerate(whole) if repeat is None] == list(range(0, 50, 3))


def test_texts_without_a_word_repeat_nothing() -> None:
    assert judged(index_in(), "", " ", "", "\n") == [None] * 4


@pytest.mark.parametrize("content", ["😀", "你好吗", "مرحبا كيف حالك", "e\u0301"])
def test_foreign_and_odd_texts(content: str) -> None:
    assert judged(index_in(), content, f" {content} ", "other") == [None, "0", None]


@pytest.mark.parametrize("threshold", [0.3, 0.8, 0.95, 0.99, 1.0])
def test_every_threshold_finds_the_same_text_again(threshold: float) -> None:
    assert judged(index_in(threshold=threshold), text(1), text(2), text(1)) == [None, None, "0"]


@pytest.mark.parametrize("shingles", ["auto", "words", "characters"])
def test_kinds_of_shingles(shingles: Shingles) -> None:
    assert judged(index_in(shingles=shingles), text(1), near(text(1)), text(2)) == [None, "0", None]


# --- The guard ---


TEMPLATE = "Tell me at length how the old house by the river is opened to visitors {} and who lets them in at the gate"


@pytest.mark.parametrize(("one", "other"), [("in March", "in May"), ("at 9", "at 10"), ("by Bingley", "by Darcy")])
def test_twins_that_state_other_facts_are_novel(one: str, other: str) -> None:
    texts = [TEMPLATE.format(one), TEMPLATE.format(other), TEMPLATE.format(one) + "?"]
    assert judged(index_in(threshold=0.7), *texts) == [None, None, "0"]
    assert judged(index_in(threshold=0.7, guard=False), *texts) == [None, "0", "0"]


def test_in_a_crowd_of_twins_a_copy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.dedup.index.index.CROWD", 8)
    twins = [TEMPLATE.format(f"by Mr. N{chr(97 + number % 26)}{chr(97 + number // 26)}") for number in range(80)]
    index = index_in(threshold=0.6)
    assert judged(index, *twins) == [None] * 80
    assert [index.nearest(twin) for twin in twins] == [Repeat(str(number), 1.0) for number in range(80)]


def test_a_crowd_of_name_twins_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def counted(texts: Sequence[str], *, common: Set[str]) -> list[bytes]:
        looked_at.extend(texts)
        return fact_keys(texts, common=common)

    monkeypatch.setattr("curator.dedup.index.facts.fact_keys", counted)
    twins = [TEMPLATE.format(f"by Mr. N{chr(97 + number % 26)}{chr(97 + number // 26)}") for number in range(60)]
    assert judged(index_in(threshold=0.6), *twins) == [None] * 60
    assert 0 < len(looked_at) <= 2 * len(twins)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])), max_size=5), st.integers(1, 6))
def test_of_large_buckets_what_is_in_all_is_taken(buckets: list[set[bytes]], limit: int) -> None:
    whole = set[bytes]().union(*buckets)
    found = least_common(buckets, limit)
    assert len(found) == min(len(whole), limit)
    assert found <= whole
    in_all = set.intersection(*buckets) if buckets else set()
    if len(in_all) == 1 and len(min(buckets, key=len)) > limit:
        assert in_all <= found


def test_a_capital_is_no_name_where_any_text_of_the_index_writes_the_word_small() -> None:
    body = " " + text(1, 50)
    one, other = "Visitors" + body, "Guests" + body
    assert judged(index_in(), one, other) == [None, None]
    assert judged(index_in(), "all visitors and guests", one, other) == [None, None, "1"]
    results = ResultsInMemory()
    judged(index_in(results), "all visitors and guests", one)
    assert index_in(results).nearest(other) is not None


# --- Where it rests ---


class FailsOnce(ResultsInMemory):
    """Results that cannot be written the first time."""

    failed = False

    def put(self, space: str, values: Mapping[str, bytes]) -> None:
        """Keep results; see `Results.put`."""
        if not self.failed:
            self.failed = True
            raise StoreError("the disk is full")
        super().put(space, values)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_after_a_failed_write_nothing_counts_and_all_can_be_judged_again(one_by_one: bool) -> None:
    """The words that it wrote in lower case are known again with the text that is written later."""
    results, body = FailsOnce(), " " + text(1, 50)
    items = [("a", "all visitors and guests"), ("b", "Visitors" + body)]
    index = index_in(results)
    for key, each in items if one_by_one else ():
        index.judge(key, each)
    with pytest.raises(StoreError, match="the disk is full"):
        index.judged(items)
    assert index.nearest("Visitors" + body) is None
    assert index.judged([("c", "Visitors" + body), ("d", "Guests" + body)]) == [None, None]
    assert index.judged(items)[0] is None
    kept = decoded(results.get("space", ["a"])["a"])
    assert isinstance(kept, Sketch)
    assert kept.new_words == ("all", "and", "guests", "visitors")


def test_judging_one_by_one_is_judging_them_together() -> None:
    items = [(str(number), near(text(number // 3), f"w{'abc'[number % 3]}")) for number in range(20)]
    results = ResultsInMemory()
    index = index_in(results)
    for key, each in [*items, items[0]]:
        index.judge(key, each)
    assert list(results.all("space")) == []
    assert index.judged(items) == index_in().judged(items)
    assert len(list(results.all("space"))) == len(items)


def test_an_index_in_a_workspace_is_opened_again(tmp_path: Path) -> None:
    items = [(f"k{number}", text(number)) for number in range(40)]
    with Store.open(tmp_path) as store:
        assert SketchIndex(InResults(store.results, "a"), threshold=0.8).judged(items) == [None] * 40
    with Store.open(tmp_path) as store:
        index = SketchIndex(InResults(store.results, "a"), threshold=0.8)
        copies = index.judged([(f"c{number}", near(text(number))) for number in range(40)])
        assert [repeat and repeat.of for repeat in copies] == [key for key, _text in items]
        assert SketchIndex(InResults(store.results, "b"), threshold=0.8).nearest(text(0)) is None


def test_opening_hashes_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    results = ResultsInMemory()
    judged(index_in(results), text(1), text(2))

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a text was cut or hashed again")

    with monkeypatch.context() as patched:
        patched.setattr("curator.dedup.index.sketch.shingled", refuse)
        patched.setattr("curator.dedup.index.sketch.signatures", refuse)
        index = index_in(results)
    assert index.nearest(text(2)) == Repeat("1", 1.0)
