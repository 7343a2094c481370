"""Bytes become text: the encoding is told by its mark, never guessed."""

from __future__ import annotations

import codecs
import re
import shlex
import unicodedata

from curator.errors import SourceError

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL_BYTES = frozenset(range(0x20)) - frozenset(b"\t\n\x0b\x0c\r\x1b")
_CONTROL_SHARE = 0.05
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def decode(data: bytes, where: str) -> str:
    r"""Decode a text file.

    Args:
        data: the file's bytes: UTF-8 with or without its mark, or UTF-16 with its mark.
        where: the file, for the error text.

    Returns:
        The text in Unicode's composed form (NFC), its lines ended by \n, without a byte order mark.

    Raises:
        SourceError: the bytes are no text, or text in another encoding.
    """
    encoding = _encoding(data)
    if encoding == "utf-8":
        _refuse_binary(data, where)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        advice = "it marks itself as such, so it is damaged: save it again as UTF-8"
        if encoding == "utf-8":
            converting = f"iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(where)} > converted.txt"
            advice = f"if it is in a Western encoding, convert it: {converting}"
        raise SourceError(
            f"{where} is no {encoding.upper()}: {error.reason} at byte {error.start}; {advice}"
        ) from error
    if (at := text.find("\0")) >= 0:
        raise SourceError(f"{where} is binary: a NUL stands at character {at}; give a text file")
    return unicodedata.normalize("NFC", _LINE_END.sub("\n", text))


def _encoding(data: bytes) -> str:
    return _UTF_16.get(data[:2], "utf-8")


def _refuse_binary(data: bytes, where: str) -> None:
    if (at := data.find(b"\0")) >= 0:
        raise SourceError(
            f"{where} is binary: a NUL byte stands at byte {at}; give a text file (UTF-16 needs its byte order mark)"
        )
    start = data[:8192]
    if sum(byte in _CONTROL_BYTES for byte in start) > _CONTROL_SHARE * len(start):
        raise SourceError(f"{where} is binary: it is full of control characters; give a text file")
