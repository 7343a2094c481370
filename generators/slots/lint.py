"""What is wrong, or probably wrong, with a file of templates: all of it at once, before anything is made of it.

Source: the slips that are looked for are those found in published template files: a line break that lost its
backslash (`{hypothesis}n`, in FLAN's), slots of one type filled with the same value, slots that nothing uses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
from jinja2 import TemplateSyntaxError

from curator.errors import CuratorError
from curator.record import Record
from curator.text.yaml_lines import Lines
from generators.slots.file import TemplateEntry, TemplateFile, read_template_file, slot_of
from generators.slots.forms import PARTS, Form, compiled, variables
from generators.slots.order import shuffled

MOST_RENDERED = 500
"""How many fillings of a template are rendered to look for duplicates."""

_LOST_BREAK = re.compile(r"\}n(?![a-z])")
_SINGLE_BRACE = re.compile(r"(?<![{%#])\{\s*([A-Za-z_]\w*)\s*\}(?!\})")


class Finding(msgspec.Struct, frozen=True):
    """Something about a file of templates that its author should know.

    Attributes:
        level: an error makes the file unusable; a warning does not.
        code: what kind of slip it is, in one word.
        where: the file and line.
        message: what is wrong, and with which template or slot.
    """

    level: Literal["error", "warning"]
    code: str
    where: str
    message: str


class Sized(msgspec.Struct, frozen=True):
    """One usable template: how many combinations it has, and what one of them looks like."""

    template: str
    combinations: int
    sample: str


class Report(msgspec.Struct, frozen=True):
    """All that was found in a file of templates.

    Attributes:
        findings: the slips, errors first.
        templates: the templates that can be filled, inverses included.
    """

    findings: tuple[Finding, ...]
    templates: tuple[Sized, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)


def lint(path: Path) -> Report:
    """Look through a file of templates.

    Args:
        path: the file.

    Returns:
        What was found; a file that cannot be read at all is one error.
    """
    try:
        file, lines = read_template_file(path)
    except CuratorError as error:
        return Report((Finding("error", "unreadable", str(path), str(error)),))
    findings: list[Finding] = []
    forms: list[Form] = []
    names: set[str] = set()
    for number, template in enumerate(file.templates):
        where = lines.where(("templates", number))
        for entry in template.directions():
            findings += _slips(entry, file, where)
            if entry.name in names:
                findings.append(Finding("error", "same-name", where, f"there is a template {entry.name!r} already"))
            names.add(entry.name)
            try:
                forms.append(_fillable(entry, file, where, path.parent))
            except CuratorError as error:
                findings.append(Finding("error", "not-fillable", where, str(error).removeprefix(f"{where}: ")))
    findings += [*_unused(file, lines), *_blank(forms), *_duplicates(forms)]
    findings.sort(key=lambda finding: finding.level)
    sized = tuple(Sized(form.entry.name, form.combinations, _sample(form)) for form in forms)
    return Report(tuple(findings), sized)


def _fillable(entry: TemplateEntry, file: TemplateFile, where: str, folder: Path) -> Form:
    form = compiled(entry, file, where, folder)
    for filling in form.every_value():
        form.fill(filling)
    return form


def _slips(entry: TemplateEntry, file: TemplateFile, where: str) -> Iterator[Finding]:
    for part in PARTS:
        text = getattr(entry, part)
        said = f"template {entry.name!r}: the {part}"
        if _LOST_BREAK.search(text):
            message = f"{said} has an n right behind a brace; was a line break meant, `\\n`?"
            yield Finding("warning", "lost-line-break", where, message)
        for name in dict.fromkeys(_SINGLE_BRACE.findall(text)):
            known = " (a slot of this file)" if slot_of(name, file) else ""
            message = f"{said} has {{{name}}} in single braces, which stays as it is{known}; write {{{{ {name} }}}}"
            yield Finding("warning", "single-brace", where, message)


def _unused(file: TemplateFile, lines: Lines) -> Iterator[Finding]:
    used: set[str] = set()
    for entry in (each for template in file.templates for each in template.directions()):
        for part in PARTS:
            try:
                used |= variables(getattr(entry, part))
            except TemplateSyntaxError:
                return  # reported already; what it would have used is not known
    slots = {slot_of(name, file) for name in used}
    lent = {slot.type for slot in file.slots.values() if slot.type}
    for name in file.slots:
        if name not in slots and (file.slots[name].type or name) not in lent:
            yield Finding("warning", "unused-slot", lines.where(("slots", name)), f"no template uses the slot {name!r}")
    for name in file.tables:
        if name not in used:
            message = f"no template uses the table {name!r}"
            yield Finding("warning", "unused-table", lines.where(("tables", name)), message)


def _blank(forms: list[Form]) -> Iterator[Finding]:
    for form in forms:
        if not form.entry.response:
            continue
        blank = [filling for filling in form.every_value() if not form.fill(filling).response.strip()]
        if blank:
            values = ", ".join(f"{name} = {value!r}" for name, value in blank[0].items()) or "no slot"
            message = f"template {form.entry.name!r}: the response is blank for {values}; such records are dropped"
            yield Finding("warning", "blank-response", form.where, message)


def _duplicates(forms: list[Form]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], str] = {}
    for form in forms:
        name = form.entry.name
        drawn = [form.fill(form.filling(number)) for number in _some(form)]
        keys = [_key(record) for record in drawn]
        again = [(key, seen.get(key) or name) for at, key in enumerate(keys) if key in seen or key in keys[:at]]
        if again and len(again) == len(keys) and all(other != name for _key_, other in again):
            message = f"template {name!r} is unreachable: all it says, {again[0][1]!r} says before it"
            yield Finding("warning", "unreachable", form.where, message)
        elif again:
            (text, _input), other = again[0]
            message = (
                f"template {name!r} says {text[:60]!r} again, as {other!r} does ({len(again)} times of {len(keys)})"
            )
            yield Finding("warning", "duplicate-render", form.where, message)
        for key in keys:
            seen.setdefault(key, name)


def _some(form: Form) -> Iterator[int]:
    return islice(shuffled(form.combinations, random.Random(form.entry.name)), MOST_RENDERED)


def _key(record: Record) -> tuple[str, str]:
    return (record.instruction, record.input)


def _sample(form: Form) -> str:
    record = form.fill(form.filling(next(_some(form))))
    return " → ".join(part for part in (record.messages[0].content, record.response) if part)
