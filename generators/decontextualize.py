"""Questions that lean on their passage are mended instead of dropped: "What did he do then?" gets its names.

Only questions in which the patterns of `self-containment` find something are touched. Where it is enough to leave out
"according to the text", that is done without a model. Otherwise the model sees the question, the passage, its title and
chapter, and writes the question with the least change that lets it stand alone. The mended record takes the place of
its parent; where the rewrite is unfit it is kept as a dropped record, and the parent stays, for a threshold to judge.

Source:
    Choi et al. 2021, "Decontextualization: Making Sentences Stand-Alone", arXiv 2102.05169, section 2: the edits are
    name completion, pronoun swap and removal of discourse markers, and the meaning must not change. They train a T5
    model on annotated sentences and may answer "infeasible"; ours asks a chat model about questions and checks
    what comes back by rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from pydantic import Field

from curator.errors import UnparsableReply
from curator.llm.base import ChatReply, Sampling
from curator.record import Record, Turn
from curator.stage import AskingOptions, Context, Prompt, Transformer
from curator.text.prompt import PromptFolder
from curator.text.references import unresolved
from curator.text.words import words
from generators.shared.plain_reply import is_cut_off
from generators.shared.rephrasing import asked_as, changed_facts, missing_names

LABEL = "decontextualized"
"""The label that keeps the question as it was before."""

_EXAMPLE = re.compile(r"^Title: (.+)\nPassage: (.+)\nQuestion: (.+)\nMended: (.+)$", re.MULTILINE)
_PREFACE = re.compile(r"^\W*(?:(?:mended|rewritten|question|decontextuali[sz]ed)[^:?]{0,30}:\s*)+", re.I)
_SOURCE = r"(?:the|this|that) (?:given |provided |above )?(?:text|passage|excerpt|extract|paragraph|document|context)"
_POINTING = re.compile(
    rf"^(?:according to|based on|in|from|per|as (?:stated|described|mentioned) in) {_SOURCE}\s*,\s*"
    rf"|,? (?:according to|based on|in|as (?:stated|described|mentioned) in) {_SOURCE}(?=[?.]?$)",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?question>", re.I)


class DecontextualizeOptions(AskingOptions):
    """Options of `decontextualize`.

    Attributes:
        keep: the share of the question's words that the rewrite has to keep, 0 to 1.
    """

    keep: float = Field(default=0.5, ge=0.0, le=1.0)


class Decontextualize(Transformer[DecontextualizeOptions]):
    """Rewrites questions that cannot be understood alone; see the module's docstring.

    A rewrite is dropped if it is the question as it was (`unchanged`), still leans on its passage (`still-unresolved`),
    loses or gains a number or loses a name (`facts-changed`; title and chapter may lend a number), brings in a name
    that stands nowhere in its passage, title or chapter (`invented-name`), keeps too little of the question or is much
    longer (`changed-too-much`), or breaks off because no more tokens were allowed (`cut-off`).
    """

    name: ClassVar[str] = "decontextualize"
    Options: ClassVar[type[AskingOptions]] = DecontextualizeOptions
    supersedes: ClassVar[bool] = True
    checks = (
        {"use": "self-containment"},
        {"use": "threshold", "name": "self-contained", "options": {"score": "self-containment", "min": 1}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
    )
    example = "curator generate decontextualize qa.jsonl book.txt -n 20 --out mended.jsonl"

    def check(self, context: Context) -> None:
        """Open the prompts.

        Args:
            context: the context of the run to come.

        Raises:
            StageError: an overriding prompt folder is wrong.
        """
        self.prompt_folder(context)

    def prompts_for(self, record: Record, context: Context) -> Iterable[Prompt | Record]:
        """Return the mended record, or the one prompt about it; nothing for a question that stands alone.

        Args:
            record: the parent.
            context: lends the passage.

        Returns:
            At most one; none, too, for a record without a source to take names from.

        Raises:
            StageError: the run does not have the record's source.
        """
        source = record.origin.source
        found = unresolved(record.instruction, has_input=bool(record.input.strip()))
        if not found:
            return ()
        if bare := without_pointing(record.instruction):
            return (asked_as(record, bare, labels=((LABEL, record.instruction), ("leaned", found))),)
        if source is None:
            return ()
        folder = self.prompt_folder(context)
        place = {
            "title": context.document(source).title,
            "chapter": source.chapter,
            "passage": "\n\n".join(map(context.passage, (source, *record.origin.further_sources))),
        }
        turns = (
            Turn("system", folder.render("system")),
            *_examples(folder),
            Turn("user", folder.render("question", question=record.instruction, **place)),
        )
        item = (record, "\n\n".join(place.values()), f"{place['title']}\n\n{place['chapter']}")
        return (Prompt(turns, item=item, sampling=Sampling(stop=("\n",)), source=source, labels=(("leaned", found),)),)

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the mended question.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the parent, all that the model saw of its source, and the headings in that.

        Returns:
            One record, marked as dropped if the rewrite is unfit.

        Raises:
            UnparsableReply: the reply is blank.
        """
        parent, seen, headings = prompt.item
        question = mended_in(reply)
        child = asked_as(parent, question, labels=((LABEL, parent.instruction),))
        reason, detail = self._unfit(question, parent, seen, headings)
        return [child.dropped(self.key, reason, detail) if reason else child]

    def read(self, reply: ChatReply, prompt: Prompt) -> Iterable[Record]:
        """Read the mended question, dropped where it breaks off; see `AskingStage.read`."""
        records = self.parse(reply.text, prompt)
        if is_cut_off(reply):
            return [record.dropped(self.key, "cut-off", "max_tokens was used up") for record in records]
        return records

    def _unfit(self, question: str, parent: Record, seen: str, headings: str) -> tuple[str, str]:
        """Return why a rewrite cannot take its parent's place, and the detail; two empty texts if it can."""
        before = parent.instruction
        if words(question) == words(before):
            return "unchanged", ""
        if found := unresolved(question):
            return "still-unresolved", found
        if changed := changed_facts(question, before, lent=headings):
            return "facts-changed", changed
        if invented := sorted(missing_names(question, f"{before}\n{seen}")):
            return "invented-name", ", ".join(invented)
        share, most = kept_share(before, question), 2 * len(words(before)) + 12
        if share < self.options.keep:
            return "changed-too-much", f"keeps {share:.2f} of the question's words"
        if len(words(question)) > most:
            return "changed-too-much", f"{len(words(question))} words, at most {most}"
        return "", ""


def without_pointing(question: str) -> str:
    """Return a question without the words that only point to its source, as "according to the text" does.

    Args:
        question: the question.

    Returns:
        The question; "" if it has no such words, or cannot be understood without its passage all the same.
    """
    bare = _POINTING.sub("", question.strip())
    if bare == question.strip() or unresolved(bare):
        return ""
    return bare[:1].upper() + bare[1:]


def mended_in(reply: str) -> str:
    """Return the question that a reply consists of.

    Args:
        reply: the model's text.

    Returns:
        Its first line that ends with a question mark, else its first line; without label, tags and quote marks around.

    Raises:
        UnparsableReply: the reply is blank.
    """
    bare = [_TAG.sub("", _PREFACE.sub("", line.strip())).strip(' \t*`"“”') for line in reply.splitlines()]
    lines = [line for line in bare if words(line)]
    if not lines:
        raise UnparsableReply("there is no question in the reply")
    return next((line for line in lines if line.endswith("?")), lines[0])


def kept_share(before: str, after: str) -> float:
    """Return the share of a question's words that its rewrite keeps: |W(before) ∩ W(after)| / |W(before)|, multisets.

    Args:
        before: the question.
        after: the rewrite.

    Returns:
        0 to 1; 1 for a question without words.
    """
    had = Counter(words(before))
    return (had & Counter(words(after))).total() / had.total() if had else 1.0


def _examples(folder: PromptFolder) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for title, passage, question, mended in _EXAMPLE.findall(folder.render("examples")):
        asked = folder.render("question", title=title, chapter="", passage=passage, question=question)
        turns += [Turn("user", asked), Turn("assistant", mended)]
    return tuple(turns)
