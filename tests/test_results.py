"""Results in memory keep what came first."""

from __future__ import annotations

from curator.results import ResultsInMemory


def test_what_is_kept_stays_and_comes_in_the_order_in_which_it_was_kept() -> None:
    results = ResultsInMemory()
    results.put("a", {"2": b"two", "1": b"one"})
    results.put("a", {"3": b"three", "2": b"other"})
    assert list(results.all("a")) == [("2", b"two"), ("1", b"one"), ("3", b"three")]
    assert results.get("a", ["3", "2", "4"]) == {"3": b"three", "2": b"two"}
    assert (results.get("b", ["1"]), list(results.all("b"))) == ({}, [])


def test_keeping_more_does_not_copy_what_is_kept() -> None:
    results = ResultsInMemory()
    results.put("a", {"1": b"one"})
    kept = results._spaces["a"]
    results.put("a", {"2": b"two"})
    assert results._spaces["a"] is kept
