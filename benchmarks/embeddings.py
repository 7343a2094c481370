"""How many texts a CPU-second embeds: sentence-transformers in 32 bits against ONNX Runtime in 8.

The model is all-MiniLM-L6-v2. The texts are 400 records of the example `handbook` (a question and its answer, about 25
words) and 600 passages of "Pride and Prejudice" of at most 100 words, which `make setup` fetches. Each contestant is a
process of its own; they take turns, so that a busy machine is busy for both. Time is CPU time over all threads, as
the process sees it, tokenizing included; the median over the rounds counts. The mean cosine is to the vectors of
sentence-transformers for the same texts.

Run `python benchmarks/embeddings.py`, with `--rounds` for more of them. Ends with status 1 where 8 bits are less than
three times as fast, or the mean cosine is below 0.99.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LEAST_RATIO, LEAST_COSINE = 3.0, 0.99
CONTESTANTS = ("sentence-transformers", "onnx")


class Round(NamedTuple):
    """What one embedding of all texts took, and gave."""

    cpu_s: float
    wall_s: float
    vectors: npt.NDArray[np.float32]


def sample() -> list[str]:
    """Return the texts."""
    from curator.text.chunks import chunk_document
    from curator.text.document import Document
    from tests.books import is_here, novel

    if not is_here():
        raise SystemExit("the novel is not here: `make setup` fetches it")
    lines = (ROOT / "examples" / "handbook" / "facts.jsonl").read_text(encoding="utf-8").splitlines()
    facts = [json.loads(line) for line in lines]
    records = [f"{question}\n\n{fact['statement']}" for fact in facts for question in fact["questions"]]
    passages = [chunk.text for chunk in chunk_document(Document("novel.txt", novel()), max_words=100)]
    return records[::2][:400] + passages[::2][:600]


def contestant(who: str, line: Connection) -> None:
    """Embed whatever comes over `line`, until nothing comes."""
    from curator.embedding.choose import embedder

    model = embedder(backend=cast(Literal["sentence-transformers", "onnx"], who))
    model.embed(["warm up"] * 64)
    while texts := line.recv():
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        vectors = model.embed(texts)
        line.send(Round(time.process_time() - cpu_s, time.perf_counter() - wall_s, vectors))


def measured(texts: list[str], rounds: int) -> dict[str, list[Round]]:
    """Return each contestant's rounds."""
    spawn = get_context("spawn")
    lines: dict[str, Connection] = {}
    for who in CONTESTANTS:
        lines[who], theirs = spawn.Pipe()
        spawn.Process(target=contestant, args=(who, theirs), daemon=True).start()
    found: dict[str, list[Round]] = {who: [] for who in CONTESTANTS}
    for _round in range(rounds):
        for who, line in lines.items():
            line.send(texts)
            found[who].append(line.recv())
    for line in lines.values():
        line.send([])
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each embeds all texts")
    texts = sample()
    found = measured(texts, parser.parse_args().rounds)
    wanted = found["sentence-transformers"][0].vectors
    per_s = {who: len(texts) / statistics.median(one.cpu_s for one in rounds) for who, rounds in found.items()}
    print(f"{len(texts)} texts of {np.mean([len(text.split()) for text in texts]):.0f} words on average\n")
    print("| backend | texts per CPU-second | of sentence-transformers | texts per second | mean cosine | lowest |")
    print("|---|---|---|---|---|---|")
    cosines = {who: (rounds[0].vectors * wanted).sum(axis=1) for who, rounds in found.items()}
    for who, rounds in found.items():
        ratio, wall_s = per_s[who] / per_s["sentence-transformers"], statistics.median(one.wall_s for one in rounds)
        print(
            f"| {who} | {per_s[who]:.0f} | {ratio:.1f} | {len(texts) / wall_s:.0f} "
            f"| {cosines[who].mean():.4f} | {cosines[who].min():.4f} |"
        )
    ratio = per_s["onnx"] / per_s["sentence-transformers"]
    raise SystemExit(int(ratio < LEAST_RATIO or cosines["onnx"].mean() < LEAST_COSINE))


if __name__ == "__main__":
    main()
