"""The same question in other words: several phrasings of every fact, because a model learns a fact better that way.

Two ways. `ask: openings` (the default) gives the beginning of each phrasing ("Tell me …", "Do you know …?"), one
request each: very small models can do that. `ask: freely` asks for all of them at once, in whatever words: more varied,
cheaper, and beyond very small models.

Each phrasing keeps its parent's answer, source and group labels (`fact`, `chunk` ...), so that a split by group never
puts two phrasings of one fact on different sides.

Source:
    Allen-Zhu and Li 2023, "Physics of Language Models: Part 3.1, Knowledge Storage and Extraction", arXiv 2309.14316:
    knowledge that was seen in one wording only can hardly be asked for ("knowledge augmentation"). They vary the texts;
    ours varies the questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

import msgspec
from pydantic import Field

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn
from curator.stage import AskingOptions, Context, Prompt, Transformer
from curator.text.prompt import PromptFolder
from curator.text.references import unresolved
from curator.text.words import content_words, normalise, words
from generators.shared.plain_reply import is_cut_off
from generators.shared.rephrasing import asked_as, changed_facts

LABEL = "paraphrase"
"""The label that says which phrasing of its parent a record is, from 1."""

DRAWN_AT = 0.7
"""The temperature of free phrasings: the surest draw is too often the question as it was."""

ONE_LINE = Sampling(temperature=0, stop=("\n",))
"""A phrasing whose beginning is given is one line, and the surest draw loses the fewest facts."""

_EXAMPLE = re.compile(r"^Question: (.+)\n((?:- .+(?:\n|\Z))+)", re.MULTILINE)
_CLAUSE = re.compile(r"^Question: (.+)\nClause: (.+)$", re.MULTILINE)
_MARK = re.compile(
    r"^\s*(?:[-*+•]\s+|\(?\d{1,2}[.):]\s*|(?:question|paraphrase|version|way|option)(?:\s*\d{1,2})?\s*[.):-]\s*)+", re.I
)
_FENCE = re.compile(r"\s*```")
_ASKS_FOR = {
    "a time": re.compile(r"\bwhen\b|\bwhat time\b"),
    "a person": re.compile(r"\b(?:who|whom|whose)\b"),
    "a place": re.compile(r"\bwhere\b"),
    "a reason": re.compile(r"\bwhy\b"),
    "a count": re.compile(r"\bhow (?:many|much|often|long|far|old)\b"),
}
_TAG = re.compile(r"</?question>", re.I)


class ParaphraseOptions(AskingOptions):
    """Options of `paraphrase`.

    Attributes:
        n: how many further phrasings of each question; 3 to 8 are usual.
        ask: "openings" (one request a phrasing, its beginning given) or "freely" (one request a question).
    """

    n: int = Field(default=3, ge=1, le=8)
    ask: Literal["openings", "freely"] = "openings"


class Wanted(msgspec.Struct, frozen=True):
    """The parent of the phrasings that a prompt asks for, how many they are, and the number of the first."""

    parent: Record
    count: int
    first: int = 1


class Paraphrase(Transformer[ParaphraseOptions]):
    """Asks a model for further phrasings of each question; see the module's docstring.

    A phrasing is kept as a dropped record if it says what its parent or an earlier phrasing says but for case and
    punctuation (`same-question`, `duplicate-phrasing`), loses or gains a number or loses a name (`facts-changed`), has
    no word of the question (`unrelated`), asks for another kind of thing (`asks-otherwise`: when instead of why), is
    much longer (`too-long`), can no longer be understood alone (`not-self-contained`), is the last one of a reply that
    breaks off (`cut-off`), or is one more than was asked for (`surplus`).
    """

    name: ClassVar[str] = "paraphrase"
    Options: ClassVar[type[AskingOptions]] = ParaphraseOptions
    checks = (
        {"use": "self-containment"},
        {"use": "threshold", "name": "self-contained", "options": {"score": "self-containment", "min": 1}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
    )
    example = "curator generate paraphrase qa.jsonl -n 20 --out more.jsonl"

    def per_prompt(self) -> int:
        """Return how many phrasings a reply holds."""
        return self.options.n if self.options.ask == "freely" else 1

    def check(self, context: Context) -> None:
        """Open the prompts.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: an overriding prompt folder is wrong.
        """
        self.prompt_folder(context)

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the prompts about a record; none if nobody asks in it.

        Args:
            record: the parent.
            context: the stage's surroundings.

        Returns:
            One prompt for all phrasings, or one for each opening.
        """
        if not record.instruction.strip():
            return ()
        folder, count = self.prompt_folder(context), self.options.n
        if self.options.ask == "openings":
            return [
                Prompt(
                    _with_opening(folder, record.instruction, opening),
                    item=Wanted(record, 1, number),
                    sampling=ONE_LINE,
                    source=record.origin.source,
                )
                for number, opening in enumerate(folder.render("openings").splitlines()[:count], start=1)
            ]
        turns = (
            Turn("system", folder.render("system")),
            *_examples(folder, count),
            Turn("user", folder.render("question", question=record.instruction, count=count)),
        )
        free = Sampling(temperature=DRAWN_AT)
        return (Prompt(turns, item=Wanted(record, count), sampling=free, source=record.origin.source),)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the phrasings, one a line.

        Args:
            reply: the model's text.
            prompt: the prompt; its item says what is `Wanted`.

        Returns:
            One record a phrasing; unfit ones are marked as dropped.

        Raises:
            UnparsableReply: there is no phrasing in it.
        """
        return self.read(ChatReply(reply), prompt)

    def read(self, reply: ChatReply, prompt: Prompt) -> Iterable[Record]:
        """Read the phrasings, the last one dropped where the reply breaks off in it; see `AskingStage.read`."""
        phrasings = phrasings_in(reply.text)
        if not phrasings:
            raise UnparsableReply("there is no question in the reply")
        whole = phrasings_in(reply.text.rpartition("\n")[0]) if is_cut_off(reply) else phrasings
        return self._judged(phrasings, prompt.item, whole=len(whole))

    def _judged(self, phrasings: list[str], wanted: Wanted, *, whole: int) -> Iterator[Record]:
        """Mark what is unfit among the phrasings, of which the first `whole` did not break off."""
        seen: set[tuple[str, ...]] = set()
        kept = 0
        for place, phrasing in enumerate(phrasings):
            child = asked_as(wanted.parent, phrasing, labels=((LABEL, str(wanted.first + place)),))
            form = tuple(words(phrasing))
            reason, detail = ("duplicate-phrasing", phrasing) if form in seen else unfit(phrasing, wanted.parent)
            if place >= whole:
                reason, detail = "cut-off", "max_tokens was used up"
            if not reason and kept == wanted.count:
                reason, detail = "surplus", f"{wanted.count} asked for"
            seen.add(form)
            kept += not reason
            yield child.dropped(self.key, reason, detail) if reason else child


def phrasings_in(reply: str) -> list[str]:
    """Return the questions of a reply, one a line, without numbers, bullets, labels, fences and quote marks.

    Args:
        reply: the model's text.

    Returns:
        The questions. A line that announces them ("Sure, here are three ways:") is none.
    """
    lines = [line.strip() for line in reply.splitlines() if line.strip() and not _FENCE.match(line)]
    bare = [_TAG.sub("", _MARK.sub("", line)).strip(" \t*\"“”'‘’`") for line in lines]
    return [
        text
        for line, text in zip(lines, bare, strict=True)
        if words(text) and not (line.rstrip("*").endswith(":") and not _MARK.match(line))
    ]


def unfit(phrasing: str, parent: Record) -> tuple[str, str]:
    """Return why a phrasing cannot stand for its parent's question.

    Args:
        phrasing: the question in other words.
        parent: the record that it comes from.

    Returns:
        Reason and detail; ("", "") if it is fit.
    """
    question = parent.instruction
    if words(phrasing) == words(question):
        return "same-question", ""
    if changed := changed_facts(phrasing, question):
        return "facts-changed", changed
    if not _stems(phrasing) & _stems(question):
        return "unrelated", "it has no content word of the question"
    if otherwise := _asks_otherwise(phrasing, question):
        return "asks-otherwise", otherwise
    most = 2 * len(words(question)) + 12
    if len(words(phrasing)) > most:
        return "too-long", f"{len(words(phrasing))} words, at most {most}"
    has_input = bool(parent.input.strip())
    if not unresolved(question, has_input=has_input) and (found := unresolved(phrasing, has_input=has_input)):
        return "not-self-contained", found
    return "", ""


def _asks_otherwise(phrasing: str, question: str) -> str:
    """Return what a phrasing asks for instead of what its question asks for; "" if their question words agree."""
    wanted, got = _asked_for(question), _asked_for(phrasing)
    if not wanted or not got or wanted & got:
        return ""
    return f"{' or '.join(sorted(got))} instead of {' or '.join(sorted(wanted))}"


def _asked_for(question: str) -> set[str]:
    form = normalise(question)
    return {what for what, sign in _ASKS_FOR.items() if sign.search(form)}


def _stems(text: str) -> set[str]:
    import snowballstemmer  # type: ignore[import-untyped]

    return set(snowballstemmer.stemmer("english").stemWords(content_words(text)))


def _with_opening(folder: PromptFolder, question: str, opening: str) -> tuple[Turn, ...]:
    """Return the prompt for one phrasing, with examples that begin as it is to begin."""
    begins = opening.partition("…")[0].strip()
    turns = [Turn("system", folder.render("system"))]
    for asked, clause in _CLAUSE.findall(folder.render("clauses")):
        turns.append(Turn("user", folder.render("opening", question=asked, opening=begins)))
        turns.append(Turn("assistant", opening.replace("…", clause) + ("" if opening.endswith("?") else ".")))
    return (*turns, Turn("user", folder.render("opening", question=question, opening=begins)))


def _examples(folder: PromptFolder, count: int) -> tuple[Turn, ...]:
    """Return the examples as turns of a dialogue, each with as many phrasings as are wanted."""
    turns: list[Turn] = []
    for question, listed in _EXAMPLE.findall(folder.render("examples")):
        phrasings = [line.removeprefix("- ") for line in listed.splitlines()][:count]
        answer = "\n".join(f"{number}. {phrasing}" for number, phrasing in enumerate(phrasings, start=1))
        turns += [Turn("user", folder.render("question", question=question, count=count)), Turn("assistant", answer)]
    return tuple(turns)
