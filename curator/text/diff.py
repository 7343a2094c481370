"""What changed between two versions of a text, word by word, short enough to read at a glance."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

CONTEXT_WORDS = 3
"""How many unchanged words stand on each side of a change; what lies further off is left out."""

_WORD = re.compile(r"\S+")


def word_diff(before: str, after: str, *, context: int = CONTEXT_WORDS) -> str:
    """Show the changes from one text to another, as `git diff --word-diff` does.

    It is for reading, not for patching: white space is not compared, and a text that holds the marks itself is not
    told apart from a change.

    Args:
        before: the old text.
        after: the new text.
        context: how many unchanged words are shown on each side of a change.

    Returns:
        The new text with `{+added+}` and `[-removed-]` runs of words, and `…` for unchanged words far from any change;
        "" if no word changed.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    if all(kind == "equal" for kind, *_span in changes):
        return ""
    pieces: list[str] = []
    for place, (kind, old_start, old_end, new_start, new_end) in enumerate(changes):
        if kind == "equal":
            shown = (context if place else 0, context if place < len(changes) - 1 else 0)
            pieces += _shortened(new[new_start:new_end], *shown)
            continue
        if old_end > old_start:
            pieces.append(f"[-{' '.join(old[old_start:old_end])}-]")
        if new_end > new_start:
            pieces.append(f"{{+{' '.join(new[new_start:new_end])}+}}")
    return " ".join(pieces)


def _shortened(run: list[str], first: int, last: int) -> list[str]:
    """Return the first and last words of an unchanged run, with an ellipsis for what lies between."""
    if len(run) <= first + last + 1:  # an ellipsis for one word would save nothing
        return run
    return [*run[:first], "…", *run[len(run) - last :]]
