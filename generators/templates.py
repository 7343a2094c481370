"""Manual templates: instructions with slots, filled from lists of values.

Somebody who knows the domain writes the phrasing and lists the values; every combination is a candidate. The answer
comes from a template of its own (with look-up tables, so that it is true), or is asked of the model.

Source:
    Wei et al. 2021, "Finetuned Language Models Are Zero-Shot Learners" (FLAN), arXiv 2109.01652, section 2.1, made
    instructions from ten hand-written templates a task. Ours differ: they need no labelled task behind them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from jinja2 import Template, TemplateSyntaxError, meta
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, ValidationError

from curator.errors import RecipeError, StageError, UnparsableReply
from curator.record import Origin, Record, Turn, single_turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.text.near_miss import did_you_mean
from curator.text.prompt import PromptFolder, render, sandbox
from curator.text.yaml_lines import explain, load_yaml

Value = StrictStr | StrictInt | StrictFloat
"""Strict, because YAML reads `yes` as true, which would come out as 1."""


class TemplateEntry(BaseModel):
    """One template: an instruction, perhaps an input, perhaps a response, each a Jinja text over slots and tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    instruction: str
    input: str = ""
    response: str = ""
    category: str = ""
    difficulty: str = ""


class TemplateFile(BaseModel):
    """A file of templates with the slots and tables they use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slots: dict[str, list[Value]] = Field(default_factory=dict)
    tables: dict[str, dict[Value, Any]] = Field(default_factory=dict)
    templates: list[TemplateEntry] = Field(min_length=1)


class TemplatesOptions(GeneratorOptions):
    """Options of `templates`.

    Attributes:
        file: the YAML file of templates, relative to the workspace.
        n: how many candidates; all combinations unless said. Drawn evenly over the templates, from the recipe's seed.
    """

    file: Path
    n: int | None = Field(default=None, ge=1)


class Form(msgspec.Struct, frozen=True):
    """A compiled template: its texts, the slots it uses, and where it stands in its file."""

    entry: TemplateEntry
    texts: Mapping[str, Template]
    slots: tuple[tuple[str, tuple[Value, ...]], ...]
    where: str

    @property
    def combinations(self) -> int:
        """How many different fillings there are."""
        return math.prod(len(values) for _name, values in self.slots)

    def filling(self, number: int) -> dict[str, Value]:
        """Return the filling with this number, 0 to `combinations - 1`; the last slot turns fastest."""
        chosen: dict[str, Value] = {}
        for name, values in reversed(self.slots):
            number, place = divmod(number, len(values))
            chosen[name] = values[place]
        return chosen

    def every_value(self) -> Iterator[dict[str, Value]]:
        """Yield fillings in which every value of every slot stands at least once."""
        for turn in range(max((len(values) for _name, values in self.slots), default=1)):
            yield {name: values[turn % len(values)] for name, values in self.slots}


class Templates(Generator[TemplatesOptions]):
    """Fills hand-written templates; see the module's docstring."""

    name: ClassVar[str] = "templates"
    Options: ClassVar[type[GeneratorOptions]] = TemplatesOptions
    checks = ({"use": "exact-dedup"},)
    input_option = "file"

    def check(self, context: Context) -> None:
        """Compile every template, and fill each until every value of its slots was used.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: a template lacks a slot or does not parse.
            RecipeError: the file is not what it should be, with the line.
        """
        file, forms = self._forms(context)
        for form in forms:
            for filling in form.every_value():
                self._fill(form, filling, file)

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield finished records where the template has a response, and prompts where the model is to answer.

        Args:
            context: the stage's surroundings.

        Yields:
            One candidate a filling, template by template.
        """
        file, forms = self._forms(context)
        folder = PromptFolder(
            Path(__file__).parent / "prompts" / self.name,
            context.path(self.options.prompts) if self.options.prompts else None,
        )
        for form, share in zip(forms, _even_shares([form.combinations for form in forms], self.options.n), strict=True):
            numbers = range(form.combinations)
            if share < form.combinations:
                numbers = sorted(context.random(form.entry.name).sample(numbers, share))  # type: ignore[assignment]
            for number in numbers:
                record = self._fill(form, form.filling(number), file)
                if record.response:
                    yield record
                else:
                    system = folder.render("answer", category=form.entry.category)
                    yield Prompt((Turn("system", system), *record.messages), item=record)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Take the reply as the response of the filled template.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the record without a response.

        Returns:
            The record, answered.

        Raises:
            UnparsableReply: the reply is blank.
        """
        text = reply.strip()
        if not text:
            raise UnparsableReply("the reply is blank")
        record: Record = prompt.item
        return [msgspec.structs.replace(record, messages=(*record.messages, Turn("assistant", text)))]

    def _forms(self, context: Context) -> tuple[TemplateFile, list[Form]]:
        path = context.path(self.options.file)
        data, lines = load_yaml(path, hint=f"check `file:` of the stage {self.key!r}")
        try:
            file = TemplateFile.model_validate(data)
        except ValidationError as error:
            raise RecipeError(explain(error, lines, TemplateFile)) from error
        return file, [
            _compiled(entry, file, lines.where(("templates", number))) for number, entry in enumerate(file.templates)
        ]

    def _fill(self, form: Form, filling: Mapping[str, Value], file: TemplateFile) -> Record:
        values = {**file.tables, **filling}
        where = f"{form.where}: template {form.entry.name!r}"
        text = {part: render(template, where, values) for part, template in form.texts.items()}
        labels = {"template": form.entry.name, "category": form.entry.category, "difficulty": form.entry.difficulty}
        return single_turn(
            text["instruction"],
            text["response"],
            input=text["input"],
            origin=Origin(labels=tuple((name, value) for name, value in labels.items() if value)),
        )


def _compiled(entry: TemplateEntry, file: TemplateFile, where: str) -> Form:
    environment = sandbox()
    used: set[str] = set()
    texts = {}
    for part in ("instruction", "input", "response"):
        source = getattr(entry, part)
        try:
            used |= meta.find_undeclared_variables(environment.parse(source))
            texts[part] = environment.from_string(source)
        except TemplateSyntaxError as error:
            raise StageError(f"{where}: template {entry.name!r}: the {part} does not parse: {error.message}") from error
    for name in sorted(used - file.slots.keys() - file.tables.keys()):
        known = [*file.slots, *file.tables]
        raise StageError(
            f"{where}: template {entry.name!r} uses the slot {name!r}, which has no values{did_you_mean(name, known)}"
        )
    empty = [name for name in sorted(used & file.slots.keys()) if not file.slots[name]]
    if empty:
        raise StageError(f"{where}: template {entry.name!r} uses the slot {empty[0]!r}, whose list is empty")
    slots = tuple((name, tuple(dict.fromkeys(file.slots[name]))) for name in file.slots if name in used)
    form = Form(entry, texts, slots, where)
    if form.combinations > sys.maxsize:
        raise StageError(f"{where}: template {entry.name!r} has more than {sys.maxsize:.0e} combinations; split it")
    return form


def _even_shares(sizes: list[int], wanted: int | None) -> list[int]:
    """Divide `wanted` over templates with `sizes` combinations as evenly as their sizes allow."""
    if wanted is None or wanted >= sum(sizes):
        return sizes
    shares = [0] * len(sizes)
    left = wanted
    while left:
        open_places = [place for place, size in enumerate(sizes) if shares[place] < size]
        for place in open_places[:left]:
            shares[place] += 1
        left -= min(left, len(open_places))
    return shares
