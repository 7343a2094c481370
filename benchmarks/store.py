"""How fast the store takes in and gives back what a run makes.

Measured in a temporary folder, in the batches of a run: candidates added; candidates settled with three scores each;
all of them read back as records; those read back whose status, stage and two scores fit; and replies, put by many
askers at once, each of whom waits until its reply is durable before it puts the next.

Run `python benchmarks/store.py`, with `--records` for another size.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from curator.llm.base import ChatReply, ChatRequest, Usage
from curator.record import Origin, Record, Score, Source, Turn, single_turn
from curator.run.bookkeeping import BATCH
from curator.store import Position, Query, Run, ScoreFilter, Store

Placed = tuple[Position, Record]
TEXT = "The harbour master writes the tide into the blue book every morning, before the first boat leaves. " * 3
FILTER = Query(
    status="kept",
    made_by="book-qa",
    scores=(ScoreFilter("grounding", ">=", 0.4), ScoreFilter("heuristics.repetition", "<", 0.8)),
)


def candidates(count: int) -> list[Placed]:
    """Return so many different candidates, as a generator makes them."""
    made = []
    for number in range(count):
        source = Source("harbour.md", "d" * 32, number // 3, number, number + 300, "The log", "in the blue book")
        origin = Origin("book-qa", "book-qa", (), "openai/bench", "p" * 16, f"{number:032x}", source, "r" * 16)
        record = single_turn(f"What does entry {number} of the log say?", f"{TEXT}{number}", origin=origin)
        made.append((Position(0, number), record))
    return made


def settled(made: list[Placed]) -> list[Placed]:
    """Return the candidates as they leave a run: three scores each, every fourth dropped."""
    fates = []
    for place, record in made:
        share = place.seq % 100 / 100
        scored = record.with_scores(
            Score("grounding", share, "all words of the answer stand in the passage"),
            Score("heuristics.repetition", 1 - share, "no 3-gram twice"),
            Score("self-containment", 1.0, "the question stands on its own"),
        )
        dropped = scored.dropped("threshold", "below-min", "0.2 < 0.5")
        fates.append((place, scored if place.seq % 4 else dropped))
    return fates


def batches(rows: list[Placed]) -> Iterator[list[Placed]]:
    """Yield the rows in the batches that a run hands to the store."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


async def put_replies(store: Store, count: int, askers: int) -> None:
    """Put replies from many askers at once."""
    numbers = iter(range(count))

    async def ask() -> None:
        for number in numbers:
            request = ChatRequest((Turn("user", f"Question {number}: {TEXT}"),), "bench")
            reply = ChatReply(TEXT, usage=Usage(100, 80), model="bench", seconds=1.0)
            await store.replies.put(f"{number:032x}", request, reply, "bench", 0.001)

    await asyncio.gather(*(ask() for _ in range(askers)))


class Table:
    """Measures one row after the other and prints it."""

    def __init__(self) -> None:
        self._began_s = 0.0
        print("| what | count | seconds | per second |\n|---|---|---|---|")

    def begin(self) -> None:
        """Start the clock."""
        self._began_s = time.perf_counter()

    def end(self, what: str, count: int) -> None:
        """Stop the clock and print a row."""
        seconds = time.perf_counter() - self._began_s
        print(f"| {what} | {count} | {seconds:.2f} | {count / seconds:.0f} |", flush=True)


def write(store: Store, run: Run, count: int, table: Table) -> None:
    """Add candidates and settle them."""
    made = candidates(count)
    table.begin()
    for batch in batches(made):
        store.candidates.add(run, batch)
    store.flush()
    table.end("candidates added", count)
    fates = settled(made)
    table.begin()
    for batch in batches(fates):
        store.candidates.settle(run, batch)
    store.flush()
    table.end("candidates settled, 3 scores each", count)


def read(store: Store, run: Run, table: Table) -> None:
    """Read everything, and what the conditions find."""
    for what, query in (("records read", Query()), ("records read, filtered", FILTER)):
        table.begin()
        found = sum(1 for _record in store.candidates.select(run, query))
        table.end(what, found)
    table.begin()
    rows = store.ledger.funnel(run)
    table.end("funnels", 1)
    if sum(row.made for row in rows) != store.candidates.count(run):
        raise SystemExit("the funnel does not add up")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="candidates of the run")
    parser.add_argument("--replies", type=int, default=10_000, help="replies that are stored")
    parser.add_argument("--askers", type=int, default=64, help="how many replies are waited for at once")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        run = store.runs.start("r" * 16, "{}", ("book-qa", "threshold"))
        write(store, run, options.records, table)
        read(store, run, table)
        table.begin()
        asyncio.run(put_replies(store, options.replies, options.askers))
        table.end(f"durable replies, {options.askers} at once", options.replies)
        if store.replies.count() != options.replies:
            raise SystemExit("not every reply was stored")


if __name__ == "__main__":
    main()
