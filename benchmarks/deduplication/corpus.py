"""The texts that are deduplicated, and which of them are alike: made once, kept under `.cache`.

Synthetic texts have 30 to 74 words, 52 on average, of a vocabulary with Zipf's frequencies, in lower case with single
blanks: every contestant's idea of a word is then the same. A fifth of them are another text with words replaced, left
out, added and cut off at the end, until a similarity drawn between 0.6 and 1 is reached; a twentieth are copies. Twins
are one sentence with three changing words. The novel's texts are sentences of it, with punctuation, put together anew.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deduplication.truth import alike_pairs, clusters

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".cache" / "dedup-benchmark"
THRESHOLD = 0.8
SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}

_VOCABULARY = 50_000
_NEAR_SHARE, _COPY_SHARE = 0.2, 0.05
_SYLLABLES = [consonant + vowel for consonant in "bdfghklmnprstvz" for vowel in "aeiou"]
_TRIES = 4
_TWINS = 50_000
_NOVEL, _NOVEL_WORDS = 20_000, 40


class Corpus(NamedTuple):
    """Texts with what is known of them.

    Attributes:
        folder: where they lie: `texts.txt`, a line each; `texts.parquet` with the columns `id` and `text`; `truth.npz`.
        size: how many texts.
        characters: how long they are together.
    """

    folder: Path
    size: int
    characters: int


class Truth(NamedTuple):
    """What a search at `THRESHOLD` should find.

    Attributes:
        left: one text of each alike pair.
        right: the other.
        similarity: their Jaccard similarity over word 3-grams.
        roots: for each text the smallest number in its cluster.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int64]


def corpus_of(name: str) -> Corpus:
    """Return a corpus, made now if it is not there.

    Args:
        name: one of `SIZES`, `twins` or `novel`.

    Returns:
        Where it lies.
    """
    folder = FOLDER / name
    if not (folder / "about.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(name, folder)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return Corpus(folder, about["size"], about["characters"])


def truth_of(corpus: Corpus) -> Truth:
    """Return what is alike in a corpus."""
    with np.load(corpus.folder / "truth.npz") as kept:
        return Truth(*(kept[field] for field in Truth._fields))


def _make(name: str, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    words_of: Callable[[str], list[str]] = str.split
    if name == "twins":
        texts = twins()
    elif name == "novel":
        from curator.text.words import words as words_of

        texts = novel()
    else:
        texts = synthetic(SIZES[name])
    (folder / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    numbers = pa.array(np.arange(len(texts), dtype=np.int64))
    pq.write_table(pa.table({"id": numbers, "text": pa.array(texts, type=pa.large_string())}), folder / "texts.parquet")
    truth = _truth_of_twins(texts) if name == "twins" else _truth(texts, words_of)
    np.savez(folder / "truth.npz", **truth._asdict())
    about = {"size": len(texts), "characters": sum(map(len, texts))}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _truth(texts: Sequence[str], words_of: Callable[[str], list[str]]) -> Truth:
    left, right, similarity = alike_pairs(map(words_of, texts), THRESHOLD)
    return Truth(left, right, similarity, clusters(len(texts), left, right))


def _truth_of_twins(texts: Sequence[str]) -> Truth:
    """All twins are alike, in more pairs than can be written down: those with the first text stand for them."""
    first = _grams(texts[0].split())
    similarity = [_jaccard(first, _grams(text.split())) for text in texts[1:]]
    assert min(similarity) >= THRESHOLD
    right = np.arange(1, len(texts), dtype=np.int64)
    return Truth(np.zeros_like(right), right, np.array(similarity), np.zeros(len(texts), dtype=np.int64))


def synthetic(count: int) -> list[str]:
    """Return so many synthetic texts, in an order of chance."""
    numbers, chance = np.random.default_rng(count), random.Random(count)
    vocabulary = _vocabulary(chance)
    frequency = np.cumsum(1 / (np.arange(_VOCABULARY) + 2.7))
    near, copies = int(count * _NEAR_SHARE), int(count * _COPY_SHARE)
    lengths = numbers.integers(30, 75, size=count - near - copies)
    drawn = np.searchsorted(frequency, numbers.random(int(lengths.sum())) * frequency[-1])
    originals = [part.tolist() for part in np.split(drawn.astype(np.int32), np.cumsum(lengths)[:-1])]
    changed = [_changed(chance.choice(originals), chance.uniform(0.6, 1), chance) for _ in range(near)]
    texts = [*originals, *changed, *(chance.choice(originals) for _ in range(copies))]
    chance.shuffle(texts)
    return [" ".join([vocabulary[word] for word in text]) for text in texts]


def twins() -> list[str]:
    """Return one long sentence over and over, with three words that change."""
    chance = random.Random(_TWINS)
    vocabulary = _vocabulary(chance)
    frame = chance.sample(vocabulary[:5000], 60)
    texts = []
    for _ in range(_TWINS):
        one, two, three = chance.choices(vocabulary[5000:], k=3)
        texts.append(" ".join([one, *frame[:30], two, *frame[30:], three]))
    return texts


def novel() -> list[str]:
    """Return sentences of "Pride and Prejudice" put together anew; a quarter of the texts are another one, edited."""
    from curator.text.sentences import sentence_spans
    from tests.books import is_here
    from tests.books import novel as whole

    if not is_here():
        raise SystemExit("the novel is not here: `make setup` fetches it")
    chance, book = random.Random(_NOVEL), " ".join(whole().replace("_", "").split())
    sentences = [book[start:end] for start, end in sentence_spans(book)]
    texts: list[list[str]] = []
    while len(texts) < _NOVEL:
        made = [chance.choice(sentences)]
        if len(texts) > 1000 and chance.random() < _NEAR_SHARE + _COPY_SHARE:
            made = _edited(chance.choice(texts), chance)
        while sum(len(sentence.split()) for sentence in made) < _NOVEL_WORDS:
            made.append(chance.choice(sentences))
        texts.append(made)
    return [" ".join(text) for text in texts]


def _edited(sentences: list[str], chance: random.Random) -> list[str]:
    """Return a text in other typography, and often with a sentence cut off or words replaced."""
    words = " ".join(sentences).replace("'", "’").replace('"', "“").split()
    for _ in range(chance.randrange(4)):
        words[chance.randrange(len(words))] = chance.choice(["perhaps", "indeed", "Darcy", "never"])
    return [" ".join(words), *(["Indeed."] if chance.random() < 0.3 else [])]


def _vocabulary(chance: random.Random) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < _VOCABULARY:
        syllables = 1 + (len(made) > 60) + (len(made) > 2_000) + (len(made) > 15_000) + (chance.random() < 0.3)
        made["".join(chance.choices(_SYLLABLES, k=syllables))] = None
    return list(made)


def _changed(words: list[int], similarity: float, chance: random.Random) -> list[int]:
    """Return a text changed again and again, as long as it is at least that similar to the original."""
    original, current, in_vain = _grams(words), words, 0
    while in_vain < _TRIES:
        changed, place, word = list(current), chance.randrange(len(current)), chance.randrange(_VOCABULARY)
        match chance.randrange(4):
            case 0:
                changed[place] = word
            case 1:
                del changed[place]
            case 2:
                changed.insert(place, word)
            case _:
                changed.pop()
        if _jaccard(original, _grams(changed)) >= similarity:
            current, in_vain = changed, 0
        else:
            in_vain += 1
    return current


def _grams(words: Sequence[object]) -> set[tuple[object, ...]]:
    return set(zip(words, words[1:], words[2:], strict=False))


def _jaccard(left: set[tuple[object, ...]], right: set[tuple[object, ...]]) -> float:
    common = len(left & right)
    return common / (len(left) + len(right) - common)
