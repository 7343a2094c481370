"""What `book-qa` sends: its prompts filled in, with examples as turns of a dialogue.

Small models follow a dialogue of examples, and lose their way in one long prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import msgspec

from curator.llm.base import Sampling
from curator.llm.structured import schema_text
from curator.record import Turn
from curator.stage import Prompt
from curator.text.prompt import PromptFolder
from generators.book.entities import mentions
from generators.book.passages import Passage, Sentence, group_labels
from generators.book.question_types import QUESTION_TYPES
from generators.book.records import type_labels
from generators.book.replies import WrittenPairs
from generators.book.verbatim import Asked

ONE_LINE = Sampling(stop=("\n",))
"""A question is one line; what a small model writes after it is a second question, an answer, or worse."""

_LINE = re.compile(r"^(\w+): (.+)$", re.MULTILINE)


class BookPrompts:
    """The prompts of one stage, in the user's wording where a recipe overrides ours."""

    def __init__(self, folder: PromptFolder) -> None:
        """Take the prompts.

        Args:
            folder: those of `book-qa`, some overridden perhaps.
        """
        self._folder = folder
        self._examples = cache(self._example_blocks)

    def about_sentence(self, asked: Asked) -> Prompt:
        """Ask for the question that a sentence answers."""
        sentence = asked.sentence or Sentence("", 0)
        plain = asked.type == "factoid" and not asked.difficulty
        turns = [self.system(asked.passage)]
        for example in self._examples("examples" if plain else "sentence_examples", asked.type):
            turns += [Turn("user", self._sentence(asked, plain, **example)), Turn("assistant", example["question"])]
        second = asked.second_sentence.text if asked.second_sentence else ""
        shown = asked.shown or sentence.text
        given = asked.answer or (asked.exchanged if asked.type == "unanswerable" else "")
        turns.append(Turn("user", self._sentence(asked, plain, sentence=shown, second=second, given=given)))
        return self._prompt(asked, turns, sampling=ONE_LINE)

    def about_passage(self, asked: Asked, count: int) -> Prompt:
        """Ask for several pairs about a passage, as JSON."""
        values = self._place(asked.passage) | {"count": count}
        turns = [self.system(asked.passage), Turn("user", self._folder.render("written", **values))]
        return msgspec.structs.replace(self._prompt(asked, turns), json_schema=schema_text(WrittenPairs))

    def typed(self, asked: Asked) -> Prompt:
        """Ask for one pair of a type about a passage, as labelled lines."""
        values = self._place(asked.passage) | {
            "type": asked.type,
            "level": self._level(asked.difficulty),
            "position": asked.position,
            "quoted": QUESTION_TYPES[asked.type].quoted,
            "second": asked.second.text if asked.second else "",
        }
        turns = [self.system(asked.passage), Turn("user", self._folder.render("typed", **values))]
        return self._prompt(asked, turns)

    def besides(self, prompt: Prompt, questions: Sequence[str]) -> Prompt:
        """Return a prompt that also names the questions that were asked before."""
        if not questions:
            return prompt
        *before, last = prompt.turns
        content = f"{last.content}\n\n{self._folder.render('earlier', questions=list(questions))}"
        return msgspec.structs.replace(prompt, turns=(*before, Turn(last.role, content)))

    def quotation(self, asked: Asked) -> str:
        """Return the question who says something; it needs no model."""
        quote = asked.speech.quote if asked.speech else ""
        number = asked.sentence.at if asked.sentence else 0
        return self._folder.render("quotation", title=asked.passage.document.title, quote=quote, number=number)

    def untold(self, passage: Passage) -> str:
        """Return the answer to a question that the document does not answer."""
        return self._folder.render("untold", title=passage.document.title)

    def for_topics(self, passage: Passage, count: int) -> Prompt:
        """Ask which topics a chapter has."""
        turns = [self.system(passage), Turn("user", self._folder.render("topics", **self._place(passage), count=count))]
        return Prompt(tuple(turns), item=passage, labels=group_labels(passage.source())[1:])

    def about_topic(self, system: Turn, topic: str, kind: str, difficulty: str, hint: str) -> tuple[Turn, ...]:
        """Ask for a question about a topic."""
        values = {"type": kind, "level": self._level(difficulty)}
        turns = [system]
        for example in self._examples("topic_examples", kind):
            shown = self._folder.render("topic_question", topic=example["topic"], hint=example["hint"], **values)
            turns += [Turn("user", shown), Turn("assistant", example["question"])]
        hint = hint if mentions(hint, topic) else ""
        turns.append(Turn("user", self._folder.render("topic_question", topic=topic, hint=hint, **values)))
        return tuple(turns)

    def from_passages(self, system: Turn, question: str, texts: Sequence[str]) -> tuple[Turn, ...]:
        """Ask for an answer that rests on passages."""
        turns = [system]
        for example in self._examples("answer_examples", ""):
            shown = self._folder.render("topic_answer", passages=[example["passage"]], question=example["question"])
            told = f"Evidence: {example['evidence']}\nAnswer: {example['answer']}"
            turns += [Turn("user", shown), Turn("assistant", told)]
        turns.append(Turn("user", self._folder.render("topic_answer", passages=list(texts), question=question)))
        return tuple(turns)

    def system(self, passage: Passage) -> Turn:
        """Return the system turn."""
        return Turn("system", self._folder.render("system", **self._place(passage)))

    def _prompt(self, asked: Asked, turns: Sequence[Turn], sampling: Sampling = Sampling()) -> Prompt:
        evidence = asked.passage.source(asked.sentence)
        source = None if asked.type == "unanswerable" else evidence
        labels = (*group_labels(evidence), *type_labels(asked))
        return Prompt(tuple(turns), item=asked, sampling=sampling, source=source, labels=labels)

    def _sentence(self, asked: Asked, plain: bool, **values: str) -> str:
        known = {"second": "", "given": "", "type": asked.type, "level": self._level(asked.difficulty)}
        return self._folder.render("verbatim" if plain else "sentence", **self._place(asked.passage), **known | values)

    def _place(self, passage: Passage) -> dict[str, object]:
        return {"title": passage.document.title, "chapter": passage.chunk.chapter, "passage": passage.text}

    def _level(self, difficulty: str) -> str:
        return self._folder.render("levels", difficulty=difficulty)

    def _example_blocks(self, name: str, kind: str) -> tuple[dict[str, str], ...]:
        return tuple(_blocks(self._folder.render(name, type=kind)))


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """Yield the examples of a file: blocks of lines such as "Sentence: ...", parted by blank lines."""
    for block in text.split("\n\n"):
        lines = {name.lower(): value for name, value in _LINE.findall(block)}
        if lines:
            yield lines
