"""Drop records that say nearly the same as another one: MinHash finds candidates, exact Jaccard decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field as OptionField

from curator.dedup.choices import EngineName, Method, Shingles
from curator.record import Record
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import CorpusSelector, Rejection
from curator.text.fields import Field, text_of
from evaluators.preference import preference

if TYPE_CHECKING:  # it loads numpy
    from curator.dedup.near import Duplicate


class NearDedupOptions(StageOptions):
    """Options of `near-dedup`.

    Attributes:
        threshold: the smallest Jaccard similarity at which two records are joined, 0.3..1.
        field: what is compared: `instruction` (with its input), `response`, `both`, or the whole `dialogue`.
        method: `near` finds all but a few pairs by MinHash bands; `exact` finds every one, at twice the cost on
            ordinary text, and the square of a family of texts just below the threshold.
        shingles: compare by `words` (3-grams), by `characters` (5-grams), or `auto`: by characters where one of two
            texts has less than 30 words.
        guard: whether texts that state other numbers or other names always stay apart.
        best: the name of a score; of each cluster the record with the highest stays. Without it, the first one.
        engine: `kernel` (compiled), `datasketch` (pure Python and numpy), or `auto`; both give the same clusters.
    """

    threshold: float = OptionField(default=0.8, ge=0.3, le=1.0)
    field: Field = "dialogue"
    method: Method = "near"
    shingles: Shingles = "auto"
    guard: bool = True
    best: str = ""
    engine: EngineName = "auto"


class NearDedup(CorpusSelector[NearDedupOptions]):
    """Keeps one of all records that resemble each other: the best scored, or the first.

    Two records are joined if the Jaccard similarity |A ∩ B| / |A ∪ B| of their texts is at least `threshold`. A and B
    are the sets of word 3-grams; of character 5-grams where one of the two has less than 30 words, because one changed
    word spoils most of a short text's word n-grams. For single questions 0.7 is a good threshold. Records that are
    joined through others are one cluster; of each cluster one stays, and each that goes names it, and the record over
    which it was joined.

    MinHash only proposes: its bands are laid so wide that they miss at most 2% of the pairs at exactly the threshold,
    and every proposal is verified on the sets themselves. Where more than 1,024 texts fall into one bucket of a band,
    each is compared with 64 of them only: within families of thousands from one template, alike but for the most part
    less than the threshold, many pairs are missed unless the method is `exact`. With `guard`, texts whose numbers or
    names differ are never joined: "in March" and "in May" are different facts however alike the rest is.

    Source: A. Broder, 1997, "On the resemblance and containment of documents"; banding as in J. Leskovec, A. Rajaraman
    and J. Ullman, 2014, "Mining of Massive Datasets", section 3.4; thresholds as in Lee et al., 2021, arXiv 2107.06499,
    appendix A. Differs in the guard, the shingles of short texts, and the exact method.
    """

    name: ClassVar[str] = "near-dedup"
    version: ClassVar[int] = 2
    Options: ClassVar[type[StageOptions]] = NearDedupOptions

    def needs(self) -> frozenset[str]:
        """Return the score by which the best of a cluster is told, if one is named."""
        return frozenset({self.options.best} - {""})

    async def select(self, records: Sequence[Record], context: Context) -> Sequence[Rejection | None]:
        """Reject all records of a cluster but one.

        Args:
            records: the records, in order.
            context: not used.

        Returns:
            For each record None, or the rejection that names the record that stays in its place.
        """
        return await asyncio.to_thread(self._decisions, records)

    def _decisions(self, records: Sequence[Record]) -> list[Rejection | None]:
        from curator.dedup.near import near_duplicates

        options = self.options
        found = near_duplicates(
            [text_of(record, options.field) for record in records],
            threshold=options.threshold,
            shingles=options.shingles,
            method=options.method,
            guard=options.guard,
            engine=options.engine,
            order=preference(records, options.best),
        )
        return [_rejection(records, found.get(place)) for place in range(len(records))]


def _rejection(records: Sequence[Record], duplicate: Duplicate | None) -> Rejection | None:
    if duplicate is None:
        return None
    stays, via = records[duplicate.of].id, records[duplicate.via].id
    detail = f"of {stays}: Jaccard {duplicate.similarity:.2f}"
    if duplicate.via != duplicate.of:
        detail += f", joined over {via}: {duplicate.step:.2f}"
    return Rejection("near-duplicate", detail, (stays,))
