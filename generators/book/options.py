"""The options of `book-qa`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from curator.stage import GeneratorOptions
from curator.text.near_miss import did_you_mean
from generators.book.question_types import QUESTION_TYPES, Difficulty, type_weights

_DEFAULT_TYPE = {"verbatim": "factoid", "written": "factoid", "retrieved": "why-how"}


class BookQAOptions(GeneratorOptions):
    """Options of `book-qa`.

    Attributes:
        per_chunk: how many pairs a passage, or a topic, gives at most.
        max_words: the longest passage, in words.
        min_words: the shortest passage that is asked about, in words.
        answers: "verbatim" (a sentence of the document, one request a pair), "written" (by the model, with a quotation
            as evidence) or "retrieved" (the question comes first, the answer from the passages found for it).
        types: the kinds of questions, as a list or each with its weight; "factoid" unless said ("why-how" where
            answers are retrieved).
        difficulties: the levels to ask for in turn, of "basic", "intermediate" and "advanced"; none unless said.
        summary_of: what a question of the type "summary" is about: a "passage" or a whole "chapter" (a long one
            in stretches).
        topics: what is asked about where answers are retrieved: "names" (those in the document), "model" (which names
            some topics of each chapter), a list, or a file with one a line.
        topics_per_chapter: how many topics the model names for a chapter.
        retriever: what finds the passages: "bm25", or a sentence-transformers model.
        top_k: how many passages a retrieved answer may rest on.
        extractive: whether a retrieved answer is the sentence of the passages that shares most words with the question,
            as it stands; for models that are too small to answer from passages.
    """

    per_chunk: int = Field(default=3, ge=1, le=50)
    max_words: int = Field(default=180, ge=20, le=5000)
    min_words: int = Field(default=6, ge=0, le=5000)
    answers: Literal["verbatim", "written", "retrieved"] = "verbatim"
    types: dict[str, float] | None = None
    difficulties: tuple[Difficulty, ...] = ()
    summary_of: Literal["passage", "chapter"] = "passage"
    topics: tuple[str, ...] | str = "names"
    topics_per_chapter: int = Field(default=3, ge=1, le=50)
    retriever: str = "bm25"
    top_k: int = Field(default=3, ge=1, le=20)
    extractive: bool = False

    @field_validator("types", mode="before")
    @classmethod
    def _weighed(cls, value: Any) -> Any:
        """Take a name, a list of names, or names with weights."""
        if value is None:
            return None
        named = [value] if isinstance(value, str) else value
        if not isinstance(named, Mapping | list | tuple) or not named:
            raise ValueError("give a list of types, or each with its weight")
        for name in named:
            if name not in QUESTION_TYPES:
                raise ValueError(f"there is no question type {name!r}{did_you_mean(str(name), QUESTION_TYPES)}")
        if isinstance(named, Mapping) and not all(isinstance(w, int | float) and w > 0 for w in named.values()):
            raise ValueError("a type's weight is a number above 0; leave out a type that is not wanted")
        return type_weights(named)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        impossible = [name for name in self.shares if self.answers not in QUESTION_TYPES[name].answers]
        if impossible:
            other = " or ".join(sorted(QUESTION_TYPES[impossible[0]].answers))
            raise ValueError(
                f"types: {', '.join(impossible)} cannot be had with `answers: {self.answers}`; "
                f"set `answers: {other}`, or leave it out"
            )
        if not self.topics:
            raise ValueError("topics: the list is empty; give topics, `names` or `model`")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The share of each question type; they add up to 1."""
        return self.types or {_DEFAULT_TYPE[self.answers]: 1.0}

    @property
    def plain(self) -> bool:
        """Whether nothing but facts is asked for, at no particular level."""
        return list(self.shares) == ["factoid"] and not self.difficulties

    @property
    def topic_file(self) -> Path | None:
        """The file that lists the topics, if one does."""
        given = self.topics
        return Path(given) if isinstance(given, str) and given not in ("names", "model") else None
