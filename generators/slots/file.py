"""What stands in a file of templates: typed slots, tables, and the templates themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, ValidationError, model_validator

from curator.errors import FormatError, RecipeError
from curator.formats import read_rows
from curator.text.near_miss import did_you_mean
from curator.text.yaml_lines import Lines, explain, load_yaml
from generators.slots.course import from_course, is_course

Value = StrictStr | StrictInt | StrictFloat
"""Strict, because YAML reads `yes` as true, which would come out as 1."""


class Slot(BaseModel):
    """The values that a slot may take, and of what type they are.

    Attributes:
        type: what the values are; two slots of one type never take the same value in one template. A slot is of its
            own type unless said.
        values: the values; a slot without any takes those of the first slot of its type that has some.
        groups: the values in named groups, in place of `values`.
        file: a dataset file that holds the values, relative to the templates' file.
        column: the column of `file` that they stand in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = ""
    values: list[Value] | None = None
    groups: dict[str, list[Value]] | None = None
    file: Path | None = None
    column: str = ""

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, data: Any) -> Any:
        if isinstance(data, list):
            return {"values": data}
        if not isinstance(data, dict):
            raise ValueError("a slot is a list of values, or a mapping with `type`, `values`, or `file` and `column`")  # noqa: TRY004
        return data

    @model_validator(mode="after")
    def _one_place(self) -> Slot:
        places = [self.values is not None, self.groups is not None, self.file is not None]
        if sum(places) > 1:
            raise ValueError("a slot's values stand in one place: `values`, `groups`, or `file`")
        if not any(places) and not self.type:
            raise ValueError("a slot needs `values`, or a `type` that another slot has values of")
        if (self.file is None) != (not self.column):
            raise ValueError("`file` and `column` go together")
        return self


class Inverse(BaseModel):
    """The other direction of a template: what was the answer is given, what was the input is asked for.

    Attributes:
        instruction: what is asked.
        input: what it works on.
        response: the answer; the forward template's input unless said.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruction: str
    input: str = ""
    response: str = ""


class TemplateEntry(BaseModel):
    """One template: an instruction, perhaps an input, perhaps a response, each a Jinja text over slots and tables.

    Attributes:
        name: its name, which its records bear.
        instruction: what is asked.
        input: what it works on.
        response: the answer.
        category: what kind of question it is.
        difficulty: how hard it is.
        answer: who answers where there is no `response`: the model (unless said), or a person.
        grounded: whether the model is shown the passages of the recipe's sources that fit the question best.
        share: how much of all that is made this template may make up, 0..1.
        inverse: its other direction, which counts as a template of its own, `NAME-inverse`.
        inverse_of: the template that this one is the other direction of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    instruction: str
    input: str = ""
    response: str = ""
    category: str = ""
    difficulty: str = ""
    answer: Literal["", "model", "person"] = ""
    grounded: bool = False
    share: float | None = Field(default=None, gt=0, le=1)
    inverse: Inverse | None = None
    inverse_of: str = ""

    @model_validator(mode="after")
    def _one_answer(self) -> TemplateEntry:
        if self.response and (self.answer or self.grounded):
            raise ValueError("`response` is the answer; leave out `answer` and `grounded`")
        if self.grounded and self.answer == "person":
            raise ValueError("`grounded` is for the model's answers; a person looks for himself")
        if self.inverse and not self.inverse.response and not self.input:
            raise ValueError("the inverse has no `response`, and the template no `input` that could be it")
        return self

    def directions(self) -> tuple[TemplateEntry, ...]:
        """Return the template, and its inverse if it has one."""
        if self.inverse is None:
            return (self,)
        back = {
            "name": f"{self.name}-inverse",
            "instruction": self.inverse.instruction,
            "input": self.inverse.input,
            "response": self.inverse.response or self.input,
            "inverse_of": self.name,
            "inverse": None,
            "answer": "",
            "grounded": False,
        }
        return (self, self.model_copy(update=back))


class TemplateFile(BaseModel):
    """A file of templates with the slots and tables they use.

    Attributes:
        slots: what may be put in, by the slot's name.
        tables: what follows from a slot's value, by the table's name.
        templates: the templates.
        columns: for templates over the rows of a dataset: what each column means.
        label: the column among them that holds the class.
        labels: the word for each of its usual values.
        course: what the layout of the course's JSON holds beyond this one; see `generators.slots.course`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slots: dict[str, Slot] = Field(default_factory=dict)
    tables: dict[str, dict[Value, Any]] = Field(default_factory=dict)
    templates: list[TemplateEntry] = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    label: str = ""
    labels: dict[StrictInt | StrictStr, str] = Field(default_factory=dict)
    course: dict[str, Any] = Field(default_factory=dict)


def read_template_file(path: Path, *, hint: str = "check the path") -> tuple[TemplateFile, Lines]:
    """Read a file of templates: our YAML, or the course's JSON as it is.

    Args:
        path: the file.
        hint: what to do if it is not there.

    Returns:
        What it holds, and where each part of it stands.

    Raises:
        RecipeError: the file is not what it should be, with the line.
    """
    data, lines = load_yaml(path, hint=hint)
    if is_course(data):
        data = from_course(data, str(path))
    try:
        return TemplateFile.model_validate(data), lines
    except ValidationError as error:
        raise RecipeError(explain(error, lines, TemplateFile)) from error


def slot_values(name: str, file: TemplateFile, folder: Path) -> tuple[Value, ...]:
    """Return the values of a slot, each once.

    Args:
        name: the slot's name, one of `file.slots`.
        file: the file of templates.
        folder: the folder it lies in.

    Returns:
        The values, in order; none where its list is empty or nothing of its type has values.

    Raises:
        RecipeError: its own file cannot be read, or has no such column.
    """
    slot = file.slots[name]
    if slot.values is None and slot.groups is None and slot.file is None:
        kin = [other for other in file.slots if _type(other, file) == slot.type and other != name]
        found = (slot_values(other, file, folder) for other in kin if _has_own(file.slots[other]))
        return next((values for values in found if values), ())
    if slot.file is not None:
        return tuple(dict.fromkeys(_column(folder / slot.file, slot.column)))
    grouped = [value for group in (slot.groups or {}).values() for value in group]
    return tuple(dict.fromkeys([*(slot.values or ()), *grouped]))


def slot_of(name: str, file: TemplateFile) -> str:
    """Return the slot that a name in a template stands for.

    Args:
        name: the name, as in `{{ character2 }}`.
        file: the file of templates.

    Returns:
        The slot; for a name with a number behind it that is no slot itself, the one without the number; "" for none.
    """
    if name in file.slots:
        return name
    base = name.rstrip("0123456789")
    return base if base != name and base in file.slots else ""


def slot_type(name: str, file: TemplateFile) -> str:
    """Return the type of a name in a template: names of one type take different values."""
    return _type(slot_of(name, file), file)


def _type(slot: str, file: TemplateFile) -> str:
    return file.slots[slot].type or slot


def _has_own(slot: Slot) -> bool:
    return slot.values is not None or slot.groups is not None or slot.file is not None


def _column(path: Path, column: str) -> list[Value]:
    values: list[Value] = []
    try:
        for row in read_rows(path):
            if row.value is None:
                raise RecipeError(f"{path}: row {row.number}: {row.problem}")
            if column not in row.value:
                raise RecipeError(f"{path} has no column {column!r}{did_you_mean(column, row.value)}")
            value = row.value[column]
            if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
                values.append(value)
    except FormatError as error:
        raise RecipeError(f"the values of a slot: {error}") from error
    return values
