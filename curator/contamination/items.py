"""What is looked for, by which rules, and what a find is."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

RuleName = Literal["ngram-13", "ngram-8", "matched", "embedding"]
"""The rules one chooses from; `Rules` says what each does."""

Part = Literal["question", "answer"]
"""Which half of an item was found."""


class Item(msgspec.Struct, frozen=True):
    """One task of a benchmark.

    Attributes:
        id: what it is called in reports, unlike any other item's: `FILE:ROW`, or an id of its own.
        question: what is asked; "" if that is not to be looked for.
        answer: the reference answer; "" if that is not to be looked for.
    """

    id: str
    question: str = ""
    answer: str = ""


class Benchmark(msgspec.Struct, frozen=True):
    """A benchmark.

    Attributes:
        name: its name: a file's or a dataset's.
        items: its tasks.
    """

    name: str
    items: tuple[Item, ...]


class Rules(msgspec.Struct, frozen=True):
    """Which finds count.

    A run is a number of neighbouring words; case, punctuation, typography, accents, Markdown and HTML do not matter. In
    scripts without spaces a run has as many characters as such a number of words would have (see `forms.weight`): 13
    words are 26 Chinese characters, or 52 Thai ones; where several runs count together, each has half as many at least.
    Runs that more than ten different texts of the benchmarks share are boilerplate ("Which of the following statements
    is true ...", a passage that many items ask about) and tell nothing.

    - `ngram-13`: text and item share a run of 13 words.
    - `ngram-8`: shared runs of 8 words cover at least the share `covered` of the item's words, boilerplate left out.
    - `matched`: they share a run of 10 words, and the characters that both have in the same order (blocks of more than
      5) are more than the share `matched` of the item's.
    - `embedding`: the cosine of their sentence embeddings, the text's passage by passage, is at least `cosine`.

    A question with fewer words than the longest run of the chosen rules is looked for by itself, too, as are the
    sentences that boilerplate leaves of a question: whole (reported as `short-whole`), and by its characters
    (`short-characters`): shared runs of 13 cover at least the share `characters`, and each word that the text lacks is
    a function word or another form of one that it has. Shorter answers are not looked for: any text may say "Paris".

    Source: `ngram-13`: Brown et al., 2020, arXiv 2005.14165, appendix C. `ngram-8`: Lambert et al., 2024, arXiv
    2411.15124 (Tulu 3), section on decontamination. `matched`: the data pipeline published with Cosmopedia (Hugging
    Face, 2024). `embedding`: Yang et al., 2023, arXiv 2311.04850. The rules for short questions and the treatment of
    boilerplate are our own.

    Attributes:
        names: the rules, at least one.
        covered: the least share of an item's words for `ngram-8`, above 0 and at most 1.
        matched: the share of an item's characters that `matched` wants more than, 0..1.
        characters: the least share of a short question's characters, above 0 and at most 1.
        cosine: the least cosine for `embedding`, above 0 and at most 1.
    """

    names: tuple[RuleName, ...] = ("ngram-13", "ngram-8", "matched")
    covered: float = 0.5
    matched: float = 0.5
    characters: float = 0.5
    cosine: float = 0.85


class Hit(NamedTuple):
    """An item that was found in a text.

    Attributes:
        benchmark: the benchmark's name.
        item: the item's id.
        part: which half of the item was found.
        rule: one of the chosen rules, or `short-whole` or `short-characters`.
        share: how much of the item the text has, 0..1; for `embedding` the cosine.
        shared: the longest run of words that both have, cut to a quotation; of `embedding` the item's first words.
        passage: of `embedding`, the passage of the text that is near; "" else.
    """

    benchmark: str
    item: str
    part: Part
    rule: str
    share: float
    shared: str
    passage: str = ""


class Overlap(NamedTuple):
    """What one rule says about two texts; see `Hit`."""

    rule: str
    share: float
    shared: str
    passage: str = ""


class Limits(msgspec.Struct, frozen=True):
    """The items that are looked for in part, or not at all, by their ids.

    Attributes:
        too_short: they say too little for any rule of words.
        boilerplate: nearly all of their words are boilerplate; only what is left is looked for.
        unreadable: the embedding model does not know their script, so that their meaning is not compared.
        cut: they are longer than the embedding model reads; only their beginning is compared.
    """

    too_short: tuple[str, ...] = ()
    boilerplate: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


QUOTED_WORDS = 20
"""How many words a quotation has at most."""


def quotation(words: tuple[str, ...] | list[str]) -> str:
    """Return words as a quotation of at most `QUOTED_WORDS`."""
    return " ".join(words[:QUOTED_WORDS]) + (" …" if len(words) > QUOTED_WORDS else "")
