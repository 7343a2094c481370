"""What the tests of stages that work on records share: a record with its passage, and a model that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from curator.llm.base import ChatReply, ChatRequest
from curator.llm.scripted import ScriptedProvider
from curator.record import Origin, Record, Source, single_turn
from curator.stage import Context, Stage
from curator.text.document import Document
from tests.stage.samples import model_of, outcome

DOCUMENT = Document(
    "eld.md",
    "Ruth Tamsin came to Port Eld in 1904. She built the Corn Bridge and was paid 300 crowns for it.",
    "Notes on Port Eld",
)


def about_eld(question: str, answer: str = "300 crowns.", *, input: str = "", chapter: str = "Bridges") -> Record:
    """Return a record made from the document, with labels of its own."""
    source = Source(DOCUMENT.name, DOCUMENT.digest, 0, 0, len(DOCUMENT.text), chapter, "She built the Corn Bridge")
    labels = (("fact", "f1"), ("chunk", "c1"), ("question_type", "factoid"))
    return single_turn(
        question,
        answer,
        input=input,
        system="Be brief.",
        origin=Origin("book-qa", "book-qa", source=source, labels=labels),
    )


def made_of(
    stage: Stage[Any],
    records: Sequence[Record],
    script: str | Callable[[ChatRequest], str | ChatReply] | Sequence[str],
    document: Document = DOCUMENT,
) -> tuple[list[Record], ScriptedProvider]:
    """Return what the stage gives out, and the provider that it asked; a text answers every request."""
    answer = script
    client = ScriptedProvider((lambda _request: answer) if isinstance(answer, str) else answer)
    context = Context(stage.key, seed=1, documents=(document,), recipe_hash="0" * 16, model=model_of(client))
    return asyncio.run(outcome(stage, records, context)), client
