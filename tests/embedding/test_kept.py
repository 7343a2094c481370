"""Vectors are kept block by block, handed out as they were kept, and computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from curator.embedding.base import Embedder, Reading, unit_rows, unknown_shares
from curator.embedding.kept import BLOCK, cached
from curator.results import ResultsInMemory
from curator.store.store import Store

TEXTS = ["How do I open an account?", "Rain fell all night.", "", "\ud800", "Rain fell all night."]


class Killed(Exception):
    """The program ends here."""


class Counting:
    """An embedder of letters: quick, and it says what it was asked."""

    name = "letters"
    dimensions = 26
    max_tokens = 1000

    def __init__(self, dies_after: int = 1000) -> None:
        self.asked: list[str] = []
        self.read: list[str] = []
        self._blocks_left = dies_after

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not self._blocks_left:
            raise Killed
        self._blocks_left -= 1
        self.asked += texts
        counts = [[1.0 + text.count(chr(97 + letter)) for letter in range(26)] for text in texts]
        return unit_rows(np.array(counts, dtype=np.float32).reshape(-1, 26))

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        self.read += texts
        return [Reading(len(text), text.count("?") / max(1, len(text))) for text in texts]

    def unknown_shares(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        return unknown_shares(self.readings(texts))


def many(count: int) -> list[str]:
    """Return so many different texts."""
    return [f"text {chr(97 + number % 26)} {number}" for number in range(count)]


def test_it_is_the_embedder_that_it_wraps(fast: Embedder) -> None:
    kept = cached(fast, ResultsInMemory())
    assert (kept.name, kept.dimensions, kept.max_tokens) == (fast.name, fast.dimensions, fast.max_tokens)
    assert kept.readings(TEXTS) == fast.readings(TEXTS)
    assert kept.unknown_shares(TEXTS).tolist() == fast.unknown_shares(TEXTS).tolist()
    assert kept.embed([]).shape == (0, 384)


def test_rounding_changes_no_cosine_by_more_than_a_thousandth(fast: Embedder) -> None:
    kept, whole = cached(fast, ResultsInMemory()).embed(TEXTS), fast.embed(TEXTS)
    assert np.abs(kept @ kept.T - whole @ whole.T).max() < 1e-3
    assert np.linalg.norm(kept, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_a_second_run_gets_the_very_numbers_of_the_first(fast: Embedder, tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        first = cached(fast, store.results).embed(TEXTS)
    nobody = Counting(dies_after=0)
    nobody.name, nobody.dimensions = fast.name, fast.dimensions
    with Store.open(tmp_path) as store:
        assert cached(nobody, store.results).embed(TEXTS[::-1]).tobytes() == first[::-1].tobytes()


def test_no_text_is_embedded_twice() -> None:
    counting, results = Counting(), ResultsInMemory()
    cached(counting, results).embed(["a", "b", "a"])
    cached(counting, results).embed(["b", "c", "a"])
    assert sorted(counting.asked) == ["a", "b", "c"]


def test_no_text_is_read_twice(tmp_path: Path) -> None:
    first, again = Counting(), Counting()
    texts = ["a??", "bc", "a??", ""]
    with Store.open(tmp_path) as store:
        read = cached(first, store.results).readings(texts)
    with Store.open(tmp_path) as store:
        assert cached(again, store.results).readings(texts[::-1]) == read[::-1]
        assert cached(again, store.results).unknown_shares(texts).tolist() == [2 / 3, 0, 2 / 3, 0]
    assert (first.read, again.read) == (["a??", "bc", ""], [])


def test_another_model_has_vectors_of_its_own() -> None:
    results, other = ResultsInMemory(), Counting()
    other.name = "other letters"
    cached(Counting(), results).embed(["a"])
    cached(other, results).embed(["a"])
    assert other.asked == ["a"]


def test_who_is_killed_loses_one_block() -> None:
    results, texts = ResultsInMemory(), many(3 * BLOCK)
    with pytest.raises(Killed):
        cached(Counting(dies_after=2), results).embed(texts)
    again = Counting()
    vectors = cached(again, results).embed(texts)
    assert len(again.asked) == BLOCK
    assert vectors.tobytes() == cached(Counting(), ResultsInMemory()).embed(texts).tobytes()


def test_progress_is_told_after_each_block() -> None:
    told: list[tuple[int, int]] = []
    results = ResultsInMemory()
    cached(Counting(), results).embed(["text a 0"])
    cached(Counting(), results, lambda done, total: told.append((done, total))).embed(many(2 * BLOCK + 1))
    assert told == [(BLOCK, 2 * BLOCK), (2 * BLOCK, 2 * BLOCK)]


class Spying:
    """Results that say what was kept at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def get(self, space: str, keys: Iterable[str]) -> dict[str, bytes]:
        return {}

    def put(self, space: str, values: Mapping[str, bytes]) -> None:
        self.sizes.append(len(values))
        assert {len(value) for value in values.values()} == {2 * 26}

    def all(self, space: str) -> Iterator[tuple[str, bytes]]:
        return iter(())


def test_a_number_takes_two_bytes() -> None:
    spying = Spying()
    cached(Counting(), spying).embed(many(BLOCK + 3))
    assert spying.sizes == [BLOCK, 3]
