"""What is kept of a text, so that later ones can be compared with it and it is never cut into shingles again."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from curator.dedup.choices import Shingles
from curator.dedup.minhash import signatures
from curator.dedup.shingles import Hashes, Sets, shingled
from curator.text.evidence import numbers


class Sketch(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A text that repeated nothing when it was first seen.

    Arrays are kept as bytes: unsigned integers of 32 bits, the lowest byte first.

    Attributes:
        short: whether the text is short; see `curator.dedup.shingles`.
        words: its set of word 3-grams; empty if it is not compared by words.
        characters: its set of character 5-grams; empty if it is not compared by characters.
        word_signature: the signature of `words`; empty if that is.
        character_signature: the signature of `characters`; empty if that is.
        packed: the text, compressed; empty without the guard, which has to see both texts of a pair.
        new_words: the words that it writes in lower case and no text before it did; none without the guard.
    """

    short: bool
    words: bytes
    characters: bytes
    word_signature: bytes
    character_signature: bytes
    packed: bytes = b""
    new_words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text itself."""
        return zlib.decompress(self.packed).decode("utf-8", "surrogatepass")


class Repeat(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """A text that nearly repeated another one when it was first seen.

    Attributes:
        of: the key of the other one.
        similarity: the Jaccard similarity of the two, threshold..1.
    """

    of: str
    similarity: float


Judgement = Sketch | Repeat
"""What was found of a text when it was first seen."""

_decoder: msgspec.msgpack.Decoder[Judgement] = msgspec.msgpack.Decoder(Sketch | Repeat)


def encoded(judgement: Judgement) -> bytes:
    """Return a judgement as it is stored."""
    return msgspec.msgpack.encode(judgement)


def decoded(value: bytes) -> Judgement:
    """Return a judgement that was stored."""
    return _decoder.decode(value)


def sketch_of(text: str, shingles: Shingles, threshold: float, *, guard: bool) -> Sketch:
    """Make the sketch of a text.

    With the guard, texts that state other numbers get signatures that agree nowhere, so that twins made from a template
    of numbers are not even proposed to each other.

    Args:
        text: the text.
        shingles: what texts are compared by.
        threshold: the similarity at which two texts are duplicates, above 0 and at most 1.
        guard: whether texts that state other facts stay apart.

    Returns:
        The sketch, without `new_words`, which depend on the texts before.
    """
    sets = shingled([text], shingles, threshold)
    shift = _numbers_stated(text) if guard else 0
    return Sketch(
        short=bool(sets.short[0]),
        words=_bytes(sets.words.values),
        characters=_bytes(sets.characters.values),
        word_signature=_signature(sets.words, shift),
        character_signature=_signature(sets.characters, shift),
        packed=zlib.compress(text.encode("utf-8", "surrogatepass")) if guard else b"",
    )


def similarities(one: Sketch, others: Sequence[Sketch]) -> list[float]:
    """Return the exact Jaccard similarity |A ∩ B| / |A ∪ B| of a text's set and each of others'.

    Args:
        one: the sketch of a text.
        others: those of others, made with the same threshold and kind of shingles.

    Returns:
        For each other one 0 to 1; by characters if one of the two is short, else by words. 0 where one has no such set.
    """
    by_characters = [one.short or other.short for other in others]
    sets = [each.characters if by else each.words for each, by in zip(others, by_characters, strict=True)]
    own = [one.characters if by else one.words for by in by_characters]
    shared = np.where(by_characters, _shared(one.characters, sets), _shared(one.words, sets)).tolist()
    return [
        count / (len(left) // 4 + len(right) // 4 - count) if count else 0.0
        for left, right, count in zip(own, sets, shared, strict=True)
    ]


def hashes(kept: bytes) -> Hashes:
    """Return an array that a sketch keeps as bytes."""
    return np.frombuffer(kept, dtype="<u4")


def _bytes(array: Hashes) -> bytes:
    return array.astype("<u4").tobytes()


def _shared(kept: bytes, sets: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """Return how many elements of each set are in the kept one, too. Shape: (sets,)."""
    own = np.append(np.sort(hashes(kept)), 0)  # the last one so that every place is there
    elements = hashes(b"".join(sets))
    places = np.searchsorted(own[:-1], elements)
    found = np.append(0, np.cumsum((own[places] == elements) & (places < len(own) - 1)))
    ends = np.cumsum([len(each) // 4 for each in sets], dtype=np.int64)
    shared: npt.NDArray[np.int64] = np.diff(found[np.append(0, ends)])
    return shared


def _signature(sets: Sets, shift: int) -> bytes:
    return _bytes(signatures(sets)[0] ^ np.uint32(shift)) if len(sets.values) else b""


def _numbers_stated(text: str) -> int:
    facts = "\n".join(sorted(numbers(text)))
    return int.from_bytes(hashlib.blake2b(facts.encode(), digest_size=4).digest(), "little")
