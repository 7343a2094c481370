"""What happened to every candidate of a run, stage by stage, and what it cost: computed from the stored facts."""

from __future__ import annotations

import sqlite3

import msgspec

from curator.record import Origin
from curator.store.runs import Run


class FunnelRow(msgspec.Struct, frozen=True):
    """One stage of a run.

    Attributes:
        stage: the recipe's name of the stage.
        arrived: how many records came from above.
        made: how many candidates the stage made.
        dropped: how many left here, by reason, the commonest first.
        left: how many went on.
    """

    stage: str
    arrived: int
    made: int
    dropped: tuple[tuple[str, int], ...]
    left: int

    @property
    def dropped_total(self) -> int:
        """How many left here."""
        return sum(count for _reason, count in self.dropped)


class Cost(msgspec.Struct, frozen=True):
    """What replies took.

    Attributes:
        requests: how many replies were used.
        bought: how many of them were asked for in this run; the rest were replayed from the store.
        prompt_tokens: what was sent.
        completion_tokens: what came back.
        usd: what they cost when they were bought, in US dollars, as far as prices are known.
        unpriced: how many of them have no known price.
        seconds: how long the models worked on them, added up.
    """

    requests: int
    bought: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    unpriced: int
    seconds: float


class Ledger:
    """The store's accounts."""

    def __init__(self, reader: sqlite3.Connection) -> None:
        self._reader = reader

    def funnel(self, run: Run) -> list[FunnelRow]:
        """Return one row a stage, in the recipe's order.

        Args:
            run: the run.

        Returns:
            One row a stage, in the recipe's order.
        """
        made = dict(
            self._reader.execute(
                "SELECT made_by, count(*) FROM candidates WHERE run = ? GROUP BY made_by", (run.id,)
            ).fetchall()
        )
        dropped: dict[str, list[tuple[str, int]]] = {}
        for stage, reason, count in self._reader.execute(
            "SELECT drop_stage, drop_reason, count(*) AS n FROM candidates WHERE run = ? AND drop_stage IS NOT NULL "
            "GROUP BY drop_stage, drop_reason ORDER BY n DESC, drop_reason",
            (run.id,),
        ):
            dropped.setdefault(stage, []).append((reason, count))
        rows: list[FunnelRow] = []
        arrived = 0
        for stage in run.stages:
            lost = tuple(dropped.get(stage, ()))
            left = arrived + made.get(stage, 0) - sum(count for _reason, count in lost)
            rows.append(FunnelRow(stage, arrived, made.get(stage, 0), lost, left))
            arrived = left
        return rows

    def cost(self, run: Run) -> Cost:
        """Return what the replies that a run used took; one that several stages used counts once.

        Args:
            run: the run.

        Returns:
            What the replies that a run used took.
        """
        row = self._reader.execute(
            "SELECT count(*), coalesce(sum(1 - u.replayed), 0), coalesce(sum(r.prompt_tokens), 0), "
            "coalesce(sum(r.completion_tokens), 0), coalesce(sum(r.usd), 0.0), coalesce(sum(r.usd IS NULL), 0), "
            "coalesce(sum(r.seconds), 0.0) FROM replies r JOIN "
            "(SELECT key, min(replayed) AS replayed FROM uses WHERE run = ? GROUP BY key) u ON u.key = r.key",
            (run.id,),
        ).fetchone()
        return Cost(*row)

    def cost_of(self, run: Run, record: str) -> float | None:
        """Return a record's share of the money for the replies it was parsed from, in US dollars; None if unknown.

        A reply that gave several candidates is shared equally between them; a check or a response is the record's own.

        Args:
            run: the run.
            record: the record's id.

        Returns:
            A record's share of the money for the replies it was parsed from, in US dollars.
        """
        row = self._reader.execute(
            "SELECT r.usd, (SELECT count(*) FROM candidates o WHERE o.run = c.run AND o.reply_key = c.reply_key), "
            "c.origin FROM candidates c JOIN replies r ON r.key = c.reply_key WHERE c.run = ? AND c.record = ?",
            (run.id, record),
        ).fetchone()
        if row is None or row[0] is None:
            return None
        further = msgspec.json.decode(row[2], type=Origin).further_replies
        marks = ",".join("?" * len(further))
        paid = self._reader.execute(f"SELECT usd FROM replies WHERE key IN ({marks})", further).fetchall()  # noqa: S608
        if len(paid) < len(set(further)) or any(usd is None for (usd,) in paid):  # fewer: set aside by a fresh run
            return None
        return float(row[0]) / int(row[1]) + sum(float(usd) for (usd,) in paid)
