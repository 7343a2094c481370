"""`curator show`: everything about one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from curator.errors import StoreError
from ui.cli.options import HERE, AsJson, Workspace, console, print_json, usd

if TYPE_CHECKING:
    from curator.record import Record, Source
    from curator.store import Run, Store


def command(
    record: Annotated[str, typer.Argument(metavar="ID", help="The record's id, or its beginning.")],
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one record: its text, source passage with the evidence marked, lineage, scores, drop reason and cost.

    Example: curator show r1-3fa9
    """
    from ui.cli.ls import as_row
    from ui.cli.workspace import latest_run, open_store

    with open_store(workspace) as store:
        run = store.runs.latest() or latest_run(store)
        found = _find(store, run, record)
        key = found[0].id
        lineage = {"parents": store.candidates.parents(key), "children": store.candidates.children(key)}
        cost = store.ledger.cost_of(run, key)
        if as_json:
            print_json({"candidates": [as_row(one) for one in found], **lineage, "usd": cost})
            return
        for one in found:
            _print(store, one)
        for kin, ids in lineage.items():
            if ids:
                print(f"{kin}: {', '.join(ids)}")
        if found[0].origin.model:
            print(f"cost: {usd(cost)}")


def _find(store: Store, run: Run, prefix: str) -> list[Record]:
    from curator.store import Query

    ids = store.candidates.find(prefix)
    if not ids:
        raise StoreError(f"no record's id begins with {prefix!r}; `curator ls` lists them")
    if len(ids) > 1:
        raise StoreError(f"{len(ids)} or more ids begin with {prefix!r}: {', '.join(ids[:4])}; give more of it")
    for one in (run, *reversed(store.runs.all())):  # the latest run first, then any that made it
        found = list(store.candidates.select(one, Query(record=ids[0])))
        if found:
            return found
    raise StoreError(f"{ids[0]} was made by a run whose candidates are no longer kept; `curator run` makes it again")


def _print(store: Store, record: Record) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(record.id, style="bold"))
    for turn in record.messages:
        out.print(Text.assemble((f"{turn.role}: ", "cyan"), turn.content))
    if record.rejected is not None:
        out.print(Text.assemble(("rejected: ", "cyan"), record.rejected))
    origin = record.origin
    made = f"made by {origin.stage} ({origin.method})" + (f" with {origin.model}" if origin.model else "")
    out.print(Text(made, style="dim"))
    for name, value in origin.labels:
        out.print(Text(f"{name}: {value}", style="dim"))
    if origin.source is not None:
        _print_passage(store, origin.source)
    for score in record.scores:
        value = "unscored" if score.value is None else f"{score.value:.2f}".rstrip("0").rstrip(".")
        out.print(Text(f"  {score.name:<28} {value:>9}  {score.explanation}"))
    if record.drop is not None:
        out.print(Text(f"dropped by {record.drop.stage}: {record.drop.reason}  {record.drop.detail}", style="red"))


def _print_passage(store: Store, source: Source) -> None:
    from rich.text import Text

    from curator.text.evidence import find_quote

    out = console()
    place = f"{source.document}, characters {source.start}–{source.end}" + (f", {source.chapter}" if source.chapter else "")
    document = store.documents.get(source.digest)
    if document is None:
        out.print(Text(f"source: {place} (its text is not in this store)", style="dim"))
        return
    passage = Text(document.text[source.start : source.end])
    found = find_quote(source.evidence, passage.plain) if source.evidence else None
    if found is not None:
        start, end = found
        if out.is_terminal:
            passage.stylize("black on yellow", start, end)
        else:  # a log has no colours
            passage = Text(f"{passage.plain[:start]}»{passage.plain[start:end]}«{passage.plain[end:]}")
    out.print(Text(f"source: {place}", style="dim"))
    out.print(passage)
