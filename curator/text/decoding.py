"""Bytes become text: the encoding is told by its mark, never guessed."""

from __future__ import annotations

import codecs
import io
import re
import shlex
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

from curator.errors import SourceError

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL_BYTES = frozenset(range(0x20)) - frozenset(b"\t\n\x0b\x0c\r\x1b")
_CONTROL_SHARE = 0.05
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_BLOCK_BYTES = 1 << 20


def decode(data: bytes, where: str) -> str:
    r"""Decode a text.

    Args:
        data: its bytes: UTF-8 with or without its mark, or UTF-16 with its mark.
        where: the file, for the error text.

    Returns:
        The text in Unicode's composed form (NFC), its lines ended by \n, without a byte order mark.

    Raises:
        SourceError: the bytes are no text, or text in another encoding.
    """
    return "\n".join(decoded_lines(io.BytesIO(data), where))


def decoded_lines(file: BinaryIO, where: str) -> Iterator[str]:
    """Decode a text file line by line, holding little more than a line of it.

    Args:
        file: the open file; see `decode` for what it may hold.
        where: the file, for the error text.

    Yields:
        The lines in Unicode's composed form, without their ends.

    Raises:
        SourceError: the bytes are no text, or text in another encoding.
    """
    rest = ""
    for text in _whole_lines(_decoded(file, where)):
        *lines, rest = unicodedata.normalize("NFC", text).split("\n")
        yield from lines
    yield rest


def _whole_lines(texts: Iterator[str]) -> Iterator[str]:
    r"""Yield the same text cut behind lines only, all of them ended by \n."""
    held = ""
    for text in texts:
        # A carriage return at the very end may be half a line end.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if cut:
            yield _LINE_END.sub("\n", held + text[:cut])
            held = text[cut:]
        else:
            held += text
    yield _LINE_END.sub("\n", held)


def _decoded(file: BinaryIO, where: str) -> Iterator[str]:
    data = file.read(_BLOCK_BYTES)
    encoding = _UTF_16.get(data[:2], "utf-8")
    if encoding == "utf-8":
        _refuse_control_bytes(data, where)
    decoder = codecs.getincrementaldecoder(encoding)()
    bytes_before = chars_before = 0
    while True:
        if encoding == "utf-8" and (at := data.find(b"\0")) >= 0:
            raise SourceError(
                f"{where} is binary: a NUL byte stands at byte {bytes_before + at}; give a text file "
                "(UTF-16 needs its byte order mark)"
            )
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            at = bytes_before - pending + error.start
            raise SourceError(_wrong_encoding(where, encoding, error.reason, at)) from error
        if (at := text.find("\0")) >= 0:
            raise SourceError(f"{where} is binary: a NUL stands at character {chars_before + at - 1}; give a text file")
        yield text if chars_before else text.removeprefix("\ufeff")
        if not data:
            return
        bytes_before += len(data)
        chars_before += len(text)
        data = file.read(_BLOCK_BYTES)


def _wrong_encoding(where: str, encoding: str, reason: str, at: int) -> str:
    advice = "it marks itself as such, so it is damaged: save it again as UTF-8"
    if encoding == "utf-8":
        converting = f"iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(where)} > converted.txt"
        advice = f"if it is in a Western encoding, convert it: {converting}"
    return f"{where} is no {encoding.upper()}: {reason} at byte {at}; {advice}"


def _refuse_control_bytes(data: bytes, where: str) -> None:
    start = data[:8192]
    controls = sum(byte in _CONTROL_BYTES for byte in start)
    # A NUL is reported with its place.
    if b"\0" not in start and controls > _CONTROL_SHARE * len(start):
        raise SourceError(f"{where} is binary: it is full of control characters; give a text file")
