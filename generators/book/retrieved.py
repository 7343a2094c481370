"""Question first: a topic gives a question, the question finds its passages, the passages give the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from curator.errors import StageError, UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn, single_turn
from curator.stage import Context, Generator, Prompt, Reading
from generators.book.asking import ONE_LINE, BookPrompts
from generators.book.options import BookQAOptions
from generators.book.passages import Passage, group_labels
from generators.book.plan import Plan
from generators.book.records import Draft, rest_on
from generators.book.replies import ReadPair, flaw_of, pairs_in, question_in
from generators.book.talk import Talk
from generators.book.topics import Shelf, Topic, chapters_of, nearest_sentence, proof, read_topics, topics_in
from generators.shared.declined import is_declined

FAITHFUL = Sampling(temperature=0.0)
"""An answer is to say what the passages say, so nothing in it is left to chance."""


class Chapter(msgspec.Struct, frozen=True):
    """A chapter whose topics the model is to name, and the types and levels of the questions about them."""

    passage: Passage
    planned: tuple[tuple[str, str], ...]


class TopicQuestions:
    """Writes questions about topics and answers them from the passages they find."""

    def __init__(
        self, stage: Generator[BookQAOptions], prompts: BookPrompts, passages: Sequence[Passage], context: Context
    ) -> None:
        """Prepare the shelf.

        Args:
            stage: the stage, which asks and signs.
            prompts: what is sent.
            passages: all passages, at least one.
            context: the stage's surroundings.
        """
        self._stage = stage
        self._options = stage.options
        self._prompts = prompts
        self._shelf = Shelf(passages, stage.options.retriever, stage.options.top_k)
        self._plan = Plan(passages, stage.options, context)
        self._context = context

    def prompts(self) -> Iterator[Prompt]:
        """Yield one question for every topic, then the second for every topic; or what topics every chapter has."""
        if self._options.topics == "model":
            each = self._options.topics_per_chapter * self._options.per_chunk
            for chapter in chapters_of(self._shelf.passages):
                planned = tuple(self._plan.type_and_level() for _ in range(each))
                asked = self._prompts.for_topics(chapter, self._options.topics_per_chapter)
                yield msgspec.structs.replace(asked, item=Job(self, Chapter(chapter, planned)))
            return
        system = self._prompts.system(self._shelf.passages[0])
        topics = [(name, Talk()) for name in self._topics()]
        for _turn in range(self._options.per_chunk):
            for name, talk in topics:
                yield self._about(Topic(name, *self._plan.type_and_level(), talk, talk.take_turn()), system)

    async def answer(self, prompt: Prompt, context: Context) -> list[Record]:
        """Carry one prompt out.

        Args:
            prompt: a prompt of `prompts`.
            context: the stage's surroundings.

        Returns:
            The record of a topic, or those of a chapter.
        """
        job: Job = prompt.item
        if isinstance(job.what, Topic):
            return [await self._pair(job.what, prompt, context)]
        return await self._chapter(job.what, prompt, context)

    async def _chapter(self, chapter: Chapter, prompt: Prompt, context: Context) -> list[Record]:
        most = self._options.topics_per_chapter
        named = await self._stage.ask(prompt, context, lambda reply: topics_in(reply.text, most))
        if named.value is None:
            return [self._stage.failed(prompt, context, named)]
        if not named.value:
            empty = Draft("Which topics does this chapter have?", chapter.passage.text, source=chapter.passage.source())
            empty.flaw = ("nothing-to-ask", "the model says that the chapter holds nothing to ask about")
            return [self._stage.signed(empty.record(self._stage.key, chapter.passage), prompt, context, named)]
        made: list[Record] = []
        talks = [(name, Talk()) for name in named.value]
        for number, planned in zip(range(len(talks) * self._options.per_chunk), chapter.planned, strict=False):
            name, talk = talks[number % len(talks)]
            topic = Topic(name, *planned, talk, talk.take_turn())
            made.append(await self._pair(topic, self._about(topic, prompt.turns[0]), context, named))
        return made

    async def _pair(self, topic: Topic, prompt: Prompt, context: Context, *before: Reading[list[str]]) -> Record:
        prompt = self._prompts.besides(prompt, await topic.talk.before(topic.turn))
        asked = await self._stage.ask(prompt, context, _question)
        await topic.talk.over([asked.value] if asked.value else [])
        if asked.value is None:
            return self._stage.failed(prompt, context, asked, *before)
        passages = self._shelf.best(f"{asked.value} {topic.name}") if asked.value else []
        if not passages:
            reason = "nothing-retrieved" if asked.value else "nothing-to-ask"
            record = single_turn(asked.value or topic.name, "").dropped(self._stage.key, reason, topic.name)
            return self._stage.signed(record, prompt, context, asked, *before)
        if self._options.extractive:
            evidence = nearest_sentence(asked.value, passages)
            record = self._grounded(asked.value, ReadPair(answer=evidence, evidence=evidence), passages)
            return self._stage.signed(record, prompt, context, asked, *before)
        turns = self._prompts.from_passages(prompt.turns[0], asked.value, [passage.text for passage in passages])
        source = passages[0].source()
        second = Prompt(turns, sampling=FAITHFUL, source=source, labels=(*prompt.labels, *group_labels(source)))
        told = await self._stage.ask(second, context, _answer)
        if told.value is None:
            return self._stage.failed(second, context, told, asked, *before)
        record = self._grounded(asked.value, told.value, passages)
        return self._stage.signed(record, second, context, told, asked, *before)

    def _grounded(self, question: str, told: ReadPair, passages: Sequence[Passage]) -> Record:
        draft = Draft(question, told.answer)
        draft.flaw = rest_on(draft, proof(told.evidence, told.answer), passages, quoted=True)
        if is_declined(told.answer):
            draft.flaw = ("unanswerable", "the model says that the passages found do not answer it")
        draft.flaw = draft.flaw or flaw_of(question, told.answer, names_answer=True)
        return draft.record(self._stage.key, passages[0])

    def _about(self, topic: Topic, system: Turn) -> Prompt:
        turns = self._prompts.about_topic(
            system, topic.name, topic.type, topic.difficulty, self._shelf.hint(topic.name)
        )
        labels = {"topic": topic.name, "question_type": topic.type, "difficulty": topic.difficulty}
        said = tuple((name, value) for name, value in labels.items() if value)
        return Prompt(turns, item=Job(self, topic), sampling=ONE_LINE, labels=said)

    def _topics(self) -> list[str]:
        file = self._options.topic_file
        if file is not None:
            return read_topics(self._context.path(file))
        found = self._shelf.names() if self._options.topics == "names" else list(self._options.topics)
        if not found:
            raise StageError(
                f"{self._stage.key}: no names were found in the documents to ask about; give `topics:` a list, a file, "
                "or `model`"
            )
        return found


class Job(msgspec.Struct, frozen=True):
    """What one prompt is for: a topic, or a chapter whose topics are not known yet; and who carries it out."""

    work: TopicQuestions
    what: Topic | Chapter


def _question(reply: ChatReply) -> str:
    return "" if is_declined(reply.text) else question_in(reply.text)


def _answer(reply: ChatReply) -> ReadPair:
    """Read an answer with its quotation; a reply without labels is an answer without one."""
    if is_declined(reply.text):
        return ReadPair(answer=reply.text.strip())
    try:
        return next(pair for pair in pairs_in(reply.text) if not pair.unread)
    except StopIteration:
        raise UnparsableReply("the reply is an empty list") from None
    except UnparsableReply:
        text = reply.text.strip()
        if not text or text[0] in "{[":
            raise
        return ReadPair(answer=text.split("\n\n")[0].strip())
