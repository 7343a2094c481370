"""Synthetic texts for near-duplicate search: words at random, and copies of them with words changed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from curator.dedup.shingles import character_hashes, word_hashes
from curator.text.words import words

ALPHABETS = (
    "abc de f' A'_9`´",
    "aé üß ﬁ ŉ ½²³¹¼¾ İı ǅ ſ µ ¨ ª º",
    "Привет Ёж ΑΒΓς ά",
    "漢字 かな ハﾊﾞ ไทย กำ 가나각 一",
    "😀👍🏽👨‍👩‍👧 –—−“”’‘…«»",
    "e\u0301a\u0308\u0345\u0300\u0327o\u0338",
    "a\u00ad\u200b\ufeff\u2060\u00a0\u0085\x00\x1c\u3000\u2028 \t\n",
    "x\ud800 \udc00\udfff\ud83d",
    "नमस्ते العَرَبِيَّة עִבְרִית ﷽ ﷺ",
    "ᄀ\u1161\u11a8 ｆｕｌｌ １２ Ⅷ ① ㎏ ℃ Å K",
)
"""Characters that the normal form, or the words, treat in some way of their own."""


def mixed_text(draw: random.Random) -> str:
    """Return characters of one alphabet or of several."""
    own = draw.sample(ALPHABETS, draw.randint(1, 3))
    return "".join(draw.choice(draw.choice(own)) for _ in range(draw.randint(0, 60)))


def random_words(draw: random.Random, count: int, longest: int = 8) -> list[str]:
    """Return words of random letters."""
    return ["".join(draw.choice("etaoinshr") for _ in range(draw.randint(2, longest))) for _ in range(count)]


def corpus(seed: int, count: int) -> list[str]:
    """Return texts of all kinds and lengths, half of them changed copies of others."""
    draw = random.Random(seed)
    texts = ["", "a", "漢"]
    while len(texts) < count:
        kind = draw.random()
        if kind < 0.2:
            texts.append(mixed_text(draw))
        elif kind < 0.5:
            texts.append(" ".join(random_words(draw, draw.randint(0, 70), 4)))
        else:
            copy = draw.choice(texts).split(" ")
            for _ in range(draw.randint(0, 3)):
                copy[draw.randrange(len(copy))] = random_words(draw, 1)[0]
            texts.append(" ".join(copy))
    return texts


def jaccard_by(kind: str, one: str, other: str) -> float:
    """Return the similarity of two texts by `words` or by `characters`, from the definition."""
    cut = (lambda text: word_hashes(words(text))) if kind == "words" else character_hashes
    left, right = set(cut(one).tolist()), set(cut(other).tolist())
    return len(left & right) / len(left | right) if left or right else 0.0


def changed_until(original: Sequence[str], kind: str, similarity: float, draw: random.Random) -> str:
    """Return a copy with one letter changed in a word after the other, as long as it stays at least as similar."""
    text = " ".join(original)
    copy = list(original)
    for at in draw.sample(range(len(copy)), len(copy)):
        tried = [*copy[:at], copy[at][:-1] + "z", *copy[at + 1 :]]
        if jaccard_by(kind, text, " ".join(tried)) < similarity:
            break
        copy = tried
    return " ".join(copy)
