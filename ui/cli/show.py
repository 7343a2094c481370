"""`curator show`: everything about one record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curator.errors import StoreError
from ui.cli.options import HERE, AsJson, Workspace
from ui.cli.output import console, print_json, print_rich, printable, usd

if TYPE_CHECKING:
    from curator.record import Record, Score, Source
    from curator.store import Run, Store


def command(
    record: Annotated[str, typer.Argument(metavar="ID", help="The record's id, or its beginning.")],
    workspace: Workspace = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one record: its text, source passage with the evidence marked, lineage, scores, drop reason and cost.

    Example: curator show r1-3fa9
    """
    from ui.cli.record_data import record_data
    from ui.cli.workspace import open_store

    with open_store(workspace) as store:
        run, found = _find(store, record)
        key = found[0].id
        lineage = {"parents": store.candidates.parents(key), "children": store.candidates.children(key)}
        cost = store.ledger.cost_of(run, key)
        passages = [_passage(store, one.origin.source) for one in found]
    if as_json:
        candidates = [{**record_data(one), "passage": passage} for one, passage in zip(found, passages, strict=True)]
        print_json({"run": run.id, "candidates": candidates, **lineage, "usd": cost})
        return
    for number, (one, passage) in enumerate(zip(found, passages, strict=True)):
        if number:
            print_rich("")
        _print(one, passage)
    for kin, ids in lineage.items():
        print_rich(_field(kin, ", ".join(ids) or "none"))
    if found[0].origin.model:
        print_rich(_field("cost", usd(cost)))


def _find(store: Store, prefix: str) -> tuple[Run, list[Record]]:
    """Return a record's candidates, and the newest run that made them and still has them."""
    from curator.store import Query

    ids = store.candidates.find(prefix)
    if not ids:
        raise StoreError(f"no record's id begins with {prefix!r}; `curator ls` lists them")
    if len(ids) > 1:
        raise StoreError(f"several ids begin with {prefix!r}: {', '.join(ids[:4])}; give more of it")
    for run in reversed(store.runs.all()):
        found = list(store.candidates.select(run, Query(record=ids[0])))
        if found:
            return run, found
    raise StoreError(f"{ids[0]} was made by a run whose candidates are no longer kept; `curator run` makes it again")


def _passage(store: Store, source: Source | None) -> dict[str, Any] | None:
    """Return the text that a record was made from, and where in it the evidence stands, if it does."""
    from curator.text.evidence import find_quote

    if source is None:
        return None
    document = store.documents.get(source.digest)
    text = document.text[source.start : source.end] if document is not None else None
    found = find_quote(source.evidence, text) if source.evidence and text is not None else None
    return {"text": text, "evidence": found}


def _print(record: Record, passage: dict[str, Any] | None) -> None:
    from rich.text import Text

    origin = record.origin
    print_rich(Text(record.id, style="bold"))
    for turn in record.messages:
        print_rich(_field(turn.role, turn.content))
    if record.rejected is not None:
        print_rich(_field("rejected", record.rejected))
    print_rich(
        _field("made by", f"{origin.stage} ({origin.method})" + (f" with {origin.model}" if origin.model else ""))
    )
    for name, value in origin.labels:
        print_rich(_field(name, value))
    if origin.source is not None and passage is not None:
        _print_passage(origin.source, passage)
    if record.scores:
        width = max(len(score.name) for score in record.scores)
        print_rich(_field("scores", ""), *(_score(score, width) for score in record.scores))
    fate = f"dropped by {record.drop.stage}: {record.drop.reason}" if record.drop else "kept"
    detail = f" ({record.drop.detail})" if record.drop and record.drop.detail else ""
    print_rich(_field("fate", fate + detail, style="red" if record.drop else "green"))


def _score(score: Score, width: int) -> Any:
    from rich.text import Text

    value = "unscored" if score.value is None else f"{score.value:.4g}"
    return Text(printable(f"  {score.name:<{width}}  {value:>8}  {score.explanation}".rstrip()))


def _field(name: str, text: str, *, style: str = "") -> Any:
    from rich.text import Text

    return Text.assemble((f"{printable(name)}: ", "cyan"), (printable(text), style))


def _print_passage(source: Source, passage: dict[str, Any]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    place = ", ".join(filter(None, (source.document, source.chapter, f"characters {source.start} to {source.end}")))
    if passage["text"] is None:
        print_rich(_field("source", f"{place} (its text is not in this store)"))
        return
    text = Text(printable(passage["text"]))
    if passage["evidence"] is not None:
        start, end = passage["evidence"]
        if console().is_terminal:
            text.stylize("black on yellow", start, end)
        else:  # a log has no colours
            text = Text(f"{text.plain[:start]}»{text.plain[start:end]}«{text.plain[end:]}")
    print_rich(_field("source", place), Padding(text, (0, 0, 0, 2)))
    if source.evidence and passage["evidence"] is None:
        print_rich(_field("evidence", f"“{source.evidence}” (does not stand in the passage)"))
