"""The funnel: what happened to every candidate of a run, and what it cost."""

from __future__ import annotations

from typing import Any

import msgspec

from curator.record import Record
from curator.store import Cost, FunnelRow, Query, Run, Store
from ui.cli.output import counted, percent, print_table, shortened, tell, usd

_SHOWN_CHARS = 220
"""How much of a text is shown of a sample, in characters."""


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
        title=f"Run {run.id}: {run.status}" + (f" ({run.note})" if run.note else "") + "\n",
        right=("in", "made", "dropped", "out"),
    )
    made = sum(row.made for row in rows)
    kept = store.candidates.count(run, Query(status="kept"))
    pending = store.candidates.count(run, Query(status="pending"))
    tell(f"\n{kept:,} of {counted(made, 'candidate')} accepted ({percent(kept / made if made else None)}).")
    if pending:
        tell(f"{counted(pending, 'candidate')} had not come to the end when the run stopped.")
    tell(_cost_line(store.ledger.cost(run), kept))


def run_data(store: Store, run: Run) -> dict[str, Any]:
    """Return a run, its funnel and its cost for JSON output.

    Args:
        store: the workspace's store.
        run: the run.

    Returns:
        `run`, `candidates` by what became of them, `funnel` and `cost`.
    """
    described = msgspec.to_builtins(run)
    described["recipe"] = msgspec.Raw(run.recipe.encode())
    funnel = [
        {"stage": row.stage, "in": row.arrived, "made": row.made, "dropped": dict(row.dropped), "out": row.left}
        for row in store.ledger.funnel(run)
    ]
    counts = {status: store.candidates.count(run, Query(status=status)) for status in ("kept", "dropped", "pending")}
    return {"run": described, "candidates": counts, "funnel": funnel, "cost": store.ledger.cost(run)}


def print_samples(store: Store, run: Run, count: int) -> None:
    """Print accepted records of a run, spread evenly over it; those that a model wrote, if there are any.

    Args:
        store: the workspace's store.
        run: the run.
        count: how many.
    """
    if not count:
        return
    kept = list(store.candidates.select(run, Query(status="kept")))
    written = [record for record in kept if record.origin.model] or kept
    step = max(1, len(written) // count)
    for record in written[step // 2 :: step][:count]:
        _print_sample(record)


def _print_sample(record: Record) -> None:
    source = record.origin.source
    tell(f"\n  {record.id[:11]}  {record.origin.stage}" + (f"  {source.chapter or source.document}" if source else ""))
    tell(f"  Q: {shortened(record.instruction, _SHOWN_CHARS)}")
    if record.input:
        tell(f"     {shortened(record.input, _SHOWN_CHARS)}")
    tell(f"  A: {shortened(record.response, _SHOWN_CHARS)}")
    if source and source.evidence and source.evidence != record.response:
        tell(f"  evidence: “{shortened(source.evidence, _SHOWN_CHARS)}”")


def _row(row: FunnelRow) -> tuple[str, ...]:
    why = ", ".join(f"{count:,} {reason}" for reason, count in row.dropped)
    made, dropped = (f"{count:,}" if count else "" for count in (row.made, row.dropped_total))
    return (row.stage, f"{row.arrived:,}", made, dropped, f"{row.left:,}", why)


def _cost_line(cost: Cost, kept: int) -> str:
    if not cost.requests:
        return "No model was asked."
    if cost.unpriced == cost.requests:
        money = "price unknown"
    elif cost.unpriced:
        money = f"at least {usd(cost.usd)} (the price of {cost.unpriced:,} replies is unknown)"
    else:
        money = usd(cost.usd)
    each = f", {usd(cost.usd / kept)} an accepted record" if kept and cost.usd else ""
    replayed = f", {cost.requests - cost.bought:,} of them replayed" if cost.bought < cost.requests else ""
    tokens = f"{cost.prompt_tokens:,} tokens sent, {cost.completion_tokens:,} received"
    return f"{counted(cost.requests, 'request')} answered{replayed}; {tokens}; {money}{each}."
