"""What a run made: every candidate with its origin, its scores, and why it was dropped if it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from curator.record import Drop, Origin, Record, Score, Turn
from curator.store.runs import Run
from curator.store.writer import Writer

Status = Literal["kept", "dropped", "settled", "pending", "all"]

_STATUS_CONDITIONS: dict[Status, list[str]] = {
    "kept": ["c.settled = 1", "c.drop_stage IS NULL"],
    "dropped": ["c.drop_stage IS NOT NULL"],
    "settled": ["c.settled = 1"],
    "pending": ["c.settled = 0"],
    "all": [],
}


_BEARS_SCORES = """NOT (c.drop_stage IS NOT NULL AND c.drop_stage = c.made_by AND EXISTS (
    SELECT 1 FROM candidates o WHERE o.record = c.record AND o.run = c.run AND (o.stage, o.seq) <> (c.stage, c.seq)
    AND o.drop_stage IS NOT o.made_by
))"""
"""Scores are kept by a record's content. They are those of the candidate that went on, not of one of the same content
that was dropped as it was made."""


class Position(NamedTuple):
    """A candidate's place in a run: the number of the stage that made it, and its number among what that stage made."""

    stage: int
    seq: int


class Body(msgspec.Struct, frozen=True, array_like=True):
    """The part of a record that its content decides: what the table `records` keeps, once per id."""

    messages: tuple[Turn, ...]
    rejected: str | None


class ScoreFilter(NamedTuple):
    """A condition on a score, as `grounding < 0.5`."""

    name: str
    operator: Literal["<", "<=", ">", ">=", "="]
    value: float


class Query(msgspec.Struct, frozen=True):
    """Which candidates of a run are wanted.

    Attributes:
        status: kept, dropped, settled (either), pending (the run ended before their fate was known), or all.
        made_by: the recipe's name of the stage that made them; "" for any.
        dropped_by: the recipe's name of the stage that dropped them; "" for any.
        reason: why they were dropped; "" for any.
        scores: conditions that all must hold.
        record: a record's id, or the beginning of one (`r1-` may be left out); "" for any.
        limit: how many at most; None for all.
    """

    status: Status = "all"
    made_by: str = ""
    dropped_by: str = ""
    reason: str = ""
    scores: tuple[ScoreFilter, ...] = ()
    record: str = ""
    limit: int | None = None


class Candidates:
    """The store's candidates, written by a run and read by everybody."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    def add(self, run: Run, made: Sequence[tuple[Position, Record]]) -> None:
        """Store candidates as they are made.

        Args:
            run: the run.
            made: each candidate with its position.
        """
        records, lineage, rows = [], [], []
        for position, record in made:
            key, origin = record.id, record.origin
            records.append((key, msgspec.json.encode(Body(record.messages, record.rejected))))
            lineage += [(key, parent) for parent in origin.parents]
            made_by, how = origin.stage, msgspec.json.encode(origin)
            rows.append((run.id, *position, key, made_by, how, origin.reply_key, record.input_at))
        self._writer.submit("INSERT OR IGNORE INTO records VALUES (?, ?)", records)
        self._writer.submit("INSERT OR IGNORE INTO lineage VALUES (?, ?)", lineage)
        self._writer.submit(
            "INSERT INTO candidates (run, stage, seq, record, made_by, origin, reply_key, input_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def settle(self, run: Run, settled: Sequence[tuple[Position, Record]]) -> None:
        """Store what became of candidates: their scores, and why they were dropped if they were.

        Args:
            run: the run.
            settled: each candidate, as it left the stream, with its position.
        """
        drops, scores = [], []
        for position, record in settled:
            drops.append((*_drop_columns(record.drop), run.id, *position))
            if record.drop is not None and record.id in record.drop.of:
                continue  # a copy: what is said of it must not stand in for what was said of the first
            key = record.id if record.scores else ""
            scores += [(run.id, key, s.name, nth, s.value, s.explanation, s.of) for nth, s in enumerate(record.scores)]
        self._writer.submit(
            "UPDATE candidates SET settled = 1, drop_stage = ?, drop_reason = ?, drop_detail = ?, drop_of = ? "
            "WHERE run = ? AND stage = ? AND seq = ?",
            drops,
        )
        self._writer.submit("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", scores)

    def clear(self, run: Run) -> None:
        """Forget what a run made so far, because it begins another pass.

        Args:
            run: the run.
        """
        self._writer.submit("DELETE FROM candidates WHERE run = ?", ((run.id,),))
        self._writer.submit("DELETE FROM scores WHERE run = ?", ((run.id,),))

    def select(self, run: Run, query: Query = Query()) -> Iterator[Record]:
        """Yield a run's candidates, in the order in which they were made.

        Args:
            run: the run.
            query: which ones.

        Yields:
            Whole records.
        """
        where, parameters = _where(run, query)
        limit = -1 if query.limit is None else query.limit
        rows = self._reader.execute(
            f"SELECT c.record, {_BEARS_SCORES}, "  # noqa: S608
            "r.body, c.input_at, c.origin, c.drop_stage, c.drop_reason, c.drop_detail, c.drop_of "
            f"FROM candidates c JOIN records r ON r.id = c.record WHERE {where} ORDER BY c.stage, c.seq LIMIT ?",
            (*parameters, limit),
        )
        while chunk := rows.fetchmany(500):
            scores = self._scores(run, [row[0] for row in chunk])
            for key, bears_scores, body, input_at, origin, *drop in chunk:
                content = msgspec.json.decode(body, type=Body)
                yield Record(
                    content.messages,
                    content.rejected,
                    input_at,
                    msgspec.json.decode(origin, type=Origin),
                    tuple(scores.get(key, ())) if bears_scores else (),
                    _drop(drop),
                )

    def count(self, run: Run, query: Query = Query()) -> int:
        """Return how many candidates of a run there are.

        Args:
            run: the run.
            query: which ones.

        Returns:
            How many candidates of a run there are.
        """
        where, parameters = _where(run, query)
        statement = f"SELECT count(*) FROM candidates c WHERE {where}"  # noqa: S608
        return int(self._reader.execute(statement, parameters).fetchone()[0])

    def score_names(self, run: Run) -> list[str]:
        """Return the names of the scores that candidates of a run bear, sorted.

        Args:
            run: the run.

        Returns:
            The names.
        """
        rows = self._reader.execute("SELECT DISTINCT name FROM scores WHERE run = ? ORDER BY name", (run.id,))
        return [row[0] for row in rows]

    def find(self, prefix: str) -> list[str]:
        """Return the ids that begin with `prefix`, at most 10, over all runs.

        Args:
            prefix: an id or its beginning; `r1-` may be left out.

        Returns:
            The ids that begin with `prefix`, at most 10, over all runs.
        """
        bounds = _beginning_with(prefix)
        rows = self._reader.execute("SELECT id FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT 10", bounds)
        return [row[0] for row in rows]

    def parents(self, record: str) -> list[str]:
        """Return the ids of the records that this one was made from.

        Args:
            record: a record's id.

        Returns:
            The ids of the records that this one was made from.
        """
        return self._column("SELECT parent FROM lineage WHERE child = ? ORDER BY parent", record)

    def children(self, record: str) -> list[str]:
        """Return the ids of the records that were made from this one.

        Args:
            record: a record's id.

        Returns:
            The ids of the records that were made from this one.
        """
        return self._column("SELECT child FROM lineage WHERE parent = ? ORDER BY child", record)

    def _column(self, statement: str, record: str) -> list[str]:
        return [row[0] for row in self._reader.execute(statement, (record,))]

    def _scores(self, run: Run, records: Iterable[str]) -> dict[str, list[Score]]:
        keys = list(records)
        found: dict[str, list[Score]] = {}
        rows = self._reader.execute(
            "SELECT record, name, value, explanation, of FROM scores "  # noqa: S608
            f"WHERE run = ? AND record IN ({','.join('?' * len(keys))}) ORDER BY record, nth",
            (run.id, *keys),
        )
        for key, *score in rows:
            found.setdefault(key, []).append(Score(*score))
        return found


def _beginning_with(prefix: str) -> tuple[str, str]:
    """Return the bounds of the ids that begin with `prefix`: ids are hexadecimal, so none reaches the letter g."""
    start = prefix if prefix.startswith("r1-") else f"r1-{prefix}"
    return start, start + "g"


def _where(run: Run, query: Query) -> tuple[str, list[object]]:
    conditions, parameters = ["c.run = ?"], list[object]([run.id])
    conditions += _STATUS_CONDITIONS[query.status]
    for column, value in (
        ("made_by", query.made_by),
        ("drop_stage", query.dropped_by),
        ("drop_reason", query.reason),
    ):
        if value:
            conditions.append(f"c.{column} = ?")
            parameters.append(value)
    if query.record:
        conditions.append("c.record >= ? AND c.record < ?")
        parameters += _beginning_with(query.record)
    for score in query.scores:
        conditions.append(
            f"{_BEARS_SCORES} AND EXISTS (SELECT 1 FROM scores s "  # noqa: S608
            "WHERE s.run = c.run AND s.record = c.record AND s.name = ? "
            f"AND s.value {score.operator} ?)"
        )
        parameters += [score.name, score.value]
    return " AND ".join(conditions), parameters


def _drop_columns(drop: Drop | None) -> tuple[str | None, ...]:
    if drop is None:
        return (None, None, None, None)
    return (drop.stage, drop.reason, drop.detail, "\n".join(drop.of) or None)


def _drop(columns: Sequence[str | None]) -> Drop | None:
    stage, reason, detail, of = columns
    return None if stage is None else Drop(stage, reason or "", detail or "", tuple(of.split("\n")) if of else ())
