"""Manual templates: instructions with slots, filled from lists of values.

Somebody who knows the domain writes the phrasing and lists the values; every combination is a candidate. The answer
comes from a template of its own (with look-up tables, so that it is true), is asked of the model, perhaps with the
passages of the sources that fit the question best, or is left for a person.

Templates take turns, and each one's combinations come in an order drawn from the recipe's seed: a short run sees every
template, and a longer one begins with the records of the shorter one.

Source:
    Wei et al. 2021, "Finetuned Language Models Are Zero-Shot Learners" (FLAN), arXiv 2109.01652, section 2.1, made
    instructions from ten hand-written templates a task, some of them inverted. Ours differ: they need no labelled task
    behind them. Where there is one, see `generators.slots.labelled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

import msgspec
from pydantic import Field, StrictInt, StrictStr, model_validator

from curator.embedding.retrieval import retriever
from curator.errors import StageError, UnparsableReply
from curator.record import Record, Source, Turn
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from curator.text.chunks import chunk_document
from curator.text.prompt import PromptFolder
from curator.text.retrieval import Retriever
from generators.slots.file import TemplateEntry, TemplateFile, read_template_file
from generators.slots.forms import Form, forms_of
from generators.slots.labelled import Dataset, LabelledData, Limits, Task, mixed, read_labelled
from generators.slots.order import in_turn

__all__ = ["TemplateFile", "Templates", "TemplatesOptions"]

AWAITS_PERSON = ("awaits", "person")
"""The label of a record whose answer is left for a person."""


class TemplatesOptions(GeneratorOptions):
    """Options of `templates`.

    Attributes:
        file: the YAML file of templates, relative to the workspace; the course's JSON layout is read too.
        n: how many candidates; all combinations unless said. Drawn evenly over the templates, from the recipe's seed.
        rows: a labelled dataset whose columns fill the templates, in place of slots.
        task: shipped templates for `rows`, in place of `file`: sentiment, topic, nli, qa, summarization, paraphrase.
        columns: the dataset's column of each name in the templates, where they differ.
        labels: the word for each value of the dataset's label.
        also: further labelled datasets that are mixed in, each with `rows`, `task`, `columns` and `labels`.
        max_rows: how many rows of a dataset are used at most.
        max_rate: how many rows of a dataset count at most when several are mixed in proportion to their sizes.
        inverted: how many of a task's inverted templates (write the text for a label) are used at most.
        passages: how many passages of the sources a `grounded` template shows the model.
        max_words: the longest such passage, in words.
    """

    file: Path | None = None
    n: int | None = Field(default=None, ge=1)
    rows: Path | None = None
    task: Task = ""
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[StrictInt | StrictStr, str] = Field(default_factory=dict)
    also: tuple[LabelledData, ...] = ()
    max_rows: int = Field(default=30_000, ge=1)
    max_rate: int = Field(default=3_000, ge=1)
    inverted: int = Field(default=3, ge=0)
    passages: int = Field(default=3, ge=1, le=20)
    max_words: int = Field(default=180, ge=20, le=5000)

    @model_validator(mode="after")
    def _something_to_fill(self) -> TemplatesOptions:
        if self.rows is None and (self.task or self.columns or self.labels or self.also):
            raise ValueError("`task`, `columns`, `labels` and `also` are for a labelled dataset; name it in `rows`")
        if (self.file is None) == (not self.task):
            raise ValueError("name a `file` of templates; or, for a labelled dataset in `rows`, a `task`")
        if any(not each.task and self.file is None for each in self.also):
            raise ValueError("each dataset in `also` needs a `task`, where there is no `file` of templates")
        return self


class Library(msgspec.Struct, frozen=True):
    """The passages of the sources, and what finds among them."""

    texts: tuple[str, ...]
    sources: tuple[Source, ...]
    search: Retriever


class Templates(Generator[TemplatesOptions]):
    """Fills hand-written templates; see the module's docstring."""

    name: ClassVar[str] = "templates"
    version: ClassVar[int] = 3
    Options: ClassVar[type[GeneratorOptions]] = TemplatesOptions
    checks = ({"use": "exact-dedup"},)
    input_option = "file"
    example = "curator generate templates templates.yaml -n 20 --out filled.jsonl"

    def check(self, context: Context) -> None:
        """Compile every template, and fill each until every value of its slots was used.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: a template lacks a slot or does not parse, or is grounded and there are no sources.
            RecipeError: the file is not what it should be, with the line.
        """
        if self.options.rows is not None:
            for dataset in self._datasets(context):
                for number, form in zip(range(len(dataset.rows)), dataset.forms, strict=False):
                    self._check_documents(form, context)
                    dataset.record(number, form)
            return
        for form in self._forms(context):
            self._check_documents(form, context)
            for filling in form.every_value():
                form.fill(filling)

    @staticmethod
    def _check_documents(form: Form, context: Context) -> None:
        if form.entry.grounded and not context.documents:
            raise StageError(
                f"{form.where}: template {form.entry.name!r} is grounded, and there is no document to look in; "
                "name one in `sources:`"
            )

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield finished records where the template has a response, and prompts where the model is to answer.

        A response that comes out blank drops its record.

        Args:
            context: the stage's surroundings.

        Yields:
            One candidate a filling, the templates in turn.
        """
        folder = self.prompt_folder(context)
        found = self._of_rows(context) if self.options.rows is not None else self._of_slots(context)
        library: Library | None = None
        for record, entry in islice(found, self.options.n):
            if record.drop is not None:
                yield record
            elif entry.response:
                yield self._finished(record, entry)
            elif entry.answer == "person":
                yield record.with_origin(labels=(*record.origin.labels, AWAITS_PERSON))
            elif entry.grounded:
                library = library or self._library(context)
                yield self._grounded(folder, record, library)
            else:
                system = folder.render("answer", category=entry.category)
                yield Prompt((Turn("system", system), *record.messages), item=record)

    def _finished(self, record: Record, entry: TemplateEntry) -> Record:
        """Drop what a blank in a table leaves without an answer: the model is not to invent a fact that is missing."""
        if record.response.strip():
            return record
        return record.dropped(self.key, "blank-response", f"{entry.response!r} came out blank")

    def _of_slots(self, context: Context) -> Iterator[tuple[Record, TemplateEntry]]:
        for form, number in in_turn(self._forms(context), context.random):
            yield form.fill(form.filling(number)), form.entry

    def _of_rows(self, context: Context) -> Iterator[tuple[Record, TemplateEntry]]:
        for record, entry in mixed(self._datasets(context), self.options.max_rate):
            drop = record.drop
            yield record if drop is None else record.dropped(self.key, drop.reason, drop.detail), entry

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

    def _grounded(self, folder: PromptFolder, record: Record, library: Library) -> Prompt:
        request = record.messages[-1].content
        hits = library.search.top(request, self.options.passages)
        places = [hit.place for hit in hits]
        text = folder.render("grounded", passages=[library.texts[place] for place in places], request=request)
        sources = [library.sources[place] for place in places]
        item = record.with_origin(source=next(iter(sources), None), further_sources=tuple(sources[1:]))
        return Prompt((Turn("system", folder.render("grounded_system")), Turn("user", text)), item=item)

    def _library(self, context: Context) -> Library:
        found = [
            (chunk.text, Source(document.name, document.digest, chunk.index, chunk.start, chunk.end, chunk.chapter))
            for document in context.documents
            for chunk in chunk_document(document, max_words=self.options.max_words)
        ]
        if not found:
            raise StageError(f"{self.key}: a template is grounded, and the sources hold no passage; see `sources:`")
        texts, sources = zip(*found, strict=True)
        return Library(texts, sources, retriever(texts, "bm25"))

    def _datasets(self, context: Context) -> list[Dataset]:
        options = self.options
        if options.rows is None:
            return []
        first = LabelledData(rows=options.rows, task=options.task, columns=options.columns, labels=options.labels)
        limits = Limits(options.max_rows, options.max_rate, options.inverted)
        return [
            read_labelled(each, None if each.task else context.path(options.file or Path()), context, limits)
            for each in (first, *options.also)
        ]

    def _forms(self, context: Context) -> list[Form]:
        path = context.path(self.options.file or Path())
        return forms_of(*read_template_file(path, hint=f"check `file:` of the stage {self.key!r}"))
