"""What a stage may use of the world: the documents, a model to ask, seeded randomness, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from curator.errors import StageError
from curator.llm.base import Sampling
from curator.llm.model import Answer
from curator.record import Source, Turn
from curator.results import Results, ResultsInMemory
from curator.text.document import Document


class Asker(Protocol):
    """A model as a stage sees it; `curator.llm.model.Model` is one.

    Attributes:
        name: the model, as `provider/name`.
    """

    name: str

    async def ask(
        self,
        turns: tuple[Turn, ...],
        *,
        sampling: Sampling = ...,
        json_schema: str = ...,
        sample: int = ...,
    ) -> Answer:
        """Ask, or replay the stored reply; see `Model.ask`."""
        ...


@dataclass(frozen=True)
class Context:
    """The surroundings of one stage in one run.

    Attributes:
        stage: the recipe's name of the stage.
        seed: the recipe's seed.
        folder: the workspace, against which options name files.
        documents: the recipe's sources, read and cleaned.
        recipe_hash: the hash of the recipe.
        model: the model the recipe lends this stage; None if it has none.
        limit: how many candidates a generator is to make at most; None for all it can.
        others: the further models that the stage's options name, by the recipe's names.
        results: where costly results of our own are kept (embeddings, sketches): in the workspace, if there is one.
    """

    stage: str = ""
    seed: int = 0
    folder: Path = Path()
    documents: tuple[Document, ...] = ()
    recipe_hash: str = ""
    model: Asker | None = None
    limit: int | None = None
    others: Mapping[str, Asker] = field(default_factory=dict)
    results: Results = field(default_factory=ResultsInMemory, compare=False)
    _by_digest: Mapping[str, Document] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_digest", {document.digest: document for document in self.documents})

    def random(self, *position: object) -> random.Random:
        """Return a generator of random numbers that depends on the seed, the stage and `position` alone.

        Args:
            position: what the numbers are for (a chunk's number, a round), never when they are drawn.

        Returns:
            A generator of random numbers that depends on the seed, the stage and `position` alone.
        """
        return random.Random(":".join(map(str, (self.seed, self.stage, *position))))

    def passage(self, source: Source) -> str:
        """Return the text of the passage that `source` names.

        Args:
            source: a record's source.

        Returns:
            The text of the passage that `source` names.

        Raises:
            StageError: the run does not have that document, or has another version of it.
        """
        return self.document(source).text[source.start : source.end]

    def document(self, source: Source) -> Document:
        """Return the document that `source` names.

        Args:
            source: a record's source.

        Returns:
            The document.

        Raises:
            StageError: the run does not have it, or has another version of it.
        """
        document = self._by_digest.get(source.digest)
        if document is None:
            raise StageError(
                f"{self.stage}: the text of {source.document!r} that a record was made from is not among the sources "
                "of this run; add it to `sources`, or generate the record again"
            )
        return document

    def path(self, path: Path) -> Path:
        """Return where `path`, as an option gives it, lies: relative to the workspace."""
        return path if path.is_absolute() else self.folder / path

    def for_stage(
        self,
        stage: str,
        *,
        model: Asker | None = None,
        others: Mapping[str, Asker] | None = None,
        limit: int | None = None,
    ) -> Context:
        """Return this context, lent to another stage."""
        return replace(self, stage=stage, model=model, others=others or {}, limit=limit)
