"""What `curator generate METHOD --help` says: the method's own words, from its class and its options."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from curator.registry import stages
from curator.stage import AskingStage, Generator, Transformer
from ui.cli.output import print_table, tell

_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def makers() -> dict[str, type[AskingStage[Any]]]:
    """Return every installed method that makes records, by its registered name."""
    kinds = ((name, stages.load(name)) for name in stages.names())
    return {name: kind for name, kind in kinds if issubclass(kind, Generator | Transformer)}


def list_methods() -> None:
    """Print a line for each method."""
    rows = [(name, _takes(kind), _first_sentence(kind)) for name, kind in makers().items()]
    print_table(("Methods", "take", "do"), rows, whole=("take",))


def show_method(kind: type[AskingStage[Any]]) -> None:
    """Print what a method is and does, how it is called, and its options.

    Args:
        kind: the method's class.
    """
    tell(f"{kind.name}: takes {_takes(kind)}\n")
    tell(inspect.getdoc(inspect.getmodule(kind)) or "")
    tell(f"\nExample:\n  {kind.example}\n")
    rows = [(name, _default(field), documented(kind.Options).get(name, "")) for name, field in _fields(kind)]
    print_table(("Option", "default", "meaning"), rows, title="Options, set as --set NAME=VALUE:")
    checks = ", ".join(str(check.get("name") or check["use"]) for check in kind.checks)
    tell(f"\nChecked by (unless --no-checks): {checks or 'nothing'}")
    tell("`curator generate --help` shows the options of the command itself: -n, --out, --format, --seed ...")


def documented(options: type[BaseModel]) -> dict[str, str]:
    """Return what the docstrings of an options class and its bases say about each option.

    Args:
        options: the class.

    Returns:
        One line of text by the option's name.
    """
    texts: dict[str, str] = {}
    for base in reversed(options.__mro__):
        doc = base.__doc__ or "" if issubclass(base, BaseModel) else ""
        _, _, attributes = inspect.cleandoc(doc).partition("Attributes:\n")
        texts |= {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}
    return texts


def _fields(kind: type[AskingStage[Any]]) -> list[tuple[str, Any]]:
    """Return the options, the method's own before those that all have."""
    fields = kind.Options.model_fields
    own = [name for name in fields if name not in {"retries", "prompts", "personas"}]
    return [(name, fields[name]) for name in [*own, *(name for name in fields if name not in own)]]


def _default(field: Any) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "–"
    return (
        "–"
        if value is None or value == "" or value == {}
        else str(value).lower()
        if value is True or value is False
        else str(value)
    )


def _takes(kind: type[AskingStage[Any]]) -> str:
    if kind.reads:
        return kind.reads
    if issubclass(kind, Transformer):
        return "a dataset"
    return f"its {kind.input_option}" if kind.input_option else "documents"


def _first_sentence(kind: type[AskingStage[Any]]) -> str:
    doc = " ".join((inspect.getdoc(inspect.getmodule(kind)) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.!?])\s", doc, maxsplit=1)[0]
