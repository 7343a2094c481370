"""Records for property tests: any at all, and those that a format promises to hold."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from curator.formats import Format
from curator.formats.alpaca import Alpaca
from curator.formats.messages import Messages
from curator.formats.preference import Preference
from curator.formats.prompt_completion import PromptCompletion
from curator.formats.sharegpt import ShareGpt
from curator.record import Drop, Origin, Record, Role, Score, Source, Turn, single_turn

FORMATS: tuple[Format, ...] = (Alpaca(), ShareGpt(), Messages(), PromptCompletion(), Preference())
BY_NAME = {format.name: format for format in FORMATS}
CONTAINERS = {"jsonl": "a.jsonl", "json": "a.json", "csv": "a.csv", "parquet": "a.parquet", "datasets": "a/"}

AWKWARD = [
    "\ufeff",
    "\u2028",
    "\x85",
    "\r",
    "\r\n",
    "\n\n",
    '"',
    '""',
    ",",
    ";",
    "\x00",
    "\\",
    "[]",
    "null",
    "\U0001f600",
    " ",
]
"""Texts that a careless reader or writer breaks."""

texts = st.one_of(st.text(max_size=12), st.sampled_from(AWKWARD), st.lists(st.sampled_from(AWKWARD)).map("".join))
words = texts.map(lambda text: text + "x")
"""Texts that are more than blanks."""


@st.composite
def rounds(draw: st.DrawFn, *, tools: bool) -> list[Turn]:
    """Draw one to three questions with their answers, with the use of a tool in between if `tools`."""
    turns: list[Turn] = []
    for _ in range(draw(st.integers(1, 3))):
        turns.append(Turn("user", draw(words)))
        if tools and draw(st.booleans()):
            turns += [Turn("assistant", draw(texts)), Turn("tool", draw(texts))]
        turns.append(Turn("assistant", draw(words)))
    return turns


@st.composite
def dialogues(draw: st.DrawFn, *, tools: bool = True) -> Record:
    """Draw a finished dialogue, with or without a system prompt and an input."""
    if draw(st.booleans()):
        given = draw(st.one_of(st.just(""), words))
        return single_turn(draw(words), draw(words), input=given, system=draw(st.sampled_from(["", "Be brief."])))
    turns = draw(rounds(tools=tools))
    system = [Turn("system", draw(words))] if draw(st.booleans()) else []
    first = turns[0].content
    return Record((*system, *turns), input_at=draw(st.one_of(st.none(), st.integers(0, len(first)))))


@st.composite
def histories(draw: st.DrawFn, dialogue: st.SearchStrategy[Record]) -> Record:
    """Draw a record with everything that provenance must carry."""
    source = Source("book.md", "d1", draw(st.integers(0, 9)), 3, 9, "One", draw(texts))
    origin = Origin(
        "qa", "book-qa", ("r1-0",), "a/b", "p", "k", draw(st.sampled_from([None, source])), "h", (("k", "v"),)
    )
    scores = draw(st.lists(st.builds(Score, words, st.one_of(st.none(), st.floats(0, 1)), texts), max_size=2))
    drop = draw(st.one_of(st.none(), st.builds(Drop, words, words, texts)))
    return msgspec.structs.replace(draw(dialogue), origin=origin, scores=tuple(scores), drop=drop)


def holdable(name: str) -> st.SearchStrategy[Record]:
    """Return the records that the format `name` promises to hold."""
    if name == "preference":
        return st.builds(lambda record, worse: msgspec.structs.replace(record, rejected=worse), dialogues(), texts)
    return dialogues(tools=name != "alpaca")


def example(name: str, question: str = "How?") -> Record:
    """Return one plain record that the format `name` holds."""
    return single_turn(question, "So.", rejected="No." if name == "preference" else None)


ROLES: list[Role] = ["system", "user", "assistant", "tool"]

any_records = st.builds(
    Record,
    st.lists(st.builds(Turn, st.sampled_from(ROLES), texts), max_size=5).map(tuple),
    rejected=st.one_of(st.none(), texts),
    input_at=st.one_of(st.none(), st.integers(0, 9)),
)
"""Any records, most of which one format or another refuses."""
