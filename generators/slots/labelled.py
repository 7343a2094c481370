"""Rows of a labelled dataset become instructions: templates over its columns, some of them inverted.

Each row is used once, with one template; the templates of a dataset take turns. Several datasets are mixed in
proportion to their sizes, of which no more than `max_rate` counts, so that a large one does not drown the others.

Source:
    Wei et al. 2021, "Finetuned Language Models Are Zero-Shot Learners" (FLAN), arXiv 2109.01652, sections 2.1 to 2.3:
    ten templates a task, up to three of them inverted, the classes as OPTIONS behind the question, at most 30,000 rows
    a dataset, examples-proportional mixing with a maximum rate of 3,000 (after Raffel et al. 2019, arXiv 1910.10683).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from curator.errors import RecipeError
from curator.formats import read_rows
from curator.formats.containers import Row
from curator.record import Record, Turn
from curator.stage import Context
from curator.text.near_miss import did_you_mean
from curator.text.yaml_lines import Lines
from generators.slots.file import TemplateEntry, TemplateFile, read_template_file
from generators.slots.forms import Choice, Form, parsed
from generators.slots.order import Turns

Task = Literal["", "sentiment", "topic", "nli", "qa", "summarization", "paraphrase"]
TASKS: tuple[Task, ...] = tuple(task for task in get_args(Task) if task)
"""The tasks whose templates ship with the package."""

OPTIONS = "options_"
"""The name in a template that becomes the list of classes."""

MOST_OPTIONS = 20
"""More different labels than this are no classes to choose from."""


class LabelledData(BaseModel):
    """A labelled dataset, and how it becomes instructions.

    Attributes:
        rows: the dataset file, relative to the workspace.
        task: the shipped templates to use: sentiment, topic, nli, qa, summarization or paraphrase.
        columns: the dataset's column of each name in the templates, where they differ.
        labels: the word for each value of the label's column.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: Path
    task: Task = ""
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[StrictInt | StrictStr, str] = Field(default_factory=dict)


class Limits(msgspec.Struct, frozen=True):
    """How much of each dataset is taken: rows at most, their rate in the mixture, inverted templates."""

    max_rows: int = 30_000
    max_rate: int = 3_000
    inverted: int = 3


class Dataset(msgspec.Struct, frozen=True):
    """A dataset that was read: its rows in the order in which they are used, and the templates that take turns."""

    data: LabelledData
    rows: tuple[Row, ...]
    forms: tuple[Form, ...]
    label: str
    labels: Mapping[str, str]

    def record(self, number: int, form: Form) -> Record:
        """Return the record of a row: dropped, with the reason, where the row is not fit.

        Args:
            number: its place in `rows`.
            form: the template, one of `forms`.

        Returns:
            The record; its labels name the dataset, the row and the template.
        """
        row = self.rows[number]
        place = Record((Turn("user", f"row {row.number} of {self.data.rows.as_posix()}"),))
        facts: tuple[tuple[str, str], ...] = (
            ("rows", self.data.rows.as_posix()),
            ("row", str(row.number)),
            ("template", form.entry.name),
        )
        if self.data.task:
            facts = (("task", self.data.task), *facts)
        if row.value is None:
            return place.with_origin(labels=facts).dropped("", "bad-row", row.problem)
        values = {name: _text(row.value.get(self.data.columns.get(name, name))) for name in form_columns(form)}
        blank = [name for name, text in values.items() if not text]
        if blank:
            return place.with_origin(labels=facts).dropped("", "blank-column", f"nothing in {blank[0]!r}")
        if self.label in values:
            word = self.labels.get(values[self.label], "")
            if not word:
                return place.with_origin(labels=facts).dropped("", "unknown-label", repr(values[self.label]))
            values[self.label] = word
            facts = (*facts, ("label", word))
        if form.entry.inverse_of:
            facts = (*facts, ("inverse_of", form.entry.inverse_of))
        return form.fill({**values, OPTIONS: self._options}).with_origin(labels=facts)

    @property
    def _options(self) -> str:
        words = dict.fromkeys(self.labels.values())
        return "OPTIONS:\n" + "\n".join(f"- {word}" for word in words) if len(words) <= MOST_OPTIONS else ""


def read_labelled(data: LabelledData, own: Path | None, context: Context, limits: Limits) -> Dataset:
    """Read a labelled dataset and the templates for it.

    Args:
        data: the dataset.
        own: the user's templates; None for those of the task.
        context: the stage's surroundings.
        limits: how much to take.

    Returns:
        The dataset, its rows in random order.

    Raises:
        RecipeError: a column that a template uses is not there.
        StageError: a template does not parse.
        FormatError: the file cannot be read.
    """
    path = own or Path(__file__).parents[1] / "prompts" / "templates" / "tasks" / f"{data.task}.yaml"
    file, lines = read_template_file(path, hint="name one of the shipped tasks in `task:`, or your own `file:`")
    kept = _sample(read_rows(context.path(data.rows)), limits.max_rows, context.random("rows", data.rows.as_posix()))
    entries = [each for template in file.templates for each in template.directions()]
    inverted = [entry.name for entry in entries if entry.inverse_of][limits.inverted :]
    forms = tuple(_form(entry, file, lines) for entry in entries if entry.name not in inverted)
    columns = next((frozenset(row.value) for row in kept if row.value is not None), frozenset())
    for name in sorted({name for form in forms for name in form_columns(form)}):
        column = data.columns.get(name, name)
        if column not in columns:
            near = did_you_mean(column, columns)
            raise RecipeError(
                f"{data.rows}: the templates use {name!r}, and there is no column {column!r}{near}; "
                f"say which one it is, as in `columns: {{{name}: …}}`"
            )
    return Dataset(data, kept, forms, file.label, _labels(data, file, kept))


def mixed(datasets: Sequence[Dataset], max_rate: int) -> Iterator[tuple[Record, TemplateEntry]]:
    """Yield the records of several datasets, each as often as its rate says, till all are used up.

    At every point a template with a `share` makes up no more than that of what was drawn, its first record apart; a
    row that only such templates are left for waits, and is left out if that does not change.

    Args:
        datasets: the datasets.
        max_rate: how many rows of a dataset count for its rate at most.

    Yields:
        One record a row, and the template it was made with.
    """
    rates = [min(len(dataset.rows), max_rate) for dataset in datasets]
    used = [0] * len(datasets)
    turns = [Turns(dataset.forms) for dataset in datasets]
    for total in range(sum(len(dataset.rows) for dataset in datasets)):
        left = [place for place, dataset in enumerate(datasets) if used[place] < len(dataset.rows)]
        ready = {place: turn for place in left if (turn := turns[place].next(total)) is not None}
        if not ready:
            return
        place = min(ready, key=lambda place: ((used[place] + 1) / rates[place], place))
        form = turns[place].take(ready[place])
        yield datasets[place].record(used[place], form), form.entry
        used[place] += 1


def form_columns(form: Form) -> tuple[str, ...]:
    """Return the names of columns that a template uses."""
    return tuple(slot for choice in form.choices for slot in choice.slots if slot != OPTIONS)


def _form(entry: TemplateEntry, file: TemplateFile, lines: Lines) -> Form:
    texts, used = parsed(entry, str(lines.path))
    names = tuple(sorted(used - file.tables.keys()))
    return Form(entry, texts, (Choice(names, ()),), str(lines.path), file.tables)


def _labels(data: LabelledData, file: TemplateFile, rows: Sequence[Row]) -> dict[str, str]:
    """Return the word for each value of the label's column; a word stands for itself too."""
    given = data.labels or file.labels
    if data.labels or _fits(given, data, file, rows):
        words = {str(value): word for value, word in given.items()}
        return words | {word: word for word in words.values()}
    column = data.columns.get(file.label, file.label)
    found = sorted({_text(row.value.get(column)) for row in rows if row.value is not None} - {""})
    return {word: word for word in found}


def _fits(given: Mapping[Any, str], data: LabelledData, file: TemplateFile, rows: Sequence[Row]) -> bool:
    """Return whether the task's usual numbers are those of the dataset."""
    column = data.columns.get(file.label, file.label)
    known = {str(value) for value in given} | set(given.values())
    return bool(given) and any(_text(row.value.get(column)) in known for row in rows if row.value is not None)


def _sample(rows: Iterator[Row], most: int, chance: random.Random) -> tuple[Row, ...]:
    """Keep `most` rows, each as likely as any other, and shuffle them.

    Source: Vitter 1985, "Random sampling with a reservoir", ACM TOMS 11(1), algorithm R.
    """
    kept: list[Row] = []
    for number, row in enumerate(rows):
        if number < most:
            kept.append(row)
        elif (place := chance.randrange(number + 1)) < most:
            kept[place] = row
    chance.shuffle(kept)
    return tuple(kept)


def _text(value: Any) -> str:
    """Return a cell as text; of several answers the first."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return "" if value is None else str(value).strip()
