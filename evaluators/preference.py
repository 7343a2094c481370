"""Who of equal records is to stay: the best scored, or whoever came first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curator.record import Record

if TYPE_CHECKING:  # it loads numpy
    from curator.dedup.clusters import Numbers


def preference(records: Sequence[Record], best: str) -> Numbers | None:
    """Return who of equal records is to stay.

    Args:
        records: the records.
        best: the name of a score; "" for none.

    Returns:
        Each record's place in the order of preference: by falling score, the unscored last, equals as they come.
        None where the order is that of the records. Shape: (records,).
    """
    if not best:
        return None
    import numpy as np

    scores = np.array([-np.inf if (score := record.score(best)) is None else score for record in records])
    places = np.empty(len(records), dtype=np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(len(records))
    return places
