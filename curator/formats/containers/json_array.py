"""A JSON array of objects, read and written as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, TextIO

from curator.errors import FormatError
from curator.formats.containers.base import Row, TextContainer
from curator.formats.containers.json_text import compact, row_of
from curator.formats.containers.jsonl import JsonLines

CHUNK_CHARS = 1 << 18
LONGEST_WORD_CHARS = 16
"""No word of JSON is longer, so an error further than this from the end is not mended by reading on."""

_REST = "the rows from here on cannot be read"


class JsonArray(TextContainer):
    """One JSON array of objects, in UTF-8; a file that holds one object a line instead is read as that.

    What comes after broken JSON cannot be found again: it is reported, and the rows before it stand.
    """

    name: ClassVar[str] = "json"
    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def read_written(self, path: Path) -> Iterator[tuple[Row, bytes]]:
        """Read element by element."""
        # Bytes that are not UTF-8 become half surrogates, which no UTF-8 has, so that only their own row is bad.
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            window = _Window(file)
            start = window.next_char()
            if start == "[":
                window.take()
                yield from _elements(window)
                return
        if start != "{":
            raise FormatError(f"{path}: is not a JSON array of rows")
        yield from _lines(path)

    def write(self, path: Path, columns: Mapping[str, object], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write one element a line."""
        with path.open("wb") as file:
            separator = b"[\n"
            for row in rows:
                file.write(separator + compact({column: row[column] for column in columns}))
                separator = b",\n"
            file.write(b"\n]\n" if separator == b",\n" else b"[]\n")


def _lines(path: Path) -> Iterator[tuple[Row, bytes]]:
    rows = JsonLines().read_written(path)
    first = next(rows)
    if first[0].value is None:
        raise FormatError(f"{path}: is neither a JSON array of rows nor one row a line; write [ ... ] around the rows")
    yield from chain([first], rows)


def _elements(window: _Window) -> Iterator[tuple[Row, bytes]]:
    if window.next_char() == "]":
        return
    number, separator = 0, ","
    while separator == ",":
        number += 1
        try:
            value, written, is_utf8 = window.value()
        except json.JSONDecodeError as error:
            yield Row(number, problem=f"broken JSON: {error.msg}; {_REST}"), b""
            return
        except (ValueError, RecursionError) as error:
            yield Row(number, problem=f"broken JSON: {error}; {_REST}"), b""
            return
        yield row_of(number, value) if is_utf8 else Row(number, problem="not UTF-8"), written
        separator = window.take()
    if separator != "]":
        yield Row(number + 1, problem=f"broken JSON: the array is not closed; {_REST}"), b""
    elif window.next_char():
        yield Row(number + 1, problem="there is text after the end of the array; it was not read"), b""


class _Window:
    """The stretch of a file that is being parsed."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()

    def next_char(self) -> str:
        """Return the next character that is no blank; "" at the end of the file."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in " \t\r\n":
                    return self._text[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._read_on()

    def take(self) -> str:
        """Return the next character that is no blank, and go past it."""
        char = self.next_char()
        self._at += len(char)
        return char

    def value(self) -> tuple[Any, bytes, bool]:
        """Return the next value, how it is written, and whether that is UTF-8."""
        self.next_char()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not self._may_be_cut(error):
                    raise
            else:
                if end < len(self._text) or self._ended:
                    source, self._at = self._text[self._at : end], end
                    is_utf8 = source.isascii() or not any("\udc80" <= char <= "\udcff" for char in source)
                    return value, source.encode(errors="surrogateescape"), is_utf8
            self._read_on()

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - LONGEST_WORD_CHARS

    def _read_on(self) -> None:
        # Reading as much again as is held keeps the work in proportion to a long element's length.
        chunk = self._file.read(max(CHUNK_CHARS, len(self._text) - self._at))
        self._text, self._at, self._ended = self._text[self._at :] + chunk, 0, not chunk
