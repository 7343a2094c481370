"""What near-duplicate search promises, of either engine: recall, proofs, clusters that depend on nothing else."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dedup import kernel
from curator.dedup.choices import EngineName, Method, Shingles
from curator.dedup.clusters import components
from curator.dedup.forest import Forest
from curator.dedup.minhash import UNCROWDED
from curator.dedup.near import Engine, engine_of, near_duplicates, near_pairs
from curator.dedup.scale.bands import many_signatures
from curator.dedup.shingles import Shingled, sets_of
from curator.dedup.texts import Texts
from curator.text.words import words
from tests.dedup.corpus import changed_until, corpus, jaccard_by, random_words
from tests.dedup.oracle import character_shingles, similarity, word_shingles

ENGINES = [engine_of("datasketch"), *([engine_of("kernel")] if kernel.is_built() else [])]
NAMES: dict[str, EngineName] = {"datasketch": "datasketch", "kernel": "kernel"}
METHODS: tuple[Method, ...] = ("near", "exact")
every_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


def found(
    engine: Engine, texts: list[str], threshold: float, method: Method, shingles: Shingles = "auto"
) -> tuple[Shingled, Forest]:
    column = Texts.of(texts)
    sets = engine.shingled(column, shingles, threshold)
    return sets, near_pairs(column, sets, threshold=threshold, method=method, guard=False, engine=engine)


def clusters(engine: Engine, texts: list[str], threshold: float, method: Method) -> list[int]:
    _sets, forest = found(engine, texts, threshold, method)
    return [int(root) for root in components(len(texts), forest.left, forest.right)]


# --- Recall ---


def _planted(threshold: float, kind: str, count: int) -> list[str]:
    """Return pairs, one behind the other, that are hardly more alike than the threshold."""
    draw = random.Random(f"{threshold} {kind}")
    texts = []
    for _ in range(count):
        original = random_words(draw, draw.randint(20, 28) if kind == "characters" else draw.randint(50, 120))
        texts += [" ".join(original), changed_until(original, kind, threshold, draw)]
    return texts


def _joined(forest: Forest, pairs: int) -> int:
    roots = components(2 * pairs, forest.left, forest.right)
    return int((roots[::2] == roots[1::2]).sum())


@pytest.mark.parametrize("threshold", [0.7, 0.8, 0.9])
@pytest.mark.parametrize("kind", ["words", "characters"])
def test_pairs_at_the_threshold_are_found(threshold: float, kind: str) -> None:
    engine = ENGINES[-1]
    texts = _planted(threshold, kind, 400)
    distances = [jaccard_by(kind, one, other) - threshold for one, other in zip(texts[::2], texts[1::2], strict=True)]
    assert min(distances) >= 0
    assert np.median(distances) < 0.06
    assert _joined(found(engine, texts, threshold, "near")[1], 400) >= 0.97 * 400
    assert _joined(found(engine, texts, threshold, "exact")[1], 400) == 400


@pytest.mark.parametrize("kind", ["words", "characters"])
def test_of_all_pairs_above_the_threshold_hardly_one_is_missed(kind: str) -> None:
    texts = [text for similarity in (0.8, 0.85, 0.9, 0.95) for text in _planted(similarity, kind, 150)]
    assert _joined(found(ENGINES[-1], texts, 0.8, "near")[1], 600) >= 0.99 * 600


def test_a_text_at_the_bound_of_short_and_long_meets_both() -> None:
    draw = random.Random(5)
    long = random_words(draw, 33)
    texts = [" ".join(long), " ".join(long[:-4]), " ".join([*long, *random_words(draw, 2)])]
    assert [len(words(text)) for text in texts] == [33, 29, 35]
    for engine in ENGINES:
        assert clusters(engine, texts, 0.8, "exact") == [0, 0, 0]


def family(count: int, pairs: int) -> list[str]:
    """Return texts that are alike, but hardly too little; then pairs that are a little more alike. By letters alone."""
    draw = random.Random(11)
    template = random_words(draw, 93)
    texts = [" ".join([*template, *random_words(draw, 12)]) for _ in range(count)]
    for _ in range(pairs):
        own = random_words(draw, 2)
        texts += [" ".join([*template, *own, *random_words(draw, 10)]) for _ in range(2)]
    return texts


@every_engine
def test_pairs_are_found_in_the_midst_of_a_family_just_below_the_threshold(engine: Engine) -> None:
    texts = family(200, 60)
    assert similarity(texts[0], texts[1]) < 0.8 <= similarity(texts[-2], texts[-1])
    forest = found(engine, texts, 0.8, "near")[1]
    roots = components(len(texts), forest.left, forest.right)[200:]
    assert (roots[::2] == roots[1::2]).sum() >= 57
    assert not forest.crowded.any()


def test_the_exact_method_finds_them_among_thousands_and_the_other_says_that_it_may_not() -> None:
    texts = family(2500, 100)
    engine = ENGINES[-1]
    near, exact = (found(engine, texts, 0.8, method)[1] for method in METHODS)
    roots = components(len(texts), exact.left, exact.right)[2500:]
    assert (roots[::2] == roots[1::2]).all()
    assert near.crowded.sum() > 2000
    assert not exact.crowded.any()


def _of_one_bucket(count: int) -> Shingled:
    """Return sets that differ in one member, which shows in no signature."""
    draw = np.random.default_rng(12)
    common, own = draw.integers(0, 1 << 32, 50, dtype=np.uint32), draw.integers(0, 1 << 32, 4 * count, dtype=np.uint32)
    signature = many_signatures(sets_of([common]))
    sets = [np.sort(np.append(common, member)) for member in own]
    alike = np.flatnonzero((many_signatures(sets_of(sets)) == signature).all(axis=1))[:count]
    nothing = sets_of([common[:0]] * count)
    return Shingled(sets_of([sets[at] for at in alike]), nothing, np.zeros(count, dtype=np.bool_))


@every_engine
@pytest.mark.parametrize(("beyond", "threshold", "crowded"), [(0, 0.99, 0), (1, 0.99, UNCROWDED + 1), (1, 0.9, 0)])
def test_a_bucket_is_crowded_from_one_text_more_unless_all_are_joined(
    engine: Engine, beyond: int, threshold: float, crowded: int
) -> None:
    count = UNCROWDED + beyond
    forest = engine.near_forest(_of_one_bucket(count), threshold, np.zeros(count, dtype=np.uint64))
    assert forest.crowded.sum() == crowded
    assert len(forest.left) == (count - 1 if threshold == 0.9 else 0)


# --- The definition ---


def test_what_texts_are_compared_by() -> None:
    assert character_shingles("ABC  def") == {"abc d", "bc de", "c def"}
    assert character_shingles("😀") == {"😀"}
    assert word_shingles("one two " * 15) == {"one two one", "two one two"}
    assert similarity("one two " * 14 + "one", "one two " * 10 + "one") == 1
    alike = [
        f"Describe how Elizabeth Bennet's {word} of Mr. Darcy changes after she reads his letter"
        for word in ("opinion", "view")
    ]
    assert similarity(*alike) == pytest.approx(0.793, abs=0.01)


# --- Proofs ---


@every_engine
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_each_duplicate_is_reached_by_verified_steps(engine: Engine, method: Method, threshold: float) -> None:
    texts = corpus(6, 300)
    kept = near_duplicates(texts, threshold=threshold, method=method, guard=False, engine=NAMES[engine.name])
    assert len(kept) > 30
    for text, duplicate in kept.items():
        assert duplicate.of not in kept
        assert duplicate.step >= threshold
        assert duplicate.step == similarity(texts[text], texts[duplicate.via])
        at, steps = text, 0
        while at != duplicate.of:
            at, steps = (kept[at].via if at in kept else duplicate.of), steps + 1
            assert steps <= len(texts)


@every_engine
@pytest.mark.parametrize("method", METHODS)
def test_a_forest_has_no_circle(engine: Engine, method: Method) -> None:
    texts = corpus(7, 300)
    _sets, forest = found(engine, texts, 0.6, method)
    roots = components(len(texts), forest.left, forest.right)
    assert len(forest.left) == len(texts) - len(np.unique(roots))
    assert (forest.left < forest.right).all()


def test_the_exact_method_joins_what_all_pairs_of_all_texts_join() -> None:
    texts = corpus(8, 140)
    pairs = [
        (one, other)
        for one in range(len(texts))
        for other in range(one + 1, len(texts))
        if similarity(texts[one], texts[other]) >= 0.7
    ]
    wanted = components(len(texts), [one for one, _ in pairs], [other for _, other in pairs])
    for engine in ENGINES:
        assert clusters(engine, texts, 0.7, "exact") == wanted.tolist()


# --- Independence ---

SMALL = st.lists(st.text("ab c", max_size=12), max_size=14)


@every_engine
@settings(max_examples=60, deadline=None)
@given(SMALL, st.randoms(use_true_random=False))
def test_exact_clusters_do_not_depend_on_the_order(engine: Engine, texts: list[str], draw: random.Random) -> None:
    order = list(range(len(texts)))
    draw.shuffle(order)
    shuffled = clusters(engine, [texts[at] for at in order], 0.6, "exact")
    plain = clusters(engine, texts, 0.6, "exact")
    assert _parts(plain, list(range(len(texts)))) == _parts(shuffled, order)


def test_near_clusters_do_not_depend_on_the_order_where_no_bucket_is_full() -> None:
    texts = [text for text in corpus(9, 600) if text.strip()]
    order = list(range(len(texts)))
    random.Random(10).shuffle(order)
    for engine in ENGINES:
        shuffled = clusters(engine, [texts[at] for at in order], 0.8, "near")
        assert _parts(clusters(engine, texts, 0.8, "near"), list(range(len(texts)))) == _parts(shuffled, order)


def _parts(roots: list[int], names: list[int]) -> set[frozenset[int]]:
    parts: dict[int, set[int]] = {}
    for name, root in zip(names, roots, strict=True):
        parts.setdefault(root, set()).add(name)
    return {frozenset(part) for part in parts.values()}


@every_engine
@settings(max_examples=60, deadline=None)
@given(SMALL)
def test_what_is_kept_has_no_duplicates_but_those_joined_over_what_went(engine: Engine, texts: list[str]) -> None:
    """Whoever stays is more alike to no other that stays than the threshold: else the two were one cluster."""
    name = NAMES[engine.name]
    gone = near_duplicates(texts, threshold=0.6, method="exact", guard=False, engine=name)
    kept = [text for number, text in enumerate(texts) if number not in gone]
    assert near_duplicates(kept, threshold=0.6, method="exact", guard=False, engine=name) == {}


@every_engine
@pytest.mark.parametrize("texts", [[], [""], ["a"], ["", ""], ["漢"], ["😀"], ["\ud800"]])
def test_nothing_to_compare(engine: Engine, texts: list[str]) -> None:
    assert near_duplicates(texts, engine=NAMES[engine.name]) == {}


@every_engine
@pytest.mark.parametrize("text", ["a", "漢", "😀", "مرحبا", "\ud800", "x" * 100_000, "same words " * 40])
def test_equal_texts_are_one(engine: Engine, text: str) -> None:
    found = near_duplicates([text] * 100, engine=NAMES[engine.name])
    assert sorted(found) == list(range(1, 100))
    assert {(duplicate.of, duplicate.similarity, duplicate.step) for duplicate in found.values()} == {(0, 1.0, 1.0)}
