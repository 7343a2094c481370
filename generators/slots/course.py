"""The template layout of the course: questions by category and difficulty, with `{slot}` in single braces.

The course's JSON has `question_templates` (category, then difficulty, then a list of questions) and, beside it, a list
of values for each kind of slot: `characters` (perhaps in groups), `themes`, `social_aspects` ... A slot `{theme}` takes
its values from the list `themes`, `{aspect}` from `social_aspects`; `{theme1}` and `{theme2}` are two different themes.
Nothing is lost on the way here and back.

Source: ajinkyakolhe112/Teaching-my-Wife-AI, lecture 10, instruction dataset creation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from curator.errors import RecipeError

QUESTIONS = "question_templates"
"""The key by which the layout is known."""

_SINGLE = re.compile(r"\{([A-Za-z_]\w*)\}")
_DOUBLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_JINJA = re.compile(r"\{[{%#]|[}%#]\}")
_PLACE = ("category", "difficulty")


def is_course(data: Any) -> bool:
    """Return whether a file's value is in the layout of the course."""
    return isinstance(data, dict) and QUESTIONS in data


def from_course(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the templates of a course file as the data of a `TemplateFile`.

    Args:
        data: the file's value.
        where: the file, for error texts.

    Returns:
        The data; `course` in it holds what is needed for the way back.

    Raises:
        RecipeError: the questions are not laid out by category and difficulty, or one holds braces of Jinja's.
    """
    templates = []
    for category, difficulty, number, text in _questions(data[QUESTIONS], where):
        if _JINJA.search(text):
            raise RecipeError(
                f"{where}: {QUESTIONS}.{category}.{difficulty}: {text!r} has braces that are not {{slot}}"
            )
        name = f"{category}-{difficulty}-{number}"
        instruction = _SINGLE.sub(r"{{ \1 }}", text)
        templates.append({"name": name, "instruction": instruction, "category": category, "difficulty": difficulty})
    used = {name.rstrip("0123456789") for entry in templates for name in _DOUBLE.findall(entry["instruction"])}
    lists = {key: value for key, value in data.items() if _is_list(value) or _is_groups(key, value)}
    found = {slot: key for slot in sorted(used) if (key := _list_for(slot, lists))}
    keys = dict(sorted(found.items(), key=lambda item: list(lists).index(item[1])))  # as the file has them
    slots = {slot: _slot(lists[key]) for slot, key in keys.items()}
    rest = {key: value for key, value in data.items() if key != QUESTIONS and key not in keys.values()}
    shape = {category: list(levels) for category, levels in data[QUESTIONS].items()}
    return {"slots": slots, "templates": templates, "course": {"keys": keys, "rest": rest, "shape": shape}}


def to_course(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the data of a `TemplateFile` in the layout of the course.

    Args:
        data: templates as they stand in our YAML.
        where: the file, for error texts.

    Returns:
        The course's data; of a file that came from there, exactly what it was.

    Raises:
        RecipeError: a template or slot has something that the course's layout cannot hold.
    """
    course = data.get("course", {})
    shape: Mapping[str, Iterable[str]] = course.get("shape", {})
    questions: dict[str, dict[str, list[str]]] = {
        category: {level: [] for level in levels} for category, levels in shape.items()
    }
    for entry in data["templates"]:
        text = _plain(entry, where)
        questions.setdefault(entry["category"], {}).setdefault(entry["difficulty"], []).append(text)
    if data.get("tables"):
        raise RecipeError(f"{where}: tables have no place in the course's layout")
    keys = course.get("keys", {})
    lists = {keys.get(name, f"{name}s"): _values(name, slot, where) for name, slot in data.get("slots", {}).items()}
    return {QUESTIONS: questions, **lists, **course.get("rest", {})}


def _questions(found: Any, where: str) -> Iterator[tuple[str, str, int, str]]:
    if not isinstance(found, dict) or not all(isinstance(levels, dict) for levels in found.values()):
        raise RecipeError(f"{where}: {QUESTIONS} must hold categories, each with difficulties, each with a list")
    for category, levels in found.items():
        for difficulty, texts in levels.items():
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise RecipeError(f"{where}: {QUESTIONS}.{category}.{difficulty} must be a list of questions")
            for number, text in enumerate(texts, start=1):
                yield category, difficulty, number, text


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_groups(key: str, value: Any) -> bool:
    return key != QUESTIONS and isinstance(value, dict) and all(isinstance(group, list) for group in value.values())


def _list_for(slot: str, lists: Mapping[str, Any]) -> str:
    """Return the list that a slot takes its values from: `themes` for `theme`, `social_aspects` for `aspect`."""
    plurals = {slot, f"{slot}s", f"{slot}es", f"{slot.removesuffix('y')}ies"}
    exact = [key for key in lists if key in plurals]
    tails = [key for key in lists if key.rpartition("_")[2] in plurals]
    return next(iter(exact + tails), "")


def _slot(values: Any) -> Any:
    return {"groups": values} if isinstance(values, dict) else values


def _values(name: str, slot: Any, where: str) -> Any:
    if isinstance(slot, list):
        return slot
    for key in ("groups", "values"):
        if slot.get(key) is not None and not slot.get("type"):
            return slot[key]
    raise RecipeError(f"{where}: the slot {name!r} is typed or lies in a file; the course's layout has lists only")


def _plain(entry: Mapping[str, Any], where: str) -> str:
    known = {"name", "instruction", *_PLACE}
    further = sorted(key for key, value in entry.items() if key not in known and value)
    lacking = [key for key in _PLACE if not entry.get(key)]
    text = _DOUBLE.sub(r"{\1}", entry["instruction"])
    if further or lacking or _JINJA.search(text):
        problem = (
            f"has {further[0]!r}" if further else f"has no {lacking[0]}" if lacking else "is more than plain slots"
        )
        raise RecipeError(f"{where}: template {entry['name']!r} {problem}; the course's layout cannot hold it")
    return text
