"""Words of an answer that point to the text it was made from: "The passage states that ...", "as mentioned above".

An answer may use pronouns, and may speak of the letter or the chapter that its question named. So the table is shorter
than the one for questions, and a match does not count where the question has the same word for the source.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from curator.text.words import normalise, words

_TEXT = "text|passage|excerpt|extract|snippet|paragraph|context|document|article|chapter|section|story|poem"
_TELLER = "author|narrator|writer|speaker"
_GIVEN = r"(?:(?:given|provided|above|preceding|following|quoted|original|source) )?"
_SAYS = (
    "says|said|states|stated|mentions|mentioned|describes|described|suggests|suggested|implies|implied|explains|"
    "explained|tells us|discusses|discussed|argues|argued|claims|claimed|emphasi[sz]es|highlights|indicates|indicated|"
    "notes|noted|does not (?:say|state|mention|specify|tell|provide|explain|indicate)|presents|portrays|depicts|conveys"
)
_UNNAMED = r"(?!\s+(?:of|by|about|called|named|titled|entitled|on|for|\d)\b)(?!\s*[\"'])"


class _Reference(NamedTuple):
    """One way to point outside an answer; the group `source` is the word for what is pointed to."""

    pattern: re.Pattern[str]
    why: str


_REFERENCES = (
    _Reference(
        re.compile(
            rf"\b(?:according to|based on|as (?:described|mentioned|stated|shown|given|discussed|explained|noted) "
            rf"(?:in|by)|(?:mentioned|described|stated|discussed|provided|quoted) (?:in|by)) (?:the|this|that) {_GIVEN}"
            rf"(?P<source>{_TEXT}|{_TELLER}|information provided)\b{_UNNAMED}"
        ),
        "points to a text that is not there",
    ),
    _Reference(
        re.compile(
            rf"\b(?:the|this) {_GIVEN}(?P<source>{_TEXT}|{_TELLER}) (?:also |explicitly |clearly )?(?:{_SAYS})\b"
        ),
        "lets an unnamed text or author speak",
    ),
    _Reference(
        re.compile(
            rf"(?:^|[.!?] )(?:in|from|throughout) (?:the|this) {_GIVEN}(?P<source>{_TEXT}),"
            r"|\bin (?:the|this) (?:given |provided )?(?P<source_behind>text|excerpt|extract|snippet)(?=[.;]|$)"
        ),
        "points to a text that is not there",
    ),
    _Reference(
        re.compile(
            r"\bas (?:mentioned|stated|noted|described|discussed|explained|shown|seen|said|listed) "
            r"(?:above|below|earlier|previously|before)\b|\b(?:above|below)-mentioned\b"
            r"|\b(?:see|in|from) the (?:table|figure|diagram|chart|graph|list) (?:above|below)\b"
        ),
        "points above or below itself",
    ),
)


def pointing(answer: str, question: str = "") -> str:
    """Return what in an answer points to a text that its reader does not have.

    Args:
        answer: the answer.
        question: what it answers; the source that it names may be spoken of.

    Returns:
        What was found and why it counts, as one line; "" if the answer stands on its own.
    """
    form = normalise(answer)
    named = set(words(question))
    for reference in _REFERENCES:
        for match in reference.pattern.finditer(form):
            groups = match.groupdict()
            source = groups.get("source") or groups.get("source_behind") or ""
            if not source or source not in named:
                return f"{match.group().strip(' .!?')!r} {reference.why}"
    return ""
