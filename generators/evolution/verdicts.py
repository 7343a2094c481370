"""Reading a judge's verdict on two prompts in the judge's own words; doubt is no verdict, and it is asked for again.

A verdict that stands alone ("Equal.", "... so: Not equal") decides. Else all that the reply says of the two must agree:
in "They are not equal, but ask for the same thing" it does not.
"""

from __future__ import annotations

import re

from curator.errors import UnparsableReply
from curator.text.words import unify_typography
from generators.evolution.replies import THOUGHT

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE = re.compile(r"[,;:.!?()]+\s*|\s+(?:-+|and|but|although|though|while|because|since|as they|where)\s+")
_LABEL = re.compile(r"(?:(?:so|thus|hence|therefore|my|the|final|overall)\s+)*(?:verdict|answer|conclusion)?")
_ALONE = re.compile(
    r"(?:(?:so|thus|hence|therefore|my|the|final|overall)\s+)*(?:(?:verdict|answer|conclusion)(?:\s+is)?\s+)?"
    r"(?:(?P<no>(?:not\s+(?:the\s+)?|un|in)(?:equal|same|identical|equivalent)|different)"
    r"|(?:the\s+)?(?:equal|same|identical|equivalent))"
)
_YES_OR_NO = re.compile(r"(?:(?P<yes>yes|true)|no|false)\b(?=\W|\Z)")
_SAID = re.compile(
    r"\b(?:(?P<differ>differ\w*|distinct|dissimilar|(?:un|in|non-?)(?:equal|equivalent|identical)\w*)"
    r"|equal|same|identical|equivalent)\b"
)
_NEGATION = re.compile(
    r"\b(?:not|cannot|never|neither|nor|no|none|nothing|hardly|barely|scarcely|far from|without|fails?)\b|n't\b"
)
_DOUBT = re.compile(
    r"\b(?:if|whether|would|could|might|maybe|perhaps|possibly|almost|nearly|partly|mostly|roughly|virtually|somewhat"
    r"|unsure|unclear|unless|only|or)\b"
)
_RESERVATION = re.compile(r"\b(?:except|apart from|aside from|other than|however|but|yet|although|though)\b")


def is_equal(text: str) -> bool:
    """Read the verdict of a judge of two prompts.

    Args:
        text: the reply: "Equal", "Not quite the same.", "No, they differ", or an argument with one of them.

    Returns:
        Whether the judge finds them equal.

    Raises:
        UnparsableReply: there is no verdict in it, or it contradicts itself.
    """
    form = re.sub(r"[*_`\"#]", "", unify_typography(THOUGHT.sub("", text))).casefold()
    alone: list[bool] = []
    said: list[bool] = []
    for sentence in _SENTENCE.split(form):
        clauses = [clause.strip() for clause in _CLAUSE.split(sentence) if clause.strip()]
        verdicts = [match["no"] is None for clause in clauses if (match := _ALONE.fullmatch(clause))]
        alone += verdicts
        said += verdicts or ([] if sentence.rstrip().endswith("?") else _told(clauses))
    decided = set(alone or said)
    if decided == {True} and not alone and _RESERVATION.search(form):
        decided = set()
    if len(decided) != 1:
        raise UnparsableReply("the reply is neither 'Equal' nor 'Not equal'")
    return decided.pop()


def _told(clauses: list[str]) -> list[bool]:
    """Return what a sentence says of the two, both verdicts where a clause is in doubt; "Yes" and "No" open one."""
    told: list[bool] = []
    opening = next((clause for clause in clauses if not _LABEL.fullmatch(clause)), "")
    if found := _YES_OR_NO.match(opening):
        told.append(found["yes"] is not None)
        rest = opening[found.end() :]
        clauses = [rest if clause is opening else clause for clause in clauses]
    for clause in clauses:
        for found in _SAID.finditer(clause):
            if _DOUBT.search(clause) or _NEGATION.search(clause, found.end()):
                told += [True, False]
            else:
                denied = len(_NEGATION.findall(clause[: found.start()])) % 2 == 1
                told.append((found["differ"] is None) is not denied)
    return told
