"""Prompts and templates as Jinja text, rendered in a sandbox.

Values put into a slot are text and stay text: they are never read as a template, and a template written by somebody
else can neither reach Python's internals nor change what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from curator.errors import StageError


def sandbox(*folders: Path) -> ImmutableSandboxedEnvironment:
    """Return the environment that all templates of the project are rendered in.

    Args:
        folders: where named templates are looked for, first match wins.

    Returns:
        A sandboxed environment in which a slot without a value is an error.
    """
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=False,
    )
    environment.filters["inside"] = inside
    return environment


def inside(text: str, tag: str) -> str:
    """Return `text` so that it cannot close, or open, the tag that it stands in; the Jinja filter `inside`.

    Args:
        text: what a document or a model says.
        tag: the tag's name, as in `<passage>{{ passage | inside("passage") }}</passage>`.

    Returns:
        The text; in whatever looks like that tag a blank stands behind the bracket.
    """
    return re.sub(rf"<(?=\s*/?\s*{re.escape(tag)}\b)", "< ", text, flags=re.IGNORECASE)


def render(template: Template, where: str, values: Mapping[str, object]) -> str:
    """Render `template`, turning Jinja's errors into ours.

    Args:
        template: a compiled template of `sandbox()`.
        where: what the template is, for the error text.
        values: the slots' values.

    Returns:
        The text, without surrounding blank space.

    Raises:
        StageError: a slot has no value, or the template does what the sandbox forbids or what cannot be computed.
    """
    try:
        return template.render(values).strip().encode("utf-8", "replace").decode()  # half characters cannot be stored
    except UndefinedError as error:
        entry = (error.message or "").partition("'dict object' has no attribute ")[2]
        if entry:
            raise StageError(f"{where}: a table has no entry {entry}") from error
        raise StageError(f"{where}: {error.message}; known slots: {', '.join(sorted(values)) or 'none'}") from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise StageError(f"{where}: the template cannot be rendered: {error}") from error


@lru_cache(maxsize=64)
def _prompts(own: Path, override: Path | None) -> ImmutableSandboxedEnvironment:
    """Return one environment for equal folders: compiling a prompt takes longer than filling it."""
    return sandbox(*([override] if override else []), own)


class PromptFolder:
    """The prompts of one method: a folder of Jinja files, each of which a recipe may override."""

    def __init__(self, own: Path, override: Path | None = None) -> None:
        """Open the folder.

        Args:
            own: the folder that the method ships.
            override: a folder of the user's; files there win over files of the same name.

        Raises:
            StageError: `override` is no folder, or holds a file that the method does not know.
        """
        if override is not None:
            self._check(own, override)
        self._environment = _prompts(own, override)

    def render(self, name: str, **values: object) -> str:
        """Fill a prompt's slots.

        Args:
            name: the prompt's file name, without `.jinja`.
            values: the slots' values.

        Returns:
            The text that is sent.

        Raises:
            StageError: the prompt is not there, does not parse, or lacks a value.
        """
        try:
            template = self._environment.get_template(f"{name}.jinja")
        except TemplateError as error:
            raise StageError(f"prompt {name}.jinja: {error}") from error
        return render(template, f"prompt {name}.jinja", values)

    @staticmethod
    def _check(own: Path, override: Path) -> None:
        if not override.is_dir():
            raise StageError(f"prompts: {override} is no folder; give one with .jinja files")
        known = {path.name for path in own.glob("*.jinja")}
        strange = sorted(path.name for path in override.glob("*.jinja") if path.name not in known)
        if strange:
            raise StageError(f"prompts: {override / strange[0]} overrides nothing; known: {', '.join(sorted(known))}")
