"""How fast documents are read and cut, how much memory that takes, and whether the cuts break sentences.

Each row is a process of its own, on Linux. The text is "Pride and Prejudice", which `make setup` fetches, over and
over. The peer is `RecursiveCharacterTextSplitter` of langchain-text-splitters, if that is installed, set to chunks
about as long as ours, on the text as the file holds it. A chunk breaks a sentence if it ends neither where a paragraph
does nor with a mark that may end a sentence.

Run `python benchmarks/chunking.py`, with `--copies` for another size.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

CHUNK_CHARS = 900
"""About 180 words, the default of ours."""
PEER = "langchain_text_splitters"
SENTENCE_END = re.compile(r"[.!?][\"'”’)]*$")


def ours(path: Path) -> Iterator[str]:
    """Yield the chunks of a file as Curator cuts it."""
    from curator.text.chunks import chunk_document
    from curator.text.readers import read_document

    return (chunk.text for chunk in chunk_document(read_document(path)))


def theirs(path: Path) -> Iterator[str]:
    """Yield the chunks of a file as langchain cuts it."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=0)
    return iter(splitter.split_text(path.read_text(encoding="utf-8")))


CONTESTANTS = {"curator": ours, "langchain": theirs}


def measure(who: str, path: Path) -> None:
    """Cut a file and print what it took."""
    began_s = time.process_time()
    count = sum(1 for _chunk in CONTESTANTS[who](path))
    seconds = time.process_time() - began_s
    # Not getrusage: a child's ru_maxrss begins at what its parent held.
    peak_kib = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    print(json.dumps({"count": count, "seconds": seconds, "peak_mb": int(peak_kib[1]) / 1024 if peak_kib else 0}))


def broken_percent(who: str, path: Path) -> float:
    """Return how many of a file's chunks end neither with a paragraph nor with a mark that ends a sentence."""
    # Without white space, which each side treats in its own way, ends can be compared by their place.
    paragraphs = ["".join(text.split()) for text in path.read_text(encoding="utf-8").split("\n\n")]
    chunks = ["".join(chunk.split()) for chunk in CONTESTANTS[who](path)]
    ends = set(accumulate(map(len, paragraphs)))
    places = zip(accumulate(map(len, chunks)), chunks, strict=True)
    broken = sum(end not in ends and not SENTENCE_END.search(chunk) for end, chunk in places)
    return 100 * broken / len(chunks)


def row(who: str, path: Path) -> None:
    """Measure in a process of its own and print a row."""
    command = [sys.executable, __file__, "--measure", who, str(path)]
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    size = path.stat().st_size / 1e6
    print(
        f"| {who} | {size:.1f} | {done['count']:,} | {size / done['seconds']:.1f} | {done['peak_mb']:.0f} |",
        flush=True,
    )


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--copies", type=int, nargs="+", default=[1, 30, 295], help="how many copies of the novel a file holds"
    )
    parser.add_argument("--measure", nargs=2, metavar=("WHO", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
        return
    from tests.books import is_here, novel

    if not is_here():
        raise SystemExit("the novel is not here: `make setup` fetches it")
    peers = [who for who in CONTESTANTS if who != "langchain" or importlib.util.find_spec(PEER)]
    if len(peers) == 1:
        print("pip install langchain-text-splitters to see the peer\n", file=sys.stderr)
    text = novel().replace("_", "")
    print("| who | MB | chunks | MB/s (CPU) | peak RSS MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for copies in options.copies:
            path = Path(folder) / f"{copies}.txt"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(f"{text}\n\n" for _ in range(copies))
            for who in peers:
                row(who, path)
        print("\n| who | chunks that end inside a sentence |\n|---|---|")
        whole = Path(folder) / "whole.txt"
        whole.write_text(text, encoding="utf-8")
        for who in peers:
            print(f"| {who} | {broken_percent(who, whole):.1f}% |", flush=True)


if __name__ == "__main__":
    main()
