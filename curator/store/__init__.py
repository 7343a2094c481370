"""Where everything rests: one SQLite file per workspace."""

from curator.store.candidates import Position, Query, ScoreFilter
from curator.store.funnel import Cost, FunnelRow
from curator.store.runs import Run, RunStatus
from curator.store.store import FILE_NAME, Store

__all__ = ["FILE_NAME", "Cost", "FunnelRow", "Position", "Query", "Run", "RunStatus", "ScoreFilter", "Store"]
