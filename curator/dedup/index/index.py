"""An index of everything seen so far, which tells of each new text whether it nearly repeats something, and remembers.

`datasketch`'s banded MinHash index proposes, and the exact Jaccard similarity of the shingle sets decides, by the same
definition as for near-duplicates of a given set of texts (`curator.dedup.shingles`). The signatures are stored, so an
index of many texts is opened without hashing any of them again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from curator.dedup.choices import Shingles
from curator.dedup.guard import fact_keys
from curator.dedup.index.sketch import Judgement, Repeat, Sketch, decoded, encoded, hashes, similarity, sketch_of
from curator.dedup.index.storage import SketchStorage
from curator.dedup.minhash import PERMUTATIONS, SCHEME, bands_and_rows
from curator.text.names import lower_case_words

CROWD = 1024
"""With how many of the texts that share a band with it a text is compared, those that share the most: thousands of
twins that differ in a name would otherwise cost their square."""

GUARDED = 256
"""Of how many of the alike, the most alike first, the guard looks at numbers and names."""

_SEED = 1  # what `datasketch` draws its permutations by unless told otherwise


class SketchIndex:
    """Texts by key, each judged once: the first time it is seen.

    A text that nearly repeats one in the index is a `Repeat` of the most similar; any other is novel, and enters. Both
    are remembered under the text's key, so that whoever asks again, be it after kill -9, gets the same answer.

    With the guard, texts that state other numbers or names repeat nothing (`curator.dedup.guard`). A capitalised word
    that opens a sentence is a name unless the text itself or any text in the index writes it in lower case.
    """

    def __init__(
        self, storage: SketchStorage, *, threshold: float, shingles: Shingles = "auto", guard: bool = True
    ) -> None:
        """Open an index, with all that is in it.

        Args:
            storage: where it rests; it holds what was judged with these very settings.
            threshold: the smallest Jaccard similarity at which a text repeats another, above 0 and at most 1.
            shingles: what texts are compared by.
            guard: whether texts that state other facts stay apart.
        """
        self._storage = storage
        self._threshold = threshold
        self._shingles = shingles
        self._guard = guard
        self._words = _buckets(storage, "words", threshold)
        self._characters = _buckets(storage, "characters", threshold)
        self._known_words: set[str] = set()
        self._fresh: dict[str, Judgement] = {}
        self._load()

    def nearest(self, text: str) -> Repeat | None:
        """Return which text of the index a text nearly repeats.

        Args:
            text: the text; one without a letter, digit or sign repeats nothing.

        Returns:
            The most similar at the threshold, by exact similarity; None if there is none.

        Raises:
            StoreError: the index's storage fails.
        """
        with self._storage.turn():
            return self._nearest(self._sketch(text), text)

    def add(self, key: str, text: str) -> None:
        """Take a text in, whatever it repeats; durable on return.

        Args:
            key: what it is known by; if it was judged before, nothing changes.
            text: the text.

        Raises:
            StoreError: the index's storage fails.
        """
        with self._storage.turn():
            if not self._storage.get([key]):
                self._enter(key, self._sketch(text), text)
                self._commit()

    def judged(self, texts: Sequence[tuple[str, str]]) -> list[Repeat | None]:
        """Judge texts, one after the other; those seen before as they were judged then. Durable on return.

        Args:
            texts: key and text of each.

        Returns:
            For each what it repeats; None if it is novel.

        Raises:
            StoreError: the index's storage fails.
        """
        with self._storage.turn():
            before = {key: decoded(value) for key, value in self._storage.get([key for key, _text in texts]).items()}
            for key, text in texts:
                if key not in before and key not in self._fresh:
                    sketch = self._sketch(text)
                    repeat = self._nearest(sketch, text)
                    if repeat is None:
                        self._enter(key, sketch, text)
                    else:
                        self._fresh[key] = repeat
            before |= self._fresh
            self._commit()
        judgements = [before[key] for key, _text in texts]
        return [judgement if isinstance(judgement, Repeat) else None for judgement in judgements]

    def close(self) -> None:
        """Let go of connections; the index can still be used."""
        self._storage.close()

    def _sketch(self, text: str) -> Sketch:
        return sketch_of(text, self._shingles, self._threshold, guard=self._guard)

    def _nearest(self, sketch: Sketch, text: str) -> Repeat | None:
        alike = []
        for key, other in self._sketches(self._proposed(sketch)):
            value = similarity(sketch, other)
            if value >= self._threshold:
                alike.append((-value, key, other))
        alike.sort(key=lambda each: each[:2])
        for value, key, other in alike[:GUARDED]:
            if not self._guard or self._state_the_same(text, other.text):
                return Repeat(key, -value)
        return None

    def _proposed(self, sketch: Sketch) -> list[str]:
        """Return the keys of the texts that share a band, the most bands first: in a crowd, a copy stands in front."""
        bands: Counter[bytes] = Counter()
        for buckets, signature in self._signatures(sketch):
            values = _min_hash(signature).hashvalues
            for (start, end), table in zip(buckets.hashranges, buckets.hashtables, strict=True):
                bands.update(table.get(buckets._H(values[start:end])))  # `query` tells who, not how often
        return [key.decode() for key in sorted(bands, key=lambda key: (-bands[key], key))[:CROWD]]

    def _sketches(self, keys: Sequence[str]) -> list[tuple[str, Sketch]]:
        """Return the sketches under these keys; a key that a killed process left in a bucket has none."""
        stored = self._storage.get([key for key in keys if key not in self._fresh])
        found = {**{key: decoded(value) for key, value in stored.items()}, **self._fresh}
        return [(key, sketch) for key in keys if isinstance(sketch := found.get(key), Sketch)]

    def _state_the_same(self, text: str, other: str) -> bool:
        asked = {word.removesuffix("'s") for each in (text, other) for word in lower_case_words(each.casefold())}
        common = (asked & self._known_words) | (asked & (lower_case_words(text) | lower_case_words(other)))
        common |= self._storage.known(asked - common)
        one, two = fact_keys([text, other], common=common)
        return one == two

    def _enter(self, key: str, sketch: Sketch, text: str) -> None:
        if self._guard:
            words = lower_case_words(text) - self._known_words
            self._known_words |= words
            sketch = msgspec.structs.replace(sketch, new_words=tuple(sorted(words)))
        for buckets, signature in self._signatures(sketch):
            buckets.insert(key.encode(), _min_hash(signature), check_duplication=False)
        self._fresh[key] = sketch

    def _commit(self) -> None:
        """Store what was judged since the last time, in one piece; only this makes bucket entries count."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            words = {word for each in fresh.values() if isinstance(each, Sketch) for word in each.new_words}
            self._storage.put({key: encoded(judgement) for key, judgement in fresh.items()}, words)

    def _load(self) -> None:
        with self._words.insertion_session() as words, self._characters.insertion_session() as characters:
            for key, value in self._storage.to_load():
                judgement = decoded(value)
                if isinstance(judgement, Sketch):
                    self._known_words.update(judgement.new_words)
                    for session, signature in (
                        (words, judgement.word_signature),
                        (characters, judgement.character_signature),
                    ):
                        if signature:
                            session.insert(key.encode(), _min_hash(signature), check_duplication=False)

    def _signatures(self, sketch: Sketch) -> list[tuple[Any, bytes]]:
        pairs = ((self._words, sketch.word_signature), (self._characters, sketch.character_signature))
        return [(buckets, signature) for buckets, signature in pairs if signature]


def _buckets(storage: SketchStorage, name: str, threshold: float) -> Any:
    from datasketch import MinHashLSH

    bands, rows = bands_and_rows(threshold)
    if bands < 2:  # `datasketch` wants two; more bands of fewer rows miss even less
        bands, rows = 2, PERMUTATIONS // 2
    # Keys are bytes and are not pickled: what lies in a shared server is never run.
    return MinHashLSH(
        num_perm=PERMUTATIONS, params=(bands, rows), prepickle=False, storage_config=dict(storage.bucket_storage(name))
    )


def _min_hash(signature: bytes) -> Any:
    from datasketch import LeanMinHash

    return LeanMinHash(seed=_SEED, hashvalues=hashes(signature).astype(np.uint32), scheme=SCHEME)
