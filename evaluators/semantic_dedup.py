"""Suggest, or drop, records that mean the same as another one in other words: cosines of sentence embeddings."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from pydantic import Field as OptionField

from curator.embedding.base import MOST_UNKNOWN
from curator.record import Record, Score
from curator.stage import Context, Measure, Stage, StageOptions
from curator.text.fields import Field, text_of
from curator.text.polarity import polarity
from evaluators.embedding_model import model_within
from evaluators.preference import preference

if TYPE_CHECKING:  # these load numpy
    from curator.embedding.base import Embedder, Reading, Vectors
    from curator.embedding.neighbours import Pairs

NAME = "semantic-duplicate"

_EMPTY = "no text to compare"

_MOST_PARTNERS = 64
"""How many records ahead of it a record is compared with exactly; more would only be more of the same."""


class SemanticDedupOptions(StageOptions):
    """Options of `semantic-dedup`.

    Attributes:
        threshold: the smallest cosine at which two records are taken to mean the same, 0.5..1.
        field: what is compared: `instruction` (with its input), `response`, `both`, or the whole `dialogue`.
        model: "auto" (all-MiniLM-L6-v2), or the folder or name of a sentence-transformers model.
        drop: whether to drop all of a cluster but one; without it the records stay, scored, for people to look at.
        guard: whether texts that state other numbers or names, or differ in a "not", always stay apart.
        best: the name of a score; of each cluster the record with the highest stays. Without it, the first one.
    """

    threshold: float = OptionField(default=0.92, ge=0.5, le=1.0)
    field: Field = "dialogue"
    model: str = "auto"
    drop: bool = False
    guard: bool = True
    best: str = ""


class Twin(NamedTuple):
    """Whom a record resembles.

    Attributes:
        near: the most similar of the records ahead of it, by its number.
        cosine: their cosine.
        stays: the record ahead of all others in its cluster.
        cosine_stays: its cosine to that one; it may lie below the threshold if others join the two.
    """

    near: int
    cosine: float
    stays: int
    cosine_stays: float

    def at(self, places: Sequence[int]) -> Twin:
        """Return this with the numbers that `places` gives its numbers."""
        return self._replace(near=places[self.near], stays=places[self.stays])


class SemanticDedup(Stage[SemanticDedupOptions]):
    """Finds records whose embeddings nearly coincide.

    `semantic-duplicate`: the cosine of a record and the most similar of those ahead of it (the earlier ones; with
    `best` the better scored ones), which `of` names. Unit: cosine. Range: `threshold` to 1; lower is better. A record
    that resembles none ahead of it has no value: it is new, or the one of its cluster that stays. A `threshold` stage
    can act on the score (`max: 0.95, unscored: keep`), people on the list that `curator ls` gives.

    With `drop` the records that have a value are dropped; each names the first of its cluster, which stays. A cluster
    is what pairs at the threshold join, be it through others. By default nothing is dropped, because an embedding sees
    the topic more than the point: "How do I open an account?" and "How do I close an account?" lie near each other.
    With `guard`, texts that differ in their numbers, their names, or the words on which the sense turns ("not", "left")
    are never joined. A text that the model has no tokens for, because of its script, has no value.

    Source: Abbas et al., 2023, "SemDeDup", arXiv 2303.09540, section 3: embeddings, and of those within a cosine one
    stays. Differs: all pairs (an inverted file above 20,000 records) instead of pairs within k-means clusters; the best
    or first of a cluster stays instead of the one farthest from the centroid; the guard.
    """

    name: ClassVar[str] = "semantic-dedup"
    Options: ClassVar[type[StageOptions]] = SemanticDedupOptions

    def needs(self) -> frozenset[str]:
        """Return the score by which the best of a cluster is told, if one is named."""
        return frozenset({self.options.best} - {""})

    def gives(self) -> tuple[Measure, ...]:
        """Return the measure."""
        return (Measure(NAME, "cosine to the most similar record ahead", better="lower"),)

    def check(self, context: Context) -> None:
        """See that the embedding model is there.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: it is not, or what runs it is not installed.
        """
        from curator.embedding.choose import check_available

        check_available(model_within(context.folder, self.options.model))

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Wait for all records, then score those that resemble one ahead of them, and drop them if told to."""
        corpus = [record async for record in records]
        for record in await asyncio.to_thread(self._judged, corpus, context):
            yield record

    def _judged(self, records: Sequence[Record], context: Context) -> list[Record]:
        from curator.embedding.choose import embedder
        from curator.embedding.kept import cached

        texts = [text_of(record, self.options.field) for record in records]
        written = [at for at in _preferred(records, self.options.best) if texts[at].strip()]
        if not written:
            return [record.with_scores(Score(NAME, None, _EMPTY)) for record in records]
        embeds = cached(embedder(model_within(context.folder, self.options.model)), context.results)
        readings = dict(zip(written, embeds.readings([texts[at] for at in written]), strict=True))
        places = [at for at in written if readings[at].unknown <= MOST_UNKNOWN]
        found = self._twins([texts[at] for at in places], embeds)
        twins = {places[at]: twin.at(places) for at, twin in found.items()}
        followers = Counter(twin.stays for twin in twins.values())
        whys = [_EMPTY] * len(records)
        for at, reading in readings.items():
            whys[at] = _unreadable(reading, embeds) or self._explained(at, twins.get(at), followers)
            if reading.tokens > embeds.max_tokens:
                whys[at] += f"; only its first {embeds.max_tokens} tokens were read"
        return [
            self._marked(record, twins.get(at), why, records)
            for at, (record, why) in enumerate(zip(records, whys, strict=True))
        ]

    def _twins(self, texts: Sequence[str], embeds: Embedder) -> dict[int, Twin]:
        """Return whom each text resembles, of those before it; texts that resemble nobody are left out."""
        import numpy as np

        from curator.dedup.clusters import components

        vectors = embeds.embed(texts)
        pairs = _near(texts, vectors, self._groups(texts), self.options.threshold)
        # The smallest number of a cluster has no partner ahead of it, so it is one that stays.
        clusters = components(len(texts), pairs.left, pairs.right)
        pairs = pairs.taken(np.lexsort((pairs.left, -pairs.cosine, pairs.right)))
        nearest = pairs.taken(np.unique(pairs.right, return_index=True)[1])
        stays = clusters[nearest.right]
        whole = np.minimum(np.einsum("nd,nd->n", vectors[nearest.right], vectors[stays]), 1)
        columns = (nearest.left, nearest.cosine, stays, whole)
        return dict(zip(nearest.right.tolist(), map(Twin, *(column.tolist() for column in columns)), strict=True))

    def _groups(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the texts that may be joined at all, group by group."""
        if not self.options.guard:
            return [list(range(len(texts)))]
        from curator.dedup.guard import common_words, fact_keys

        groups: dict[tuple[bytes, frozenset[str]], list[int]] = {}
        facts = fact_keys(texts, common=common_words(texts, texts))
        for at, key in enumerate(zip(facts, map(polarity, texts), strict=True)):
            groups.setdefault(key, []).append(at)
        return [group for group in groups.values() if len(group) > 1]

    def _explained(self, at: int, twin: Twin | None, followers: Counter[int]) -> str:
        if twin is not None:
            return "most similar of those ahead"
        if followers[at]:
            return f"the first of {followers[at] + 1} that resemble each other"
        return f"none ahead of it at {self.options.threshold:g} or more"

    def _marked(self, record: Record, twin: Twin | None, why: str, records: Sequence[Record]) -> Record:
        if twin is None:
            return record.with_scores(Score(NAME, None, why))
        near, stays = records[twin.near].id, records[twin.stays].id
        scored = record.with_scores(Score(NAME, round(twin.cosine, 4), why, near))
        if not self.options.drop:
            return scored
        detail = f"of {stays}: cosine {twin.cosine_stays:.2f}"
        if twin.near != twin.stays:
            detail += f", nearest {near}: {twin.cosine:.2f}"
        return scored.dropped(self.key, NAME, detail, (stays,))


def _unreadable(reading: Reading, embeds: Embedder) -> str:
    """Return why a text that the model hardly knows is not compared; "" for others."""
    if reading.unknown <= MOST_UNKNOWN:
        return ""
    model = embeds.name.partition("@")[0]
    return f"{reading.unknown:.0%} of it is in a script that {model} does not know; choose a multilingual `model`"


def _near(texts: Sequence[str], vectors: Vectors, groups: Sequence[Sequence[int]], threshold: float) -> Pairs:
    """Return the near pairs within each group; of equal texts only the first is compared with others."""
    import numpy as np

    from curator.embedding.neighbours import Pairs, pairs_at_least

    found = [pairs_at_least(vectors[:0], threshold)]
    for group in groups:
        firsts: dict[str, int] = {}
        same = [(firsts.setdefault(texts[at], at), at) for at in group]
        copies = np.array([pair for pair in same if pair[0] != pair[1]], dtype=np.int64).reshape(-1, 2)
        found.append(Pairs(copies[:, 0], copies[:, 1], np.ones(len(copies), dtype=np.float32)))
        places = np.array(list(firsts.values()), dtype=np.int64)
        near = pairs_at_least(vectors[places], threshold, most=_MOST_PARTNERS)
        found.append(Pairs(places[near.left], places[near.right], np.minimum(near.cosine, 1)))
    return Pairs(*(np.concatenate([pairs[column] for pairs in found]) for column in range(3)))


def _preferred(records: Sequence[Record], best: str) -> list[int]:
    """Return the numbers of the records, the preferred ones first."""
    places = preference(records, best)
    return list(range(len(records))) if places is None else places.argsort().tolist()
