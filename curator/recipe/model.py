"""What a recipe may say: the contract of `recipe.yaml`, as pydantic models that refuse what they do not know."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from curator.llm.spec import ModelSpec
from curator.text.yaml_lines import Lines


class Section(BaseModel):
    """Base of a recipe's parts: unknown keys are refused, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StageUse(Section):
    """One entry of `stages:`.

    Attributes:
        use: the stage's registered name.
        name: what the recipe calls it; the registered name unless it is used twice.
        model: the name of a model of `models:`; the first one there unless said.
        takes: (`from:`) the name of the stage whose records a transformer works on; all from above unless said.
        options: the stage's own options.
        accept: go on until this many of the stage's records survive its gate.
        candidates: how many candidates may be made for that; 5 x `accept` unless said.
        gate: the names of the stages below that a record must survive to count; all of them unless said.
    """

    use: str
    name: str = ""
    model: str = ""
    takes: str = Field(default="", alias="from")
    options: dict[str, Any] = Field(default_factory=dict)
    accept: int | None = Field(default=None, ge=1)
    candidates: int | None = Field(default=None, ge=1)
    gate: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _accept_comes_first(self) -> Self:
        if self.accept is None and (self.gate or self.candidates is not None):
            raise ValueError("`gate` and `candidates` go with `accept`: say how many records you want")
        if self.accept is not None and self.candidates is not None and self.candidates < self.accept:
            raise ValueError(f"{self.candidates} candidates cannot give {self.accept} accepted records")
        return self

    @property
    def key(self) -> str:
        """What the recipe calls this use of the stage."""
        return self.name or self.use


class BudgetLimits(Section):
    """What the dataset may cost; a run stops before a limit is crossed. None is no limit.

    Attributes:
        max_usd: US dollars.
        max_requests: requests to models.
        max_tokens: tokens, sent and received.
    """

    max_usd: float | None = Field(default=None, ge=0)
    max_requests: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=0)


class ExportTarget(Section):
    """One file to write when the run has ended.

    Attributes:
        format: the registered name of a format.
        path: where, relative to the workspace; the ending decides the container, a "/" stands for a `datasets` folder.
        made_by: (`from:`) the name of the stage whose records are wanted; those of all unless said.
        include_dropped: write the dropped records too, with their reasons.
        provenance: add the column `curator` with each record's origin and scores.
    """

    format: str = "messages"
    path: str
    made_by: str = Field(default="", alias="from")
    include_dropped: bool = False
    provenance: bool = False


class Recipe(Section):
    """A recipe: what to make, from what, with which models, and where to put it.

    Attributes:
        name: the dataset's name.
        seed: where all random choices begin.
        sources: documents, relative to the workspace; patterns such as `sources/*.md` are allowed.
        models: the models that stages may ask, by a name of the recipe's own.
        budget: what the run may cost.
        stages: what is done, in order.
        export: what is written at the end.
    """

    name: str = "dataset"
    seed: int = 0
    sources: tuple[str, ...] = ()
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    budget: BudgetLimits = BudgetLimits()
    stages: tuple[StageUse, ...] = Field(min_length=1)
    export: tuple[ExportTarget, ...] = ()
    _folder: Path = PrivateAttr(default_factory=Path)
    _lines: Lines = PrivateAttr(default_factory=lambda: Lines(Path("recipe"), {}))

    @model_validator(mode="before")
    @classmethod
    def _name_repeated_stages(cls, data: Any) -> Any:
        """Call the second `threshold` of a recipe `threshold-2`, so that every use has a name of its own."""
        if not isinstance(data, dict) or not isinstance(data.get("stages"), list | tuple):
            return data
        stages = [
            {**stage, "name": name} if name and isinstance(stage, dict) else stage
            for stage, name in zip(data["stages"], names_of_stages(data["stages"]), strict=True)
        ]
        return {**data, "stages": stages}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        keys = [stage.key for stage in self.stages]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"two stages are called {twice[0]!r}; give one of them another `name:`")
        return self

    @property
    def folder(self) -> Path:
        """The workspace, against which paths are read."""
        return self._folder

    @property
    def lines(self) -> Lines:
        """Where its parts stand in the file it was read from, for messages."""
        return self._lines

    def at(self, folder: Path, lines: Lines | None = None) -> Recipe:
        """Return this recipe, with its paths read relative to `folder`.

        Args:
            folder: the workspace.
            lines: where its parts stand in its file, if it has one.

        Returns:
            This recipe, with its paths read relative to `folder`.
        """
        copy = self.model_copy()
        copy._folder = folder
        copy._lines = lines or self._lines
        return copy

    @property
    def hash(self) -> str:
        """The hash of what decides the records (everything but exports and budget): 16 hexadecimal digits."""
        content = self.model_dump_json(exclude={"export", "budget"}, by_alias=True)
        return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def names_of_stages(entries: Sequence[Any]) -> list[str]:
    """Return what a recipe calls its stages: their names, or what they use, numbered from the second on.

    Args:
        entries: the value of `stages`, as YAML gives it, not yet checked.

    Returns:
        One name an entry; "" for one that cannot have any.
    """
    seen: dict[str, int] = {}
    names = []
    for entry in entries:
        use, name = (entry.get("use"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not name and isinstance(use, str):
            seen[use] = seen.get(use, 0) + 1
            name = use if seen[use] == 1 else f"{use}-{seen[use]}"
        names.append(name if isinstance(name, str) else "")
    return names
