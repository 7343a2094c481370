"""Drop records that say nearly the same as an earlier one: MinHash finds candidates, exact Jaccard decides."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence, Set
from typing import Any, ClassVar

import msgspec
from pydantic import Field as OptionField

from curator.record import Record
from curator.stage.base import StageOptions
from curator.stage.context import Context
from curator.stage.selector import CorpusSelector, Rejection
from curator.text.evidence import names, numbers
from curator.text.names import lower_case_words
from curator.text.words import SHORT_WORDS, char_shingles, jaccard, word_shingles, words
from evaluators.fields import Field, text_of

PERMUTATIONS = 128
"""How many hash functions a signature has."""

_MISSED_SHARE = 0.005
"""How many of the pairs at exactly the threshold the index may miss."""


class NearDedupOptions(StageOptions):
    """Options of `near-dedup`.

    Attributes:
        threshold: the smallest Jaccard similarity at which two records are duplicates, 0.3..1.
        field: what is compared: `instruction` (with its input), `response`, or `both` (the whole dialogue).
        guard: whether texts that state other numbers or other names always stay apart.
    """

    threshold: float = OptionField(default=0.8, ge=0.3, le=1.0)
    field: Field = "both"
    guard: bool = True


class NearDedup(CorpusSelector[NearDedupOptions]):
    """Keeps the first of all records that resemble each other.

    A record is dropped if its Jaccard similarity |A ∩ B| / |A ∪ B| with a record that stayed is at least `threshold`.
    A and B are the sets of word 3-grams; of character 5-grams where one of the two has less than 30 words, because
    one changed word spoils most of a short text's word n-grams. For single questions 0.7 is a good threshold.

    The index only proposes: its bands are laid so wide that at most 0.5% of the pairs at the threshold are missed,
    and every proposal is verified on the sets themselves. With `guard`, texts whose numbers or names differ are never
    proposed to each other: "in March" and "in May" are different facts however alike the rest is.

    Source: A. Broder, 1997, "On the resemblance and containment of documents"; banding as in J. Leskovec, A. Rajaraman
    and J. Ullman, 2014, "Mining of Massive Datasets", section 3.4; thresholds as in Lee et al., 2021, arXiv 2107.06499,
    appendix A. Differs in the guard and in the shingles of short texts.
    """

    name: ClassVar[str] = "near-dedup"
    Options: ClassVar[type[StageOptions]] = NearDedupOptions

    async def select(self, records: Sequence[Record], context: Context) -> Sequence[Rejection | None]:
        """Reject each record that resembles an earlier one that stayed.

        Args:
            records: the records, in order.
            context: not used.

        Returns:
            For each record None, or the rejection that names the most similar record that stayed.
        """
        return await asyncio.to_thread(self._decisions, records)

    def _decisions(self, records: Sequence[Record]) -> list[Rejection | None]:
        texts = [text_of(record, self.options.field) for record in records]
        common = frozenset().union(*map(lower_case_words, texts)) if self.options.guard else frozenset()
        index = _Index(self.options.threshold)
        decisions: list[Rejection | None] = []
        for at, text in enumerate(texts):
            entry = _entry(text, _guard(text, common) if self.options.guard else b"", self.options.threshold)
            similarity, original = index.nearest(entry)
            if original is None:
                index.add(at, entry)
                decisions.append(None)
            else:
                detail = f"of {records[original].id}: Jaccard {similarity:.2f}"
                decisions.append(Rejection("near-duplicate", detail))
        return decisions


class _Entry(msgspec.Struct, frozen=True):
    """What of a text is compared; `guard` is equal for texts that may be merged at all."""

    words: int
    chars: frozenset[str]
    runs: frozenset[str]
    guard: bytes

    def similarity(self, other: _Entry) -> float:
        if self.guard != other.guard:
            return 0.0
        if min(self.words, other.words) < SHORT_WORDS:
            return jaccard(self.chars, other.chars)
        return jaccard(self.runs, other.runs)


def _entry(text: str, guard: bytes, threshold: float) -> _Entry:
    """Return what of a text is compared; characters only where a short text could resemble it.

    Texts of Jaccard similarity t differ in size by 1 / t at most; twice that leaves room for repeated shingles.
    """
    count = len(words(text))
    has_chars = count < 2 * SHORT_WORDS / threshold
    return _Entry(
        words=count,
        chars=char_shingles(text) if has_chars else frozenset(),
        runs=word_shingles(text) if count >= SHORT_WORDS else frozenset(),
        guard=guard,
    )


def _guard(text: str, common: Set[str]) -> bytes:
    """Return a hash of the numbers and names of `text`."""
    facts = "\n".join([*sorted(numbers(text)), "", *sorted(names(text, common=common))])
    return hashlib.blake2b(facts.encode(), digest_size=16).digest()


class _Index:
    """The texts that stayed: one LSH index over characters for short texts, one over words for long ones.

    Two texts are compared by characters if one is short, so a text that a short one could resemble is in both.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._short = _Bands(threshold)
        self._long = _Bands(threshold)
        self._entries: dict[int, _Entry] = {}

    def nearest(self, entry: _Entry) -> tuple[float, int | None]:
        """Return the most similar text and its similarity, the earliest of equals; (0, None) if none is near."""
        proposed: set[int] = set()
        for bands, shingles in self._places(entry):
            proposed |= bands.like(shingles, entry.guard)
        best: tuple[float, int | None] = (0.0, None)
        for at in sorted(proposed):
            similarity = entry.similarity(self._entries[at])
            if similarity >= self._threshold and similarity > best[0]:
                best = (similarity, at)
        return best

    def add(self, at: int, entry: _Entry) -> None:
        self._entries[at] = entry
        for bands, shingles in self._places(entry):
            bands.add(at, shingles, entry.guard)

    def _places(self, entry: _Entry) -> Iterable[tuple[_Bands, frozenset[str]]]:
        if entry.chars:
            yield self._short, entry.chars
        if entry.runs:
            yield self._long, entry.runs


class _Bands:
    """datasketch's LSH over salted shingles, so that texts of another guard never share a band."""

    def __init__(self, threshold: float) -> None:
        from datasketch import MinHash, MinHashLSH

        # datasketch's own choice for a threshold misses 60% of the pairs that lie exactly at 0.8.
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=bands_and_rows(threshold))
        self._empty = MinHash(num_perm=PERMUTATIONS, scheme="affine32", hashfunc=_hash32)
        self._cached: tuple[frozenset[str], Any] | None = None

    def like(self, shingles: frozenset[str], guard: bytes) -> set[int]:
        """Return the texts that share a band."""
        return set(self._lsh.query(self._signature(shingles, guard)))

    def add(self, at: int, shingles: frozenset[str], guard: bytes) -> None:
        self._lsh.insert(at, self._signature(shingles, guard))

    def _signature(self, shingles: frozenset[str], guard: bytes) -> Any:
        if self._cached is None or self._cached[0] is not shingles:  # asked for, then added
            signature = self._empty.copy()
            signature.update_batch([guard + shingle.encode() for shingle in shingles])
            self._cached = (shingles, signature)
        return self._cached[1]


def bands_and_rows(threshold: float) -> tuple[int, int]:
    """Return how `PERMUTATIONS` values are banded so that pairs at `threshold` are found.

    A pair of similarity s shares one of b bands of r rows with probability 1 - (1 - s^r)^b; the r taken is the largest
    that still finds all but 0.5% of the pairs at the threshold.

    Source: Leskovec, Rajaraman and Ullman, 2014, "Mining of Massive Datasets", section 3.4.2.

    Args:
        threshold: the similarity that must be found, above 0.1 and at most 1.

    Returns:
        (bands, rows).
    """
    fitting = [
        (PERMUTATIONS // rows, rows)
        for rows in range(1, 17)
        if (1 - threshold**rows) ** (PERMUTATIONS // rows) <= _MISSED_SHARE
    ]
    return fitting[-1]


def _hash32(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "little")
