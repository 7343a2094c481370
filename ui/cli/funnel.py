"""The funnel as a table: what happened to every candidate, and what it cost."""

from __future__ import annotations

from curator.record import Record
from curator.store import Cost, FunnelRow, Run, Store
from ui.cli.options import percent, print_table, usd


def print_funnel(store: Store, run: Run) -> None:
    """Print a run's funnel and cost.

    Args:
        store: the workspace's store.
        run: the run.
    """
    rows = store.ledger.funnel(run)
    print_table(
        ("stage", "in", "made", "dropped", "out", "why dropped"),
        [_row(row) for row in rows],
        title=f"Run {run.id}: {run.status}" + (f" ({run.note})" if run.note else ""),
        right=("in", "made", "dropped", "out"),
    )
    made = sum(row.made for row in rows)
    kept = rows[-1].left if rows else 0
    cost = store.ledger.cost(run)
    print(f"{kept} of {made} candidates were accepted ({percent(kept / made if made else None)}). {_cost_line(cost, kept)}")


def print_samples(store: Store, run: Run, count: int) -> None:
    """Print accepted records of a run, spread evenly over it.

    Args:
        store: the workspace's store.
        run: the run.
        count: how many.
    """
    from curator.store import Query

    kept = list(store.candidates.select(run, Query(status="kept")))
    written = [record for record in kept if record.origin.model] or kept
    step = max(1, len(written) // max(1, count))
    for record in written[step // 2 :: step][:count]:
        print_sample(record)


def print_sample(record: Record) -> None:
    """Print a record in a few lines.

    Args:
        record: the record.
    """
    source = record.origin.source
    print(f"\n  {record.id[:11]}  {record.origin.stage}" + (f"  {source.chapter or source.document}" if source else ""))
    print(f"  Q: {_shortened(record.instruction)}")
    if record.input:
        print(f"     {_shortened(record.input)}")
    print(f"  A: {_shortened(record.response)}")
    if source and source.evidence:
        print(f"  evidence: “{_shortened(source.evidence)}”")


def _row(row: FunnelRow) -> tuple[str, ...]:
    why = ", ".join(f"{reason} {count}" for reason, count in row.dropped)
    return (row.stage, str(row.arrived), str(row.made or ""), str(row.dropped_total or ""), str(row.left), why)


def _cost_line(cost: Cost, kept: int) -> str:
    if not cost.requests:
        return "No model was asked."
    money = usd(cost.usd) if not cost.unpriced else f"at least {usd(cost.usd)} ({cost.unpriced} replies of unknown price)"
    each = f", {usd(cost.usd / kept)} an accepted record" if kept and cost.usd else ""
    replayed = f", {cost.requests - cost.bought} of them replayed" if cost.bought < cost.requests else ""
    tokens = f"{cost.prompt_tokens:,} tokens sent and {cost.completion_tokens:,} received"
    return f"{cost.requests} replies{replayed}; {tokens}; {money}{each}."


def _shortened(text: str, most: int = 220) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
