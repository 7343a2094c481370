"""A leaf of a taxonomy: what a person writes about one piece of knowledge, or one skill, with examples of it.

Source: Sudalairaj et al. 2024, "LAB: Large-Scale Alignment for ChatBots", arXiv 2403.01081, section 3.1; the files are
those of InstructLab, knowledge in version 3 and skills in version 2 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.errors import RecipeError, StageError
from curator.record import single_turn
from curator.text.document import Document
from curator.text.readers import read_document
from curator.text.yaml_lines import explain, load_yaml

FILE_NAME = "qna.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pair(_Part):
    """A question with its answer."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


class KnowledgeSeed(_Part):
    """A passage of the document, and what may be asked about it."""

    context: str = Field(min_length=1)
    questions_and_answers: list[Pair] = Field(min_length=3)


class DocumentPlace(_Part):
    """Where the leaf's document lies: files beside the leaf, or files of a git repository."""

    patterns: list[str] = Field(min_length=1)
    repo: str = ""
    commit: str = ""


class KnowledgeLeaf(_Part):
    """A piece of knowledge: a document, its outline, and examples of what to ask."""

    version: int = Field(ge=3, le=3)
    domain: str
    created_by: str = ""
    document_outline: str
    seed_examples: list[KnowledgeSeed] = Field(min_length=5)
    document: DocumentPlace


class SkillSeed(_Part):
    """One case of a skill, perhaps about a text."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    context: str = ""
    attribution: Any = None


class SkillLeaf(_Part):
    """A skill: what is to be done, and cases of it."""

    version: int = Field(ge=2, le=3)
    task_description: str = Field(min_length=1)
    created_by: str = ""
    seed_examples: list[SkillSeed] = Field(min_length=5)


class Leaf(msgspec.Struct, frozen=True):
    """A leaf that was read.

    Attributes:
        name: its place in the taxonomy, as in `knowledge/works/fog`.
        path: its file.
        content: what stands in it.
    """

    name: str
    path: Path
    content: KnowledgeLeaf | SkillLeaf

    def questions(self) -> list[str]:
        """Return what the leaf's examples ask, each with the text that it is asked about."""
        if isinstance(self.content, KnowledgeLeaf):
            return [pair.question for seed in self.content.seed_examples for pair in seed.questions_and_answers]
        return [
            single_turn(seed.question, "", input=seed.context).messages[0].content
            for seed in self.content.seed_examples
        ]


def read_leaves(path: Path) -> list[Leaf]:
    """Read a leaf, or all leaves below a folder.

    Args:
        path: a `qna.yaml`, or a folder.

    Returns:
        The leaves, sorted by their places.

    Raises:
        RecipeError: a file is no leaf: which key is missing or wrong, with its line.
        StageError: there is no leaf below the folder.
    """
    if not path.is_dir():
        return [_leaf(path, path.parent.name)]
    found = sorted(path.rglob(FILE_NAME))
    if not found:
        raise StageError(f"{path}: there is no {FILE_NAME} in or below this folder")
    return [_leaf(file, file.parent.relative_to(path).as_posix().strip(".") or path.name) for file in found]


def documents_of(leaf: Leaf, sources: Sequence[Document]) -> list[Document]:
    """Return the documents that a leaf of knowledge is about.

    Args:
        leaf: the leaf.
        sources: the documents that the recipe names.

    Returns:
        The files beside the leaf; where it names a git repository, those of the recipe's sources whose names, or the
        ends of whose names, fit the patterns: a clone may lie anywhere in the workspace.

    Raises:
        StageError: there is none: the patterns fit no file, or none of the sources.
        SourceError: a file cannot be read.
    """
    if not isinstance(leaf.content, KnowledgeLeaf):
        return []
    place = leaf.content.document
    if place.repo:
        if not sources:
            raise StageError(
                f"{leaf.path}: its document lies in the git repository {place.repo}, which is not fetched; clone it "
                f"(commit {place.commit or 'as you like'}) and name its files in `sources:`, or leave out `repo` and "
                "let `patterns` name files beside the leaf"
            )
        fitting = [document for document in sources if any(_ends_as(document.name, wish) for wish in place.patterns)]
        if not fitting:
            raise StageError(
                f"{leaf.path}: no source fits document.patterns ({', '.join(place.patterns)}); name the files of "
                f"{place.repo} in `sources:`, which has {', '.join(document.name for document in sources)}"
            )
        return fitting
    files = dict.fromkeys(file for pattern in place.patterns for file in _matching(leaf.path.parent, pattern))
    if not files:
        raise StageError(f"{leaf.path}: no file fits document.patterns ({', '.join(place.patterns)}) beside the leaf")
    read = [read_document(file, file.name) for file in files]
    by_digest = {document.digest: document for document in sources}
    return [by_digest.get(document.digest, document) for document in read]


def _ends_as(name: str, pattern: str) -> bool:
    return _fits(PurePosixPath(name).parts, ("**", *PurePosixPath(pattern).parts))


def _fits(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path fits a pattern, part by part; `**` stands for any number of folders, none included."""
    if not pattern or not name:
        return not name and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _fits(name, pattern[1:]) or _fits(name[1:], pattern)
    return fnmatchcase(name[0], pattern[0]) and _fits(name[1:], pattern[1:])


def _matching(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)]
    if not any(mark in pattern for mark in "*?["):
        file = folder / pattern
        return [file] if file.is_file() else []
    try:
        return sorted(file for file in folder.glob(pattern) if file.is_file())
    except ValueError as error:
        raise StageError(f"{folder / FILE_NAME}: document.patterns: {pattern!r} is no pattern: {error}") from error


def _leaf(path: Path, name: str) -> Leaf:
    data, lines = load_yaml(path, hint="give a qna.yaml, or a folder that holds some")
    kind: type[KnowledgeLeaf | SkillLeaf] = KnowledgeLeaf
    if isinstance(data, dict) and "task_description" in data and "document" not in data:
        kind = SkillLeaf
    try:
        return Leaf(name, path, kind.model_validate(data))
    except ValidationError as error:
        raise RecipeError(explain(error, lines, kind)) from error
