"""Question-answer pairs from a document, each with the words of the document that its answer rests on.

Three ways. `verbatim` (answer first): a sentence is picked from the passage, the one with the most numbers and names
first; it is the answer, and the model writes the question it answers. The answer is the document's own word, so even a
very small model does no harm. `written`: the model reads the passage, writes questions with answers and quotes a
sentence for each; freer answers, for models that can be trusted to quote. `retrieved` (question first): a question is
written about a topic, the passages that fit it are looked up, and the model answers from them with a quotation. Whether
question and answer stand in the passage is for `grounding` to measure.

Passages are taken in turn, one pair from every passage, then the second from every passage, and in an order of which
each beginning is spread over the whole document: a limited run covers it, too.

Source:
    Answer-first question generation: Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip
    Consistency", arXiv 1906.05416, section 2. Ours picks whole sentences by a count instead of a trained span model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec

from curator.errors import StageError
from curator.record import Record
from curator.stage import Context, Generator, GeneratorOptions, Prompt
from generators.book.asking import BookPrompts
from generators.book.options import BookQAOptions
from generators.book.order import LARGEST_SPREAD_CHARS, spread
from generators.book.passages import Passage, passages_of, why_uninformative
from generators.book.plan import Plan
from generators.book.records import Draft, verbatim_record, written_record
from generators.book.replies import ReadPair, pairs_in, question_in
from generators.book.retrieved import Job as TopicJob
from generators.book.retrieved import TopicQuestions
from generators.book.talk import Talk
from generators.book.topics import read_topics
from generators.book.verbatim import Asked, Composer
from generators.shared.declined import is_declined

NOTHING_TO_ASK = "nothing-to-ask"
"""The reason of a passage that the model says holds nothing to ask about."""

LOW_INFORMATION = "low-information"
"""The reason of a passage that nobody is asked about."""

NO_QUESTION = "no-question-of-these-types"
"""The reason of a passage that holds prose, but nothing that a question of the wanted types needs."""


class Job(msgspec.Struct, frozen=True):
    """What one prompt is for.

    Attributes:
        asked: the question to be written.
        prompts: what is sent.
        talk: what was asked about the same passage before; None where the type of question or its sentence keeps
            questions apart.
        turn: whose turn it is in that.
        composer: what the book offers for wrong options.
    """

    asked: Asked
    prompts: BookPrompts
    talk: Talk | None = None
    turn: int = 0
    composer: Composer | None = None

    def wrong_answers(self, asked: Asked, answer: str, pair: ReadPair) -> tuple[str, ...]:
        """Return the wrong options that the model gave, filled up with names or numbers of the book."""
        if self.composer is None:
            return tuple(pair.distractors)
        return self.composer.fill(asked.passage, answer, pair.distractors)


class BookQA(Generator[BookQAOptions]):
    """Writes question-answer pairs about documents; see the module's docstring."""

    name: ClassVar[str] = "book-qa"
    Options: ClassVar[type[GeneratorOptions]] = BookQAOptions
    example: ClassVar[str] = "curator generate book-qa book.txt -n 20 --out qa.jsonl"
    checks = (
        {"use": "heuristics"},
        {"use": "self-containment"},
        {"use": "grounding"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "threshold", "name": "self-contained", "options": {"score": "self-containment", "min": 1}},
        {"use": "threshold", "name": "specific", "options": {"score": "heuristics.instruction_words", "min": 5}},
        {"use": "threshold", "name": "grounded", "options": {"score": "grounding", "min": 0.8, "unscored": "keep"}},
        {
            "use": "threshold",
            "name": "on-topic",
            "options": {"score": "grounding.question", "min": 0.7, "unscored": "keep"},
        },
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )

    def per_prompt(self) -> int:
        """Return how many pairs a prompt gives, about."""
        options = self.options
        if options.answers == "retrieved" and options.topics == "model":
            return options.topics_per_chapter * options.per_chunk
        return options.per_chunk if options.answers == "written" and options.plain else 1

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return how many replies a prompt takes: a retrieved answer takes a question first, a chapter its topics."""
        if self.options.answers != "retrieved":
            return (1, 1)
        each = 1 if self.options.extractive else 2
        return (1, 1 + each * self.per_prompt()) if self.options.topics == "model" else (1, each)

    def check(self, context: Context) -> None:
        """See that there is something to read.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: the recipe names no sources, an overriding prompt folder is wrong, or the file of topics cannot
                be read.
        """
        if not context.documents:
            raise StageError(f"{self.key}: there is no document to ask about; name one in `sources:`")
        self._prompts(context)
        if self.options.topic_file is not None:
            read_topics(context.path(self.options.topic_file))

    def prompts(self, context: Context) -> Iterator[Prompt | Record]:
        """Yield what to ask, taking the passages in turn; last what is passed over, as dropped records.

        Args:
            context: the stage's surroundings.

        Yields:
            One prompt a sentence, a passage, a topic or a chapter; a question that needs no model; and at the end, so
            that it takes no place from a question in a limited run, each passage that holds nothing to ask about.
        """
        prompts, passed_over = self._prompts(context), list[Record]()
        informative = self._informative(context, passed_over)
        if self.options.answers == "retrieved":
            passages = list(informative)
            if passages:
                yield from TopicQuestions(self, prompts, passages, context).prompts()
        elif not self.options.plain:
            yield from self._typed(prompts, list(informative), context, passed_over)
        elif self.options.answers == "written":
            for passage in _in_order(informative, context):
                asked = Asked("factoid", passage)
                yield _for(prompts.about_passage(asked, self.options.per_chunk), Job(asked, prompts))
        else:
            yield from self._sentences_in_turn(prompts, _in_order(informative, context), passed_over)
        yield from passed_over

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Make what one prompt is for; see `AskingStage.answer`.

        Args:
            prompt: what to ask.
            context: the stage's surroundings.

        Returns:
            Its records, with their origin.

        Raises:
            StageError: the recipe lent this stage no model.
            ProviderError: the endpoint cannot serve.
        """
        job: Job | TopicJob = prompt.item
        if isinstance(job, TopicJob):
            return await job.work.answer(prompt, context)
        if job.talk is None:
            return await super().answer(prompt, context)
        prompt = job.prompts.besides(prompt, await job.talk.before(job.turn))
        made = await super().answer(prompt, context)
        await job.talk.over(record.instruction for record in made if record.drop is None)
        return made

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the question, or the pairs, of a reply.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Job`.

        Returns:
            One record a pair; what is of no use is marked as dropped: a pair whose quotation does not stand in the
            passage, one that was not asked for, a passage that the model declines.

        Raises:
            UnparsableReply: there is no question in it, or no pair.
        """
        job: Job = prompt.item
        asked = job.asked
        untold = job.prompts.untold(asked.passage)
        if is_declined(reply):
            return [self._passed_over(asked.passage, NOTHING_TO_ASK, f"the model replied {reply.strip()!r}")]
        if asked.sentence is not None:
            return [verbatim_record(self.key, asked, question_in(reply), untold)]
        only_asks = asked.type == "unanswerable"
        pairs = [ReadPair(question=question_in(reply))] if only_asks else pairs_in(reply)
        if not pairs:
            return [self._passed_over(asked.passage, NOTHING_TO_ASK, f"the model replied {reply.strip()!r}")]
        most = 1 if job.talk else self.options.per_chunk
        made = [written_record(self.key, asked, pair, untold, job.wrong_answers) for pair in pairs]
        return made[:most] + [_surplus(record, self.key, most) for record in made[most:]]

    def _sentences_in_turn(
        self, prompts: BookPrompts, passages: Iterable[Passage], passed_over: list[Record]
    ) -> Iterator[Prompt]:
        """Yield the passages' most telling sentences, then the second most telling, and so on."""
        left: list[Passage] = []
        for passage in passages:
            if passage.sentences:
                yield self._about(prompts, passage, 0)
                left.append(passage)
            else:
                passed_over.append(self._passed_over(passage, LOW_INFORMATION, "no sentence in it stands by itself"))
        for turn in range(1, self.options.per_chunk):
            for passage in left:
                if turn < len(passage.sentences):
                    yield self._about(prompts, passage, turn)

    def _about(self, prompts: BookPrompts, passage: Passage, turn: int) -> Prompt:
        asked = Asked("factoid", passage, passage.sentences[turn])
        return _for(prompts.about_sentence(asked), Job(asked, prompts))

    def _typed(
        self, prompts: BookPrompts, passages: list[Passage], context: Context, passed_over: list[Record]
    ) -> Iterator[Prompt | Record]:
        plan = Plan(passages, self.options, context)
        talks: dict[int, Talk] = {}
        for asked in plan.in_turn():
            if asked.speech is not None:
                untold = prompts.untold(asked.passage)
                yield verbatim_record(self.key, asked, prompts.quotation(asked), untold)
            elif asked.sentence is not None:
                yield _for(prompts.about_sentence(asked), Job(asked, prompts))
            else:
                talk = talks.setdefault(id(asked.passage), Talk())
                yield _for(prompts.typed(asked), Job(asked, prompts, talk, talk.take_turn(), plan.composer))
        why = f"nothing in it gives a question of the type {' or '.join(self.options.shares)}"
        passed_over += [self._passed_over(passage, NO_QUESTION, why) for passage in plan.unasked()]

    def _informative(self, context: Context, passed_over: list[Record]) -> Iterator[Passage]:
        """Yield the passages that can be asked about, and keep the others."""
        for document in context.documents:
            for passage in passages_of(document, self.options.max_words):
                why = why_uninformative(passage.text, self.options.min_words)
                if why:
                    passed_over.append(self._passed_over(passage, LOW_INFORMATION, why))
                else:
                    yield passage

    def _passed_over(self, passage: Passage, reason: str, why: str) -> Record:
        return Draft(passage.text, "", source=passage.source(), flaw=(reason, why)).record(self.key, passage)

    def _prompts(self, context: Context) -> BookPrompts:
        return BookPrompts(self.prompt_folder(context))


def _in_order(passages: Iterator[Passage], context: Context) -> Iterable[Passage]:
    """Return passages spread over the text, so that a limited run covers it; those of a library as they come."""
    chars = sum(len(document.text) for document in context.documents)
    return passages if chars > LARGEST_SPREAD_CHARS else spread(list(passages))


def _for(prompt: Prompt, job: Job) -> Prompt:
    return msgspec.structs.replace(prompt, item=job)


def _surplus(record: Record, stage: str, most: int) -> Record:
    return record if record.drop else record.dropped(stage, "more-than-asked", f"{most} asked for")
