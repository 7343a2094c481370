"""Every installed format keeps the promises of `curator.formats.Format`."""

from __future__ import annotations

import inspect

import pytest

from curator.errors import FormatError
from curator.formats import Format
from curator.record import Record, single_turn
from curator.registry import formats

NAMES = formats.names()
every_format = pytest.mark.parametrize("name", NAMES)

CANDIDATES = (
    single_turn("When does the harbour open?", "At six."),
    single_turn("When does the harbour open?", "At six.", rejected="Never."),
)


def _held(form: Format) -> list[Record]:
    held = []
    for record in CANDIDATES:
        try:
            form.write_row(record)
        except FormatError:
            continue
        held.append(record)
    return held


def test_the_formats_that_ship_are_installed() -> None:
    assert {"alpaca", "sharegpt", "messages", "prompt-completion", "preference"} <= set(NAMES)


@every_format
def test_it_is_a_format_that_says_what_it_holds(name: str) -> None:
    kind = formats.load(name)
    assert issubclass(kind, Format)
    assert not inspect.isabstract(kind)
    assert kind.name == name
    assert inspect.getdoc(kind) != inspect.getdoc(Format)
    assert kind.needed <= set(kind.columns)
    assert kind.optional <= set(kind.columns) - kind.needed


@every_format
def test_what_it_writes_it_reads_back(name: str) -> None:
    form = formats.load(name)()
    held = _held(form)
    assert held
    for record in held:
        row = form.write_row(record)
        assert list(row) == list(form.columns)
        assert form.recognises(frozenset(row))
        assert form.read_row(row).id == record.id


@every_format
def test_a_row_of_something_else_is_refused(name: str) -> None:
    form = formats.load(name)()
    assert not form.recognises(frozenset({"something", "else"}))
    with pytest.raises(FormatError):
        form.read_row(dict.fromkeys(form.columns, 7))
