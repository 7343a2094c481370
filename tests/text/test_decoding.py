"""Bytes become lines, a block at a time, as if they had been decoded at once."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import SourceError
from curator.text import decoding
from curator.text.decoding import decoded_lines

TEXTS = st.text(st.sampled_from("ab \n\r\x0b\x0c\x85\u2028e\u0301é😀你"), max_size=40)


def at_once(text: str) -> list[str]:
    """Return the lines of a text, decoded the simple way."""
    for end in ("\r\n", *"\r\x0b\x0c\x85\u2028"):
        text = text.replace(end, "\n")
    return unicodedata.normalize("NFC", text).split("\n")


@given(TEXTS, st.integers(1, 7), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_blocks_do_not_show(text: str, block_bytes: int, encoding: str) -> None:
    if encoding == "utf-16":
        block_bytes += 1  # the first block has to hold the mark
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "_BLOCK_BYTES", block_bytes)
        lines = list(decoded_lines(io.BytesIO(text.encode(encoding)), "a"))
    assert lines == at_once(text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a" * 9 + b"\xff", "at byte 9;"),
        (b"a" * 7 + "é".encode()[:1] + b"a", "at byte 7;"),
        (b"a" * 9 + "é".encode()[:1], "at byte 9;"),
        (b"a" * 9 + b"\0", "at byte 9;"),
        (b"\xff\xfe" + b"a\0" * 9 + b"\0\0", "at character 9;"),
    ],
)
def test_places_are_counted_over_blocks(data: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_BLOCK_BYTES", 4)
    with pytest.raises(SourceError, match=said):
        list(decoded_lines(io.BytesIO(data), "a"))


MEASURE = """
import re, sys
from pathlib import Path
from curator.text.chunks import chunk_document
from curator.text.readers import read_document
def peak():
    # Not getrusage: a child's ru_maxrss begins at what its parent held.
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
document = read_document(Path(sys.argv[1]))
assert document.digest and len(document.chapters) == int(sys.argv[2])
first = next(chunk_document(document))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_a_large_file_needs_about_twice_its_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    head = "## Chapter {}\n\n" if suffix == ".md" else "Chapter {}\n\n"
    paragraph = ("It is a truth universally acknowledged, that a man in want of a line\n" * 8) + "\n"
    with path.open("w") as file:
        for number in range(600):
            file.write(head.format(number))
            file.write(paragraph * 90)
    size = path.stat().st_size
    assert size > 29_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), "600"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 2.2 * size + 40_000_000  # the code itself, and blocks being read, take some too
