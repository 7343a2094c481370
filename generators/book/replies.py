"""Reading what a model wrote when it was asked for questions about a book: JSON, labelled lines, or a bare question."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from curator.errors import UnparsableReply
from curator.llm.structured import parse_as
from curator.text.words import words

LONGEST_QUESTION_WORDS = 40
"""A longer question is no question but a model that has lost the thread."""

_MARKS = "?？؟"
_LABEL = re.compile(
    r"^[\s>#*_-]*(?:\(?\d{1,3}[.):]\s*)?[*_]*"
    r"(?P<label>question|q|answer|a|evidence|quote|quotation|distractors?|wrong answers?|wrong)"
    r"(?:\s*\(?\d{1,3}\)?)?[*_]*\s*[:：][*_]*\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_FIELDS = {"q": "question", "a": "answer", "quote": "evidence", "quotation": "evidence", "distractor": "distractors"}
_NUMBERING = re.compile(r"^\s*(?:[-*+•]|\(?\d{1,3}[.):])\s+")
_QUOTES = ' "“”*_'
_YES_NO_OPENERS = frozenset(
    "is are was were do does did has have had can could will would should must may might".split()
)
_DENIALS = frozenset({"not", "never", "or"})
"""Words that turn a yes into a no, or a choice into neither."""


class WrittenPair(BaseModel):
    """A pair with the sentence of the passage that proves the answer."""

    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    evidence: str


class WrittenPairs(BaseModel):
    """What the model is asked for about a passage."""

    pairs: list[WrittenPair]


def _whole_characters(text: str) -> str:
    """Refuse half a surrogate pair, which JSON can spell and nothing can store."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("half a character stands in it")
    return text


_Text = Annotated[str, AfterValidator(_whole_characters)]


class ReadPair(BaseModel):
    """What could be read of one pair; a part that the model left out is empty.

    Attributes:
        question: the question; of what is no pair, its text.
        answer: the answer; a number is one, too.
        evidence: what the model quotes.
        distractors: the wrong options.
        unread: why this is no pair; "" for one that could be read.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    question: _Text = ""
    answer: _Text = ""
    evidence: _Text = ""
    distractors: list[_Text] = Field(default_factory=list)
    unread: str = ""


class _ReadPairs(BaseModel):
    """The items of a reply; whether each is a pair is found out one by one, so that one odd item spoils no other."""

    pairs: list[Any]

    @field_validator("pairs")
    @classmethod
    def _has_one(cls, items: list[Any]) -> list[Any]:
        if items and not any(isinstance(item, dict) for item in items):
            raise ValueError("none of its items is a pair")
        return items


def question_in(reply: str) -> str:
    """Return the question that a reply consists of, without what stands around it.

    Args:
        reply: the model's text.

    Returns:
        The first line's text up to its question mark; a line that only announces it ("Sure, here it is:") is passed
        over.

    Raises:
        UnparsableReply: there is no question mark in it, or too much before it.
    """
    lines = [line.strip() for line in reply.splitlines() if line.strip() and not line.lstrip().startswith("```")]
    announced = len(lines) > 1 and lines[0].endswith(":")
    first = next(iter(lines[announced:]), "")
    labelled = _LABEL.match(first)
    if labelled and labelled["label"].lower() in {"question", "q"}:
        first = labelled["rest"]
    first = _NUMBERING.sub("", first)
    end = min((at for mark in _MARKS if (at := first.find(mark)) >= 0), default=-1)
    if end < 0:
        raise UnparsableReply("there is no question in the reply's first line")
    question, mark = first[:end], first[end]
    if len(words(question)) > LONGEST_QUESTION_WORDS:
        raise UnparsableReply(f"the question has more than {LONGEST_QUESTION_WORDS} words")
    if not words(question):
        raise UnparsableReply("the question has no words")
    return question.strip(' "“*') + mark


def pairs_in(reply: str) -> list[ReadPair]:
    """Read pairs as JSON, or as lines with the labels Question, Answer, Evidence, Distractors.

    Args:
        reply: the model's text.

    Returns:
        The pairs, each with a question or an answer; among them, marked as unread, items that are no pair and a last
        one that breaks off. None at all if the reply is an empty list.

    Raises:
        UnparsableReply: there is no pair in it.
    """
    try:
        found = [_read(item) for item in parse_as(reply, _ReadPairs).pairs]
        found += _broken_off(reply)
    except UnparsableReply:
        found = _labelled(reply)
        if not found:
            raise
    whole = [pair for pair in map(_clean, found) if pair.question or pair.answer]
    if found and all(pair.unread for pair in whole):
        problem = whole[0].unread if whole else "there is neither question nor answer in it"
        raise UnparsableReply(f"there is no pair in the reply: {problem}")
    return whole


def flaw_of(question: str, answer: str, *, names_answer: bool = False) -> tuple[str, str] | None:
    """Say what makes a pair useless, whatever it is about.

    Args:
        question: the question.
        answer: its answer.
        names_answer: whether the question may hold the answer, as "Which is older, the mill or the bridge?" does.

    Returns:
        A reason and its detail; None for a pair without flaw.
    """
    asked, told = words(question), words(answer)
    if not asked or not told:
        return ("incomplete-pair", f"there is no {'answer' if asked else 'question'}")
    if asked == told:
        return ("question-is-answer", "question and answer are the same words")
    if sum(question.count(mark) for mark in _MARKS) > 1:
        return ("several-questions", f"more than one question: {question!r}")
    if not names_answer and _holds(asked, told):
        return ("answer-in-question", f"the question holds its answer: {answer!r}")
    return None


def is_yes_no(question: str) -> bool:
    """Return whether a question can be answered with yes or no, and is not put in the negative."""
    found = words(question)
    denied = any(word in _DENIALS or word.endswith("n't") for word in found)
    return bool(found) and found[0] in _YES_NO_OPENERS and not denied


def _read(item: Any) -> ReadPair:
    """Read one item of a list of pairs."""
    if not isinstance(item, dict):
        return _no_pair(json.dumps(item, ensure_ascii=False), "it is no object with a question and an answer")
    parts = {name: value for name, value in item.items() if name in WrittenPair.model_fields and value is not None}
    wrong = item.get("distractors")
    parts["distractors"] = re.split(r"[;|\n]", wrong) if isinstance(wrong, str) else wrong or []
    text = json.dumps(item, ensure_ascii=False)
    try:
        pair = ReadPair.model_validate(parts)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return _no_pair(text, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return pair if pair.question or pair.answer else _no_pair(text, "it has neither question nor answer")


def _no_pair(text: str, why: str) -> ReadPair:
    storable = text.encode(errors="backslashreplace").decode()  # it may hold half a character
    return ReadPair(question=storable, unread=why)


def _broken_off(reply: str) -> list[ReadPair]:
    """Return the pair in which a reply breaks off, if it does: behind the last bracket that opens, none closes."""
    tail = reply[reply.rfind("{") :] if reply.rfind("{") > reply.rfind("}") else ""
    return [_no_pair(tail, "it breaks off")] if words(tail) else []


def _labelled(reply: str) -> list[ReadPair]:
    """Read labelled lines; a line without a label goes on with the value above it."""
    pairs: list[dict[str, str]] = []
    field = ""
    for line in reply.splitlines():
        labelled = _LABEL.match(line)
        if labelled:
            name = labelled["label"].lower()
            field = _FIELDS.get(name, "distractors" if name.startswith("wrong") else name)
            if not pairs or field in pairs[-1]:
                pairs.append({})
            pairs[-1][field] = labelled["rest"]
        elif field and line.strip() and not line.lstrip().startswith("```"):
            pairs[-1][field] += "\n" + line.strip()
    return [
        ReadPair(
            question=pair.get("question", ""),
            answer=pair.get("answer", ""),
            evidence=pair.get("evidence", ""),
            distractors=[part for part in re.split(r"[;|\n]", pair.get("distractors", "")) if part.strip()],
        )
        for pair in pairs
    ]


def _clean(pair: ReadPair) -> ReadPair:
    if pair.unread:
        return pair
    return ReadPair(
        question=_NUMBERING.sub("", pair.question).strip(_QUOTES + "\n"),
        answer=_unwrapped(pair.answer),
        evidence=pair.evidence.strip(),
        distractors=[_NUMBERING.sub("", part).strip(_QUOTES + ".") for part in pair.distractors if part.strip()],
    )


def _unwrapped(text: str) -> str:
    """Return a text without the quotation marks around the whole of it."""
    text = text.strip()
    inner = text[1:-1]
    return inner.strip() if text[:1] in '"“' and text[-1:] in '"”' and not set(inner) & set('"“”') else text


def _holds(asked: list[str], told: list[str]) -> bool:
    return any(asked[at : at + len(told)] == told for at in range(len(asked) - len(told) + 1))
