"""Compiled templates: which fillings a template has, and what one of them says."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Template, TemplateSyntaxError, meta

from curator.errors import StageError
from curator.record import Origin, Record, single_turn
from curator.text.near_miss import did_you_mean
from curator.text.prompt import render, sandbox
from curator.text.yaml_lines import Lines
from generators.slots.file import TemplateEntry, TemplateFile, Value, slot_of, slot_type, slot_values

MOST_CHOICES = 1_000_000
"""How many ways to fill the slots of one type may have: they are all held in memory."""

PARTS = ("instruction", "input", "response")


class Choice(msgspec.Struct, frozen=True):
    """Slots of one type, and the ways to fill them so that no two take the same value."""

    slots: tuple[str, ...]
    ways: tuple[tuple[Value, ...], ...]

    @property
    def telling(self) -> list[tuple[Value, ...]]:
        """The ways that are needed to see every value in every slot once."""
        seen: set[tuple[str, Value]] = set()
        found = []
        for way in self.ways:
            new = set(zip(self.slots, way, strict=True)) - seen
            if new:
                seen |= new
                found.append(way)
        return found


class Form(msgspec.Struct, frozen=True):
    """A compiled template: its texts, the choices it leaves, and where it stands in its file."""

    entry: TemplateEntry
    texts: Mapping[str, Template]
    choices: tuple[Choice, ...]
    where: str
    tables: Mapping[str, Any]

    @property
    def combinations(self) -> int:
        """How many different fillings there are."""
        return math.prod(len(choice.ways) for choice in self.choices)

    def filling(self, number: int) -> dict[str, Value]:
        """Return the filling with this number, 0 to `combinations - 1`; the last slot turns fastest."""
        chosen: dict[str, Value] = {}
        for choice in reversed(self.choices):
            number, place = divmod(number, len(choice.ways))
            chosen.update(zip(choice.slots, choice.ways[place], strict=True))
        return chosen

    def every_value(self) -> Iterator[dict[str, Value]]:
        """Yield fillings in which every value of every slot stands at least once."""
        telling = [(choice.slots, choice.telling) for choice in self.choices]
        for turn in range(max((len(ways) for _slots, ways in telling), default=1)):
            filling: dict[str, Value] = {}
            for slots, ways in telling:
                filling.update(zip(slots, ways[turn % len(ways)], strict=True))
            yield filling

    def fill(self, filling: Mapping[str, Value]) -> Record:
        """Return the record that a filling makes.

        Args:
            filling: a value for each slot.

        Returns:
            The record, with the template and the values as labels; without a response where the template has none.

        Raises:
            StageError: a table has no entry for a value, or the template cannot be rendered.
        """
        entry = self.entry
        values = {**self.tables, **filling}
        where = f"{self.where}: template {entry.name!r}"
        text = {part: render(template, where, values) for part, template in self.texts.items()}
        labels = {
            "template": entry.name,
            "category": entry.category,
            "difficulty": entry.difficulty,
            "inverse_of": entry.inverse_of,
            **{f"slot.{name}": str(value) for name, value in filling.items()},
        }
        kept = tuple((name, value) for name, value in labels.items() if value)
        return single_turn(text["instruction"], text["response"], input=text["input"], origin=Origin(labels=kept))


def forms_of(file: TemplateFile, lines: Lines) -> list[Form]:
    """Compile all templates of a file, inverses included.

    Args:
        file: the file.
        lines: where its parts stand.

    Returns:
        One form for each direction of each template.

    Raises:
        StageError: a template does not parse, lacks a slot, cannot be filled, or bears another's name.
    """
    forms = []
    names: set[str] = set()
    for number, template in enumerate(file.templates):
        where = lines.where(("templates", number))
        for entry in template.directions():
            if entry.name in names:
                raise StageError(f"{where}: there is a template {entry.name!r} already; give it a name of its own")
            names.add(entry.name)
            forms.append(compiled(entry, file, where, lines.path.parent))
    return forms


def compiled(entry: TemplateEntry, file: TemplateFile, where: str, folder: Path) -> Form:
    """Compile one template.

    Args:
        entry: the template.
        file: the file it stands in.
        where: its place, for error texts.
        folder: the folder of the file.

    Returns:
        The form.

    Raises:
        StageError: it does not parse, lacks a slot, or has no combination or too many.
    """
    texts, used = parsed(entry, where)
    said = f"{where}: template {entry.name!r}"
    for name in sorted(used - file.tables.keys()):
        if not slot_of(name, file):
            near = did_you_mean(name, [*file.slots, *file.tables])
            raise StageError(f"{said} uses the slot {name!r}, which has no values{near}")
    values = {name: slot_values(slot_of(name, file), file, folder) for name in _in_file_order(used, file)}
    empty = [name for name, found in sorted(values.items()) if not found]
    if empty:
        raise StageError(f"{said} uses the slot {empty[0]!r}, whose list is empty")
    form = Form(entry, texts, _choices(values, file, said), where, file.tables)
    if form.combinations > sys.maxsize:
        raise StageError(f"{said} has more than {sys.maxsize:.0e} combinations; split it")
    return form


def parsed(entry: TemplateEntry, where: str) -> tuple[dict[str, Template], set[str]]:
    """Parse the texts of a template.

    Args:
        entry: the template.
        where: its place, for error texts.

    Returns:
        Its compiled texts, and the names of slots and tables that they use.

    Raises:
        StageError: one does not parse.
    """
    environment = _environment()
    used: set[str] = set()
    texts = {}
    for part in PARTS:
        source = getattr(entry, part)
        try:
            used |= variables(source)
            texts[part] = environment.from_string(source)
        except TemplateSyntaxError as error:
            raise StageError(f"{where}: template {entry.name!r}: the {part} does not parse: {error.message}") from error
    return texts, used


def variables(source: str) -> set[str]:
    """Return the names of slots and tables that a text uses.

    Args:
        source: a Jinja text.

    Returns:
        The names.

    Raises:
        TemplateSyntaxError: it does not parse.
    """
    return set(meta.find_undeclared_variables(_environment().parse(source)))


def _in_file_order(used: set[str], file: TemplateFile) -> list[str]:
    order = list(file.slots)
    return sorted(used - file.tables.keys(), key=lambda name: (order.index(slot_of(name, file)), name))


def _choices(values: Mapping[str, tuple[Value, ...]], file: TemplateFile, said: str) -> tuple[Choice, ...]:
    kin: dict[str, list[str]] = {}
    for name in values:
        kin.setdefault(slot_type(name, file), []).append(name)
    found = []
    for kind, names in kin.items():
        lists = [values[name] for name in names]
        if math.prod(map(len, lists)) > MOST_CHOICES and len(names) > 1:
            raise StageError(f"{said} has more than {MOST_CHOICES:,} ways to fill its slots of type {kind!r}; split it")
        ways = tuple(way for way in itertools.product(*lists) if len(set(way)) == len(way))
        if not ways:
            joined = " and ".join(map(repr, names))
            raise StageError(
                f"{said}: {joined} are both of type {kind!r} and must differ, but there are too few values"
            )
        found.append(Choice(tuple(names), ways))
    return tuple(found)


@cache
def _environment() -> Any:
    environment = sandbox()
    environment.filters["a"] = _with_article
    environment.filters["plural"] = _plural
    return environment


def _with_article(text: object) -> str:
    """Put "a" or "an" before a word, by its sound: an hour, a unicorn."""
    return str(_english().a(str(text))) if str(text).strip() else str(text)


def _plural(text: object, count: object = 2) -> str:
    """Return the plural of a noun, or the noun itself where the count is 1."""
    if count in (1, "1") or not str(text).strip():
        return str(text)
    return str(_english().plural_noun(str(text)) or text)


@cache
def _english() -> Any:
    import inflect  # lazily: it takes a second, and few templates need it

    return inflect.engine()
