"""A small world for any stage: a document, three records, a model that always says the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from curator.llm.base import ChatRequest
from curator.llm.model import Model
from curator.llm.scripted import ScriptedProvider
from curator.record import Origin, Record, Score, Source, single_turn
from curator.registry import stages
from curator.stage import Context, Stage
from curator.text.document import Document

STAGE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "decontaminate": {"against": ["records.jsonl"]},
    "import": {"file": "records.jsonl"},
    "self-instruct": {"seeds": "records.jsonl"},
    "alpaca": {"seeds": "records.jsonl"},
    "taxonomy": {"file": "qna.yaml"},
    "templates": {"file": "templates.yaml"},
    "respond": {"all": True},
    "tool-use": {"tools": "tools.json"},
    "threshold": {"score": "sample", "min": 0.5},
}
"""Options of the stages that cannot be built without any. A stage that needs some has its line here."""

TEMPLATES = """
slots: {berth: [1, 2, 3]}
templates:
  - {name: rent, instruction: "What is the rent of berth {{ berth }}?", response: "Ask the harbour master."}
  - {name: open, instruction: "Describe berth {{ berth }}."}
"""

TOOLS = """
[{"name": "tide", "description": "Return the tide at a berth.",
  "parameters": {"type": "object", "required": ["berth"], "properties": {"berth": {"type": "integer", "minimum": 1}}}}]
"""

LEAF = """
version: 2
task_description: Name the berth of a boat.
seed_examples:
  - {question: "Where does the Gull lie?", answer: Berth 1.}
  - {question: "Where does the Tern lie?", answer: Berth 2.}
  - {question: "Where does the Skua lie?", answer: Berth 3.}
  - {question: "Where does the Auk lie?", answer: Berth 4.}
  - {question: "Where does the Knot lie?", answer: Berth 5.}
"""

ROWS = """
{"instruction": "How long may a boat be without a pilot?", "input": "", "output": "Twelve metres."}
{"instruction": "When does the harbour close?", "input": "", "output": "At dusk."}
"""

DOCUMENT = Document(
    "harbour.md",
    "The harbour of Vell opens at 6 a.m. and closes at dusk. Boats longer than twelve metres need a pilot.\n\n"
    "Captain Orla Finch has kept the log since 1984. Every entry is written in green ink.",
    "The harbour of Vell",
)


def _record(question: str, answer: str, evidence: str, score: float | None) -> Record:
    start = DOCUMENT.text.find("\n\n") + 2 if evidence not in DOCUMENT.text.split("\n\n")[0] else 0
    source = Source(DOCUMENT.name, DOCUMENT.digest, int(start > 0), start, len(DOCUMENT.text), evidence=evidence)
    scores = (Score("sample", score, "given by the test"),)
    return single_turn(question, answer, origin=Origin("above", "above", source=source), scores=scores)


RECORDS = (
    _record("When does the harbour of Vell open?", "It opens at 6 a.m.", "opens at 6 a.m.", 0.9),
    _record("Who keeps the harbour log?", "Captain Orla Finch keeps it.", "Captain Orla Finch has kept the log", 0.4),
    _record("What colour is the ink of the log?", "The ink is green.", "Every entry is written in green ink.", None),
    _record("What colour does it have?", "It is green.", "Every entry is written in green ink.", 0.7),
)


def build(name: str) -> Stage[Any]:
    """Return the stage `name`, with the options it needs."""
    return stages.load(name)(STAGE_OPTIONS.get(name, {}))


def context_for(
    stage: Stage[Any], folder: Path, limit: int | None = None, script: ScriptedProvider | None = None
) -> Context:
    """Return the surroundings of `stage`: the document, and the models it asks, which answer from `script`."""
    (folder / "templates.yaml").write_text(TEMPLATES, encoding="utf-8")
    (folder / "qna.yaml").write_text(LEAF, encoding="utf-8")
    (folder / "tools.json").write_text(TOOLS, encoding="utf-8")
    (folder / "records.jsonl").write_text(ROWS.lstrip(), encoding="utf-8")
    script = script or ScriptedProvider(lambda _request: "The harbour master knows.")
    model = Model(script, provider="scripted") if stage.asks else None
    others = {name: Model(script, provider="scripted") for name in stage.also_asks()}
    shared = Context(seed=7, folder=folder, documents=(DOCUMENT,), recipe_hash="0" * 16)
    return shared.for_stage(stage.key, model=model, others=others, limit=limit)


REPLIES = (
    "The harbour master knows.",
    "When does the harbour of Vell open?",
    "Question: Who keeps the log?\nAnswer: Captain Orla Finch has kept the log since 1984.",
    "Instruction: Name the harbour.\nInput: <noinput>\nOutput: The harbour of Vell.",
    '{"pairs": [{"question": "Who writes in green?", "answer": "Orla Finch.", "evidence": "in green ink"}]}',
    "1. Describe a day at the harbour of Vell.\n2. List three rules for boats.\n3.",
    "Reason: it fits.\nScore: 4",
    "Yes",
    "",
)
"""What a model may say, fitting or not."""


def any_reply(request: ChatRequest) -> str:
    """Answer with one of `REPLIES`, the same to the same request, and a word of its own."""
    number = int(request.key("any")[:8], 16)
    text = REPLIES[number % len(REPLIES)]
    return text.replace("harbour", f"harbour {number % 97}") if text else text


async def run(stage: Stage[Any], records: Iterable[Record], context: Context) -> list[Record]:
    """Return what the stage makes of `records`."""

    async def stream() -> AsyncIterator[Record]:
        for record in records:
            yield record

    return [record async for record in stage.run(stream(), context)]
