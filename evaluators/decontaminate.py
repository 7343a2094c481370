"""Drop records that give away the items of a benchmark."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import chain
from typing import ClassVar, NamedTuple

from pydantic import Field as OptionField
from pydantic import field_validator, model_validator

from curator.contamination import Finder, Hit, RuleName, Rules, Tally
from curator.embedding.choose import check_available, embedder
from curator.embedding.kept import cached
from curator.errors import StageError
from curator.record import Record, Score
from curator.stage import AskingOptions, Context, Measure, Reading, Rejection, Stage, read_reply
from curator.stage.ordered import ordered_map
from curator.text.fields import Field, text_of
from evaluators.contamination.benchmarks import BenchmarkField, BenchmarkSource, OpenedBenchmark, open_benchmark
from evaluators.contamination.verdict import Verdict, prompt_folder, question, read_verdict
from evaluators.embedding_model import model_within

NAME = "decontaminate"

BATCH = 64
"""How many records are embedded at once."""


class DecontaminateOptions(AskingOptions):
    """Options of `decontaminate`.

    Attributes:
        against: the benchmarks: paths of files, `{file: …, columns: {instruction: question}}`, or a dataset of the Hub,
            `{dataset: organisation/name, config: …, split: test, revision: …, columns: …}`.
        rules: which finds count, of `ngram-13`, `ngram-8`, `matched` and `embedding`.
        field: what of a record is searched: `instruction` (with its input), `response`, `both`, or the `dialogue`.
        benchmark_field: what of an item is looked for: `instruction`, `response`, or `both`, each by itself.
        covered: the least share of an item's words in shared 8-grams, for `ngram-8`.
        matched: the share of an item's characters that `matched` wants more than.
        characters: the least share of a short question's characters in shared runs of 13.
        cosine: the least cosine, for `embedding` without a judge.
        embedding: the embedding model: `auto`, a folder (seen from the workspace), or a name on the Hub.
        judge: the recipe's name of a model that decides on what `embedding` proposes; "" for nobody.
        proposed_from: the cosine from which on the judge is asked.
        groups: labels, such as `fact` or `chunk`; a record that bears the same value as an item, because it was made
            from the same words, is dropped as `held-out-fact`.
    """

    against: tuple[BenchmarkSource, ...] = OptionField(min_length=1)
    rules: tuple[RuleName, ...] = OptionField(default=("ngram-13", "ngram-8", "matched"), min_length=1)
    field: Field = "dialogue"
    benchmark_field: BenchmarkField = "both"
    covered: float = OptionField(default=0.5, gt=0, le=1)
    matched: float = OptionField(default=0.5, ge=0, lt=1)
    characters: float = OptionField(default=0.5, gt=0, le=1)
    cosine: float = OptionField(default=0.85, gt=0, le=1)
    embedding: str = "auto"
    judge: str = ""
    proposed_from: float = OptionField(default=0.5, gt=0, le=1)
    groups: tuple[str, ...] = ()

    @field_validator("against")
    @classmethod
    def _named_once(cls, against: tuple[BenchmarkSource, ...]) -> tuple[BenchmarkSource, ...]:
        names = [source.name for source in against]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"{twice!r} is named twice")
        return against

    @model_validator(mode="after")
    def _judge_has_work(self) -> DecontaminateOptions:
        if self.judge and "embedding" not in self.rules:
            raise ValueError("`judge` decides on what the rule `embedding` proposes; add it to `rules`")
        return self


class Opened(NamedTuple):
    """The benchmarks of a run, ready to be found, and the labels of their items with the id of one that has each."""

    finder: Finder
    labels: Mapping[tuple[str, str], str]


class Decontaminate(Stage[DecontaminateOptions]):
    """Drops records in which items of a benchmark stand, so that the benchmark still measures something afterwards.

    The rules are those of `curator.contamination.Rules`. A record that gives an item away is dropped as `contaminated`;
    it names all items that were found in it, and of the strongest find the rule, the share of the item, and the words
    that both have. The question and the answer of an item are looked for separately.

    With the rule `embedding` each record bears a score, `decontaminate.cosine`: the cosine to the nearest item, -1 to
    1, higher is nearer. With a `judge`, a model decides on the records for which that is at least `proposed_from`: are
    the item and the nearest passage of the record the same problem in other words? A record whose verdict cannot be
    read stays, and its score says so. What is not looked for, or only in part, is said once, in the log.

    Source: see `Rules`; the judge: Yang et al., 2023, "Rethinking Benchmark and Contamination for Language Models with
    Rephrased Samples", arXiv 2311.04850, sections 4 and 5. Theirs asks about the nearest training text of each item,
    ours about the nearest item of each training text, which costs nothing where no item is near; its prompts are our
    own, and the reason comes before the verdict.
    """

    name: ClassVar[str] = NAME
    Options: ClassVar[type[AskingOptions]] = DecontaminateOptions

    def gives(self) -> tuple[Measure, ...]:
        """Return the cosine to the nearest item, where it is measured."""
        if not self._by_meaning:
            return ()
        return (Measure(f"{NAME}.cosine", "cosine to the nearest benchmark item", low=-1.0, better="lower"),)

    def also_asks(self) -> tuple[str, ...]:
        """Return the recipe's name of the judge, if there is one."""
        return (self.options.judge,) if self.options.judge else ()

    def check(self, context: Context) -> None:
        """Read the benchmarks, and open the prompts and the embedding model if they are wanted.

        Args:
            context: the context of the run to come.

        Raises:
            FormatError: a benchmark cannot be read, or its columns are not known.
            StageError: no item bears a label of `groups`, an overriding prompt folder is wrong, or the embedding model
                is not there.
        """
        opened = self._opened(context)
        borne = {name for each in opened for name, _value in each.labels}
        if missing := [name for name in self.options.groups if name not in borne]:
            there = f"they bear {', '.join(sorted(borne))}" if borne else "export them with `provenance: true`"
            raise StageError(f"{self.key}: `groups`: no item bears the label {missing[0]!r}; {there}")
        prompt_folder(context.path(self.options.prompts) if self.options.prompts else None)
        if self._by_meaning:
            check_available(self._model(context))

    async def run(self, records: AsyncIterator[Record], context: Context) -> AsyncIterator[Record]:
        """Mark the records that give an item away."""
        opened = await asyncio.to_thread(self._open, context)

        async def work(arrived: tuple[Record, tuple[Hit, ...]]) -> Record:
            return await self._decided(*arrived, opened, context)

        async for record in ordered_map(self._with_nearest(records, opened.finder), work):
            yield record

    def _open(self, context: Context) -> Opened:
        options = self.options
        found = self._opened(context)
        benchmarks = [each.benchmark for each in found]
        rules = Rules(options.rules, options.covered, options.matched, options.characters, options.cosine)
        embeds = cached(embedder(self._model(context)), context.results) if self._by_meaning else None
        finder = Finder(benchmarks, rules, embedder=embeds)
        counts = Tally(benchmarks, finder.limits).report().benchmarks
        for note in chain(*(each.notes() for each in found), *(each.notes() for each in counts)):
            logging.getLogger(__name__).warning("%s: %s", self.key, note)
        return Opened(finder, {label: item for each in reversed(found) for label, item in each.labels.items()})

    def _opened(self, context: Context) -> list[OpenedBenchmark]:
        field = self.options.benchmark_field
        return [open_benchmark(source, context.folder, field) for source in self.options.against]

    def _model(self, context: Context) -> str:
        return model_within(context.folder, self.options.embedding)

    @property
    def _by_meaning(self) -> bool:
        return "embedding" in self.options.rules

    async def _with_nearest(
        self, records: AsyncIterator[Record], finder: Finder
    ) -> AsyncIterator[tuple[Record, tuple[Hit, ...]]]:
        """Yield each record with the items whose meaning is nearest to its own, if that is to be known."""
        if not self._by_meaning:
            async for record in records:
                yield record, ()
            return
        batch: list[Record] = []
        async for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                for pair in await self._nearest(batch, finder):
                    yield pair
                batch = []
        for pair in await self._nearest(batch, finder):
            yield pair

    async def _nearest(self, batch: Sequence[Record], finder: Finder) -> list[tuple[Record, tuple[Hit, ...]]]:
        texts = [searched(record, self.options.field) for record in batch]
        least = self.options.proposed_from if self.options.judge else self.options.cosine
        return list(zip(batch, await asyncio.to_thread(finder.near, texts, least, always=True), strict=True))

    async def _decided(self, record: Record, near: tuple[Hit, ...], opened: Opened, context: Context) -> Record:
        options = self.options
        hits = opened.finder.hits(searched(record, options.field))
        said = f"nearest: {near[0].item}" if near else "there is nothing to compare"
        if options.judge and not hits and near and near[0].share >= options.proposed_from:
            verdict = await self._verdict(near[0], opened.finder, context)
            if verdict.value is None:
                said += f"; the record stays, for the judge's verdict is missing: {verdict.reason}: {verdict.problem}"
            else:
                said += f"; judge: {'the same' if verdict.value.same else 'another problem'}: {verdict.value.reason}"
                hits = near[:1] if verdict.value.same else ()
        elif not options.judge:
            hits = (*hits, *(hit for hit in near if hit.share >= options.cosine))
        if self.gives():
            record = record.with_scores(Score(f"{NAME}.cosine", near[0].share if near else None, said))
        rejection = _rejection(hits, said) or self._held_out(record, opened)
        return record if rejection is None else record.dropped(self.key, *rejection)

    async def _verdict(self, hit: Hit, finder: Finder, context: Context) -> Reading[Verdict]:
        options = self.options
        judge = context.others.get(options.judge)
        if judge is None:
            raise StageError(f"{self.key}: it asks the model {options.judge!r}, which it was not given")
        prompts = prompt_folder(context.path(options.prompts) if options.prompts else None)
        prompt = question(prompts, finder.written(hit), hit.passage)
        return await read_reply(prompt, judge, read_verdict, retries=options.retries)

    def _held_out(self, record: Record, opened: Opened) -> Rejection | None:
        """Return why a record is made from the same words as an item, if it is."""
        for name, value in record.origin.labels:
            if name in self.options.groups and (item := opened.labels.get((name, value))):
                return Rejection("held-out-fact", f"{item} has the same {name}: {value}", (item,))
        return None


def searched(record: Record, field: Field) -> list[str]:
    """Return the parts of a record in which items are looked for; by their meaning in each by itself.

    Args:
        record: the record.
        field: which part of it.

    Returns:
        The texts: the turns of a dialogue, and its rejected reply; or one part, or two.
    """
    if field == "dialogue":
        turns = [turn.content for turn in record.messages]
        return turns if record.rejected is None else [*turns, record.rejected]
    parts: tuple[Field, ...] = ("instruction", "response") if field == "both" else (field,)
    return [text_of(record, part) for part in parts]


def detail_of(hits: Sequence[Hit]) -> str:
    """Return what a person needs to judge a record's finds.

    Args:
        hits: the finds, the strongest first; at least one.

    Returns:
        The strongest, with the words that both have; and how many other items were found.
    """
    best = hits[0]
    how = f"cosine {best.share:.2f}" if best.rule == "embedding" else f"{best.share:.0%} of it"
    further = len({hit.item for hit in hits}) - 1
    return f"{best.item}, its {best.part}, by {best.rule}, {how}: “{best.shared}”" + (
        f"; and {further} more" if further else ""
    )


def _rejection(hits: Sequence[Hit], said: str) -> Rejection | None:
    if not hits:
        return None
    verdict = said.partition("; judge: ")[2]
    detail = detail_of(hits) + (f"; judge: {verdict}" if verdict else "")
    return Rejection("contaminated", detail, tuple(dict.fromkeys(hit.item for hit in hits)))
