"""How alike texts are, from the definition: sets of strings, made by no code of the engines."""

from __future__ import annotations

from curator.text.words import jaccard, normalise, word_ngrams, words


def word_shingles(text: str) -> frozenset[str]:
    """Return the word 3-grams of a text; of one with fewer words, that one run."""
    return frozenset(" ".join(run) for run in word_ngrams(text, 3))


def character_shingles(text: str) -> frozenset[str]:
    """Return the character 5-grams of a text's normal form; of a shorter one, that form."""
    form = normalise(text)
    return frozenset(form[at : at + 5] for at in range(max(1, len(form) - 4))) - {""}


def similarity(one: str, other: str) -> float:
    """Return the similarity of two texts by words, or by characters where one has less than 30 words; 0 of nothing."""
    cut = character_shingles if min(len(words(one)), len(words(other))) < 30 else word_shingles
    left, right = cut(one), cut(other)
    return jaccard(left, right) if left or right else 0.0
