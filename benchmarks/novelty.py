"""How fast a new instruction is compared with a large pool: the novelty index against `rouge-score`, all pairs.

The pool is made of synthetic instructions of the length that Self-Instruct reports (about 13 words), with a skewed
choice of words as in language, so that common words are in very many of them. The index is asked about each candidate
for the ten most similar: the first decides whether it is new, all are what a person reviews. `rouge-score` is asked
about a sample of pairs in the same process; its time for the pool is that of a pair, times the pool, and said to be so.
Whether the two agree is checked for every pair of the sample, and whether the index finds the ten that comparing with
the whole pool finds, for one candidate.

Run `python benchmarks/novelty.py`, with `--pool` for another size.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
import tracemalloc

from rouge_score.rouge_scorer import RougeScorer

from curator.text.rouge import NoveltyIndex, ascii_words, rouge_l

VERBS = "write explain list compare describe rewrite summarise sort translate plan suggest name classify draft".split()
COMMON = "the a of to and in for that is with on your as from this by an at or two it three about into one new".split()
RARE_WORDS = 20_000


def instructions(count: int, seed: int) -> list[str]:
    """Return so many instructions of 6 to 20 words."""
    numbers = random.Random(seed)
    rare = [f"word{number}" for number in range(RARE_WORDS)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(RARE_WORDS)))  # Zipf's law, about
    made = []
    for _ in range(count):
        length = numbers.randint(5, 19)
        tail = [
            numbers.choice(COMMON) if numbers.random() < 0.45 else numbers.choices(rare, cum_weights=weights)[0]
            for _ in range(length)
        ]
        made.append(" ".join([numbers.choice(VERBS), *tail]))
    return made


def per_candidate_s(index: NoveltyIndex, candidates: list[str]) -> float:
    """Return the seconds that the exact ten most similar to a candidate take."""
    began = time.perf_counter()
    for text in candidates:
        index.most_similar(text)
    return (time.perf_counter() - began) / len(candidates)


def check_exact(index: NoveltyIndex, pool: list[str], text: str) -> None:
    """End the program unless the index finds what comparing with everything finds."""
    scored = sorted((-rouge_l(text, other), number) for number, other in enumerate(pool))[:10]
    if [(-each.score, each.id) for each in index.most_similar(text)] != scored:
        raise SystemExit(f"the index does not find the ten most similar to {text!r}")


def rouge_score_pair_s(pool: list[str], candidates: list[str], pairs: int) -> float:
    """Return the seconds `rouge-score` takes for one pair, after making sure that it says what we say."""
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    numbers = random.Random(3)
    sample = [(numbers.choice(pool), numbers.choice(candidates)) for _ in range(pairs)]
    began = time.perf_counter()
    scores = [scorer.score(left, right)["rougeL"].fmeasure for left, right in sample]
    pair_s = (time.perf_counter() - began) / pairs
    for (left, right), score in zip(sample, scores, strict=True):
        if abs(rouge_l(left, right, ascii_words) - score) > 1e-9:
            raise SystemExit(f"we disagree with rouge-score about {left!r} and {right!r}")
    return pair_s


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=int, default=50_000, help="instructions in the pool")
    parser.add_argument("--candidates", type=int, default=200, help="how many candidates are timed")
    parser.add_argument("--pairs", type=int, default=5_000, help="how many pairs rouge-score is timed on")
    options = parser.parse_args()
    pool, candidates = instructions(options.pool, 1), instructions(options.candidates, 2)
    index = NoveltyIndex()
    began = time.perf_counter()
    for text in pool:
        index.add(text)
    add_s = (time.perf_counter() - began) / len(pool)
    top_s = per_candidate_s(index, candidates)
    check_exact(index, pool, candidates[0])
    pair_s = rouge_score_pair_s(pool, candidates, options.pairs)
    theirs_s = pair_s * len(pool)
    tracemalloc.start()
    held = NoveltyIndex()
    for text in pool:
        held.add(text)
    held_mb = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    print(f"pool {len(pool)}, {len(candidates)} candidates; rouge-score: {options.pairs} pairs, times the pool\n")
    print("| what | ms per candidate | rouge-score takes |\n|---|---|---|")
    print(f"| rouge-score, all pairs (extrapolated) | {theirs_s * 1e3:.0f} | 1 |")
    print(f"| the ten most similar, exact | {top_s * 1e3:.2f} | {theirs_s / top_s:.0f} times as long |")
    print(f"| adding a text | {add_s * 1e3:.3f} | |")
    print(f"\nindex: {held_mb:.0f} MB for {len(pool)} texts")


if __name__ == "__main__":
    main()
