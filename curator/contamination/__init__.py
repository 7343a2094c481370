"""Is a benchmark in the training data? Rules from n-grams to meaning, and what they found."""

from __future__ import annotations

from curator.contamination.finder import Finder, decontaminated
from curator.contamination.items import Benchmark, Hit, Item, Limits, RuleName, Rules
from curator.contamination.report import BenchmarkCount, Report, RuleCount, Tally

__all__ = [
    "Benchmark",
    "BenchmarkCount",
    "Finder",
    "Hit",
    "Item",
    "Limits",
    "Report",
    "RuleCount",
    "RuleName",
    "Rules",
    "Tally",
    "decontaminated",
]
