"""Can the passage be found again by the question alone?"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from pydantic import Field

from curator.embedding.retrieval import retriever
from curator.record import Record, Score, Source
from curator.stage import Context, Evaluator, Measure, StageOptions
from curator.text.chunks import chunk_document
from curator.text.document import Document
from curator.text.retrieval import Retriever

NAME = "retrieval"


class RetrievalOptions(StageOptions):
    """Options of `retrieval`.

    Attributes:
        k: how many passages a question may bring up for its own to be among them.
        max_words: the longest passage that the documents are cut into, in words; best as the generator's.
        by: "bm25"; or a sentence-transformers model: "auto" (all-MiniLM-L6-v2), its folder or its name.
    """

    k: int = Field(default=5, ge=1, le=1000)
    max_words: int = Field(default=180, ge=20, le=5000)
    by: str = "bm25"


class Place(NamedTuple):
    """Where a passage stands: the document's hash and the passage's first and last character."""

    digest: str
    start: int
    end: int


class Collection(NamedTuple):
    """All passages of a run's documents, searchable."""

    documents: tuple[Document, ...]
    places: tuple[Place, ...]
    passages: Retriever


class Retrieval(Evaluator[RetrievalOptions]):
    """Looks for the record's passage with nothing but its question, among all passages of the run's documents.

    - `retrieval.rank`: the place of the first passage that is the record's own, from 1, lower is better; no value where
      the question brings up none of them.
    - `retrieval.recall`: recall at k, the share of the record's source passages among the first k; for a record of one
      passage 1 or 0. Range 0 to 1, higher is better.

    A question that cannot find its passage leans on it ("What did he say then?") or asks about something else. A found
    passage is the record's own if the two share at least half of the shorter one.

    Source: Lewis et al. 2021, "PAQ: 65 Million Probably-Asked Questions", arXiv 2102.07033, section 2.4, keep a
    question only if a question answering system without the passage finds its answer ("global filtering"). Ours asks no
    model: it tests the retrieval half of that, with BM25 (see `curator.text.retrieval`) or embeddings.
    """

    name: ClassVar[str] = NAME
    Options: ClassVar[type[StageOptions]] = RetrievalOptions

    _collection: Collection | None = None

    def gives(self) -> tuple[Measure, ...]:
        """Return the two measures."""
        return (
            Measure(f"{NAME}.rank", "place of the record's passage, from 1", low=1.0, high=None, better="lower"),
            Measure(f"{NAME}.recall", f"share of the record's passages among the first {self.options.k}"),
        )

    async def score(self, record: Record, context: Context) -> tuple[Score, ...]:
        """Measure one record.

        Args:
            record: the record.
            context: lends the documents.

        Returns:
            The two scores, without values for a record without question or source.

        Raises:
            StageError: the run does not have the record's source, or the embedding model cannot be loaded.
        """
        source = record.origin.source
        if source is None or not record.instruction.strip():
            why = "no source" if source is None else "no question"
            return tuple(Score(measure.name, None, why) for measure in self.gives())
        sources = (source, *record.origin.further_sources)
        for one in sources:
            context.document(one)  # says what to do where it is missing
        collection = self._opened(context)
        found = collection.passages.top(record.instruction, len(collection.places))
        ranks = [_rank(one, [collection.places[hit.place] for hit in found]) for one in sources]
        return self._rank_score(ranks, len(collection.places)), self._recall_score(ranks)

    def _rank_score(self, ranks: list[int | None], total: int) -> Score:
        first = min((rank for rank in ranks if rank is not None), default=None)
        if first is None:
            return Score(f"{NAME}.rank", None, f"the question brings up none of its own among {total} passages")
        return Score(f"{NAME}.rank", float(first), f"place {first} of {total} passages")

    def _recall_score(self, ranks: list[int | None]) -> Score:
        k = self.options.k
        found = sum(rank is not None and rank <= k for rank in ranks)
        return Score(f"{NAME}.recall", found / len(ranks), f"{found} of {len(ranks)} among the first {k}")

    def _opened(self, context: Context) -> Collection:
        """Return the passages of these documents, indexed once."""
        if self._collection is None or self._collection.documents is not context.documents:
            places, texts = [], []
            for document in context.documents:
                for start, end in _spans(document, self.options.max_words):
                    places.append(Place(document.digest, start, end))
                    texts.append(document.text[start:end])
            self._collection = Collection(
                context.documents, tuple(places), retriever(texts, self.options.by, context.results)
            )
        return self._collection


def _spans(document: Document, max_words: int) -> list[tuple[int, int]]:
    """Return where a document's passages stand; one of headings alone is a passage itself."""
    spans = [(chunk.start, chunk.end) for chunk in chunk_document(document, max_words=max_words)]
    return spans or [(0, len(document.text))]


def _rank(source: Source, found: list[Place]) -> int | None:
    """Return the place, from 1, of the first passage that is `source`; None if none is."""
    for rank, place in enumerate(found, start=1):
        shared = min(source.end, place.end) - max(source.start, place.start)
        shorter = min(source.end - source.start, place.end - place.start)
        if place.digest == source.digest and shared > 0 and 2 * shared >= shorter:
            return rank
    return None
