"""An index of everything seen so far, which tells of each new text whether it nearly repeats something, and remembers.

`datasketch`'s banded MinHash index proposes, and the exact Jaccard similarity of the shingle sets decides, by the same
definition as for near-duplicates of a given set of texts (`curator.dedup.shingles`). The signatures are stored, so an
index of many texts is opened without hashing any of them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np

from curator.dedup.choices import Shingles
from curator.dedup.index.facts import FactsByKey
from curator.dedup.index.sketch import Judgement, Repeat, Sketch, decoded, encoded, hashes, similarities, sketch_of
from curator.dedup.index.storage import SketchStorage
from curator.dedup.minhash import PERMUTATIONS, SCHEME, bands_and_rows
from curator.text.names import lower_case_words

CROWD = 1024
"""With how many of the texts that share a band with it a text is compared, at most: thousands of twins that differ in a
name would otherwise cost their square."""

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
        self._asked_words: set[str] = set()
        self._facts = FactsByKey()
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
        with self._turn():
            return self._nearest(None, text, self._sketch(text))

    def add(self, key: str, text: str) -> None:
        """Take a text in, whatever it repeats; durable on return.

        Args:
            key: what it is known by; if it was judged before, nothing changes.
            text: the text.

        Raises:
            StoreError: the index's storage fails; the text is not in then.
        """
        with self._turn():
            if key not in self._fresh and not self._storage.get([key]):
                self._enter(key, text, self._sketch(text))
            self._commit()

    def judge(self, key: str, text: str) -> None:
        """Judge one text of those that `judged` is asked about next, in their order.

        Whoever has other things to do judges one by one, and then asks; nothing is durable before. Only for an index
        that nobody shares.

        Args:
            key: what it is known by; if it was judged before, nothing is done.
            text: the text.

        Raises:
            StoreError: the index's storage fails; all that is not durable is forgotten then.
        """
        with self._all_or_nothing():
            if key not in self._fresh and not self._storage.get([key]):
                self._judge(key, text)

    def judged(self, texts: Sequence[tuple[str, str]]) -> list[Repeat | None]:
        """Judge texts, one after the other; those seen before as they were judged then. Durable on return.

        Args:
            texts: key and text of each.

        Returns:
            For each what it repeats; None if it is novel.

        Raises:
            StoreError: the index's storage fails; none of the texts counts as seen then.
        """
        with self._turn():
            before = {key: decoded(value) for key, value in self._storage.get([key for key, _text in texts]).items()}
            for key, text in texts:
                if key not in before and key not in self._fresh:
                    self._judge(key, text)
                    self._storage.hold()
            before |= self._fresh
            self._commit()
        judgements = [before[key] for key, _text in texts]
        return [judgement if isinstance(judgement, Repeat) else None for judgement in judgements]

    def close(self) -> None:
        """Let go of connections; the index can still be used."""
        self._storage.close()

    def _sketch(self, text: str) -> Sketch:
        return sketch_of(text, self._shingles, self._threshold, guard=self._guard)

    def _judge(self, key: str, text: str) -> None:
        sketch = self._sketch(text)
        repeat = self._nearest(key, text, sketch)
        if repeat is None:
            self._enter(key, text, sketch)
        else:
            self._fresh[key] = repeat

    def _nearest(self, key: str | None, text: str, sketch: Sketch) -> Repeat | None:
        proposed = self._proposed(sketch)
        if self._guard and proposed:
            proposed = self._facts.alike(key, text, proposed, self._texts, self._known)
        others = self._sketches(proposed)
        values = similarities(sketch, list(others.values()))
        alike = [(-value, other) for other, value in zip(others, values, strict=True) if value >= self._threshold]
        if not alike:
            return None
        value, other = min(alike)
        return Repeat(other, -value)

    def _proposed(self, sketch: Sketch) -> list[str]:
        """Return the keys of the texts that share a band, from the smallest buckets: these tell a copy from a crowd."""
        return [key.decode() for key in sorted(least_common(self._shared_buckets(sketch), CROWD))]

    def _shared_buckets(self, sketch: Sketch) -> list[set[bytes]]:
        found = []
        for buckets, signature in self._signatures(sketch):
            values = _min_hash(signature).hashvalues
            for (start, end), table in zip(buckets.hashranges, buckets.hashtables, strict=True):
                found.append(table.get(buckets._H(values[start:end])))  # `query` would unite them all
        return found

    def _sketches(self, keys: Sequence[str]) -> dict[str, Sketch]:
        """Return the sketches under these keys; a key that a killed process left in a bucket has none."""
        stored = self._storage.get([key for key in keys if key not in self._fresh])
        found = {**{key: decoded(value) for key, value in stored.items()}, **self._fresh}
        return {key: sketch for key in keys if isinstance(sketch := found.get(key), Sketch)}

    def _texts(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: sketch.text for key, sketch in self._sketches(keys).items()}

    def _known(self, words: Set[str]) -> Set[str]:
        """Return which of these words any text of the index writes in lower case; elsewhere each is asked for once."""
        asked = words - self._known_words - self._asked_words
        self._known_words |= self._storage.known(asked)
        self._asked_words |= asked
        return words & self._known_words

    def _enter(self, key: str, text: str, sketch: Sketch) -> None:
        if self._guard:
            words = lower_case_words(text) - self._known_words
            self._known_words |= words
            sketch = msgspec.structs.replace(sketch, new_words=tuple(sorted(words)))
        self._fresh[key] = sketch
        for buckets, signature in self._signatures(sketch):
            buckets.insert(key.encode(), _min_hash(signature), check_duplication=False)

    def _commit(self) -> None:
        """Store what was judged since the last time, in one piece; only this makes bucket entries count."""
        if self._fresh:
            self._storage.hold()
            values = {key: encoded(judgement) for key, judgement in self._fresh.items()}
            self._storage.put(values, self._fresh_words())
            self._fresh = {}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._storage.turn(), self._all_or_nothing():
            self._asked_words = set()  # others may have written since
            yield

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._known_words -= self._fresh_words()
            for key in self._fresh:
                self._facts.forget(key)
            self._fresh = {}
            raise

    def _fresh_words(self) -> set[str]:
        return {word for each in self._fresh.values() if isinstance(each, Sketch) for word in each.new_words}

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


def least_common(buckets: Sequence[set[bytes]], limit: int) -> set[bytes]:
    """Return what is in any of some buckets, or so much of it that a copy is there.

    A copy is in all buckets, and the smallest hold the fewest others. So small buckets are taken first, and of one that
    is too large, what is in the larger ones as well.

    Args:
        buckets: the buckets.
        limit: how much is wanted at most.

    Returns:
        The keys; the same whatever order the sets have.
    """
    ascending = sorted(buckets, key=len)
    keys: set[bytes] = set()
    for number, bucket in enumerate(ascending, start=1):
        more, room = bucket - keys, limit - len(keys)
        for larger in ascending[number:]:
            if len(more) <= room:
                break
            more = more & larger or more
        keys.update(more if len(more) <= room else sorted(more)[:room])
        if len(keys) == limit:
            break
    return keys


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
