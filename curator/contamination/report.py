"""Counting finds: how much of each benchmark is given away, and what it costs to mend that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from curator.contamination.items import Benchmark, Hit, Limits

NO_LIMITS = Limits()


class RuleCount(msgspec.Struct, frozen=True):
    """What one rule found of one benchmark.

    Attributes:
        rule: the rule.
        items: how many items it found in some record.
        records: how many records it found some item in.
    """

    rule: str
    items: int
    records: int


class BenchmarkCount(msgspec.Struct, frozen=True):
    """What was found of one benchmark.

    Attributes:
        name: its name.
        items: how many items it has.
        too_short: how many of them are too short to be looked for by any rule of words.
        boilerplate: of how many nearly all is boilerplate; see `Limits`.
        unreadable: of how many the embedding model does not know the script.
        cut: how many are longer than it reads.
        items_hit: how many were found, by whatever rule.
        records_hit: how many records give one of them away.
        rules: the same by rule, for rules that found something, by name.
    """

    name: str
    items: int
    too_short: int
    boilerplate: int
    unreadable: int
    cut: int
    items_hit: int
    records_hit: int
    rules: tuple[RuleCount, ...]

    def notes(self) -> tuple[str, ...]:
        """Return, in sentences, what was not looked for."""
        said = (
            (self.too_short, "not looked for: too few words."),
            (self.boilerplate, "looked for in part: the rest is shared by many."),
            (self.unreadable, "not compared by meaning: the embedding model does not know the script."),
            (self.cut, "compared by the meaning of the beginning alone: longer than the embedding model reads."),
        )
        noun = ("items", "item")
        return tuple(f"{self.name}: {n:,} {noun[n == 1]} of {self.items:,} {why}" for n, why in said if n)


class Report(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        records: how many records were looked at.
        removed: how many of them give an item away.
        benchmarks: what was found of each benchmark, in the order in which they were given.
    """

    records: int
    removed: int
    benchmarks: tuple[BenchmarkCount, ...]


class Tally:
    """Counts finds, record by record."""

    def __init__(self, benchmarks: Sequence[Benchmark], limits: Limits = NO_LIMITS) -> None:
        """Begin to count.

        Args:
            benchmarks: the benchmarks.
            limits: what is not looked for; `Finder.limits`.
        """
        self._benchmarks = benchmarks
        self._limits = tuple(frozenset(ids) for ids in msgspec.structs.astuple(limits))
        self._items: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._records: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._seen = self._removed = 0

    def add(self, hits: Sequence[Hit]) -> None:
        """Count what was found in the next record.

        Args:
            hits: its finds, none perhaps.
        """
        self._seen += 1
        self._removed += bool(hits)
        keys = {key for hit in hits for key in ((hit.benchmark, hit.rule), (hit.benchmark, ""))}
        for key in keys:
            self._records[key] += 1
        for hit in hits:
            self._items[hit.benchmark, hit.rule].add(hit.item)
            self._items[hit.benchmark, ""].add(hit.item)

    def report(self) -> Report:
        """Return what was counted so far."""
        return Report(self._seen, self._removed, tuple(self._count(benchmark) for benchmark in self._benchmarks))

    def _count(self, benchmark: Benchmark) -> BenchmarkCount:
        name = benchmark.name
        rules = sorted(rule for each, rule in self._items if each == name and rule)
        too_short, boilerplate, unreadable, cut = (
            sum(item.id in ids for item in benchmark.items) for ids in self._limits
        )
        return BenchmarkCount(
            name,
            len(benchmark.items),
            too_short,
            boilerplate,
            unreadable,
            cut,
            len(self._items[name, ""]),
            self._records[name, ""],
            tuple(RuleCount(rule, len(self._items[name, rule]), self._records[name, rule]) for rule in rules),
        )
