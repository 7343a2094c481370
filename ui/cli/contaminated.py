"""Which rows of a file give away the items of benchmarks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from curator.contamination import Benchmark, Finder, Report, RuleName, Rules, Tally
from curator.errors import FormatError, RecipeError
from curator.formats.batch_text import BatchText
from curator.formats.containers import Row
from curator.formats.intake import record_of
from curator.formats.row_reading import Reading
from curator.formats.row_source import ArrowRows, TextRows, WrittenRows
from curator.text.near_miss import did_you_mean
from evaluators.contamination.benchmarks import BenchmarkField, BenchmarkSource, open_benchmark
from evaluators.decontaminate import searched

COLUMNS: dict[str, type] = {
    "dropped_reason": str,
    "benchmark_items": list,
    "rule": str,
    "share": float,
    "shared_words": str,
}
"""What is said about a row that goes, and its type; rule, share and words are those of the strongest find."""

BATCH = 1_000
"""After how many rows the progress is told."""

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")


def opened_benchmarks(
    against: Sequence[str], columns: Sequence[str], field: BenchmarkField, on_note: Callable[[str], None]
) -> list[Benchmark]:
    """Read the benchmarks.

    Args:
        against: files, or `organisation/name` or `organisation/name:split` on the Hub.
        columns: the column of the question, and that of the answer; none to judge by their names.
        field: what of an item is looked for.
        on_note: told which rows are no items.

    Returns:
        The benchmarks, in order.

    Raises:
        RecipeError: one is named twice, or more than two columns are.
        FormatError: one cannot be read, or does not have the columns.
    """
    if len(columns) > 2:
        raise RecipeError("--benchmark-column: one column for the question and one for the answer, no more")
    mapping = dict(zip(("instruction", "response"), columns, strict=False))
    opened: list[Benchmark] = []
    for name in against:
        if name in against[: len(opened)]:
            raise RecipeError(f"--against {name}: is named twice")
        try:
            found = open_benchmark(_source(name, mapping), Path(), field)
        except FormatError as error:
            told = str(error).replace("give it as `file:`", "name it instead")
            said = told.partition("; or say which column holds what")
            advice = "; or name the column with the question: --benchmark-column NAME" if said[1] else ""
            raise FormatError(f"--against {said[0]}{advice}") from error
        opened.append(found.benchmark)
        for note in found.notes():
            on_note(note)
    return opened


def chosen_rules(names: Sequence[str]) -> Rules:
    """Return the rules that were named.

    Args:
        names: their names; none for the usual ones.

    Returns:
        The rules.

    Raises:
        RecipeError: there is no such rule.
    """
    known: tuple[RuleName, ...] = get_args(RuleName)
    for name in names:
        if name not in known:
            raise RecipeError(f"--rule: there is no rule {name!r}{did_you_mean(name, known)}")
    return Rules(tuple(name for name in known if name in names)) if names else Rules()


class Search:
    """Benchmarks, and the rules by which their items are looked for."""

    def __init__(self, benchmarks: Sequence[Benchmark], rules: Rules) -> None:
        """Index the benchmarks.

        Args:
            benchmarks: the benchmarks.
            rules: which finds count.
        """
        self._by_meaning = "embedding" in rules.names
        embeds = None
        if self._by_meaning:
            from curator.embedding.choose import embedder

            embeds = embedder()
        self._finder = Finder(benchmarks, rules, embedder=embeds)
        self._tally = Tally(benchmarks, self._finder.limits)

    def going(
        self, source: TextRows | ArrowRows, text: BatchText, reading: Reading, on_rows: Callable[[int], None]
    ) -> tuple[dict[int, dict[str, Any]], Report]:
        """Find the rows that are not to stay.

        Args:
            source: the file.
            text: what of a row is searched.
            reading: the file's first reading.
            on_rows: told how many rows were searched.

        Returns:
            For each row that goes, by its place, what `COLUMNS` names; and what was found of each benchmark.
        """
        going: dict[int, dict[str, Any]] = {}
        # An embedding of a whole dialogue blurs, so meanings are compared turn by turn.
        texts = _in_parts(source, text) if self._by_meaning and not text.column else _each(reading.texts)
        for place, hits in enumerate(self._finder.hits_of_each(texts)):
            self._tally.add(hits)
            if hits:
                items = list(dict.fromkeys(hit.item for hit in hits))
                best = hits[0]
                values = ("contaminated", items, best.rule, round(best.share, 4), best.shared)
                going[place] = dict(zip(COLUMNS, values, strict=True))
            if place % BATCH == BATCH - 1:
                on_rows(BATCH)
        return going, self._tally.report()


def _source(name: str, columns: dict[str, str]) -> BenchmarkSource:
    try:
        if _HUB_NAME.fullmatch(name) and not Path(name).exists() and not Path(name).suffix:
            dataset, _, split = name.partition(":")
            return BenchmarkSource(dataset=dataset, columns=columns, split=split or "test")
        return BenchmarkSource(file=Path(name), columns=columns)
    except ValidationError as error:
        raise RecipeError(f"--against {name}: {error.errors()[0]['msg']}") from error


def _each(texts: Sequence[str]) -> Iterator[str]:
    return (texts[place] for place in range(len(texts)))


def _in_parts(source: TextRows | ArrowRows, text: BatchText) -> Iterator[list[str]]:
    """Yield the turns of each row that are searched; none where a row cannot be read."""
    wanted = text.needs(source.schema.names) if isinstance(source, ArrowRows) else None
    for block in source.blocks(wanted):
        rows = block.rows if isinstance(block, WrittenRows) else [Row(0, value) for value in block.to_pylist()]
        for row in rows:
            try:
                yield searched(record_of(row, text.format, ())[0], text.field) if text.format is not None else []
            except FormatError:
                yield []
