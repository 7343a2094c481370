r"""Words of a question that point outside it, as a table: what is looked for, and why it cannot be understood alone.

The patterns see the question in normal form (lower case, one kind of quotes). "The text of the oath" names its text
and "the author of Emma" her book: a word for the source only counts where nothing follows that says which. What makes
an answer lean on its source ("The text states that ...") stands in `curator.text.answer_references`.

Source:
    The two kinds of dependence, pointing at the source and leaving something unnamed, follow Choi et al. 2021,
    "Decontextualization: Making Sentences Stand-Alone", arXiv 2102.05169, section 2; here they are told by patterns.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from curator.text.evidence import names
from curator.text.words import content_words, normalise, words

_SOURCE = (
    "text|passage|excerpt|extract|paragraph|section|chapter|article|document|story|book|novel|poem|essay|dialogue|"
    "conversation|context|snippet|quote|quotation|scene|narrative|page|handbook|manual|letter|speech"
)
_LAID_OUT = "table|figure|diagram|chart|graph|image|picture|illustration"
_TELLER = "author|narrator|writer|speaker|protagonist|main character"
_SAYS = (
    "say|says|said|state|states|stated|mention|mentions|mentioned|describe|describes|described|suggest|suggests|"
    "suggested|imply|implies|implied|explain|explains|explained|tell|tells|told|discuss|discusses|discussed|argue|"
    "argues|argued|claim|claims|claimed|use|uses|used|compare|compares|mean|means|refer|refers|emphasize|emphasizes|"
    "highlight|highlights|show|shows|shown|present|presents|portray|portrays|depict|depicts|convey|conveys|"
    "list|lists|indicate|indicates"
)
_UNNAMED = r"(?!\s+(?:of|by|about|called|named|titled|entitled|on|from|for|written|that|which|in which)\b)(?!\s*[\"'])"
"""Nothing follows that says which one is meant."""


class _Reference(NamedTuple):
    """One way to point outside a question."""

    pattern: re.Pattern[str]
    why: str
    unless_input: bool = True


def _reference(pattern: str, why: str, *, unless_input: bool = True) -> _Reference:
    return _Reference(re.compile(pattern), why, unless_input)


_REFERENCES = (
    _reference(
        rf"\b(?:in|from|by|at|with|within|throughout|on|per|to|of|under)\s+(?:the|this|that)\s+(?:{_SOURCE}|{_LAID_OUT})"
        rf"\b{_UNNAMED}(?=\s*(?:[?.,;:!)]|$|(?:is|are|was|were|does|do|did|as|how|what|who|why|where|when|and|or|it|"
        rf"there|should|can|{_SAYS})\b))",
        "points to a text that is not there",
    ),
    _reference(
        rf"\b(?:according to|based on|as (?:described|mentioned|stated|shown|given|discussed|explained|noted) "
        rf"(?:in|by)|(?:mentioned|described|stated|referred to|discussed|listed|given|provided|quoted) (?:in|by))\s+"
        rf"(?:the|this|that|your)\s+(?:{_SOURCE}|{_LAID_OUT}|{_TELLER})\b{_UNNAMED}",
        "points to a text that is not there",
    ),
    _reference(
        rf"\b(?:this|these|the (?:above|given|provided|following|preceding|previous|same|attached|quoted|foregoing))\s+"
        rf"(?:short |brief )?(?:{_SOURCE}|{_LAID_OUT})s?\b"
        rf"(?![^:]*:\s*\S)(?!\s*[\"'])",
        "points to a text that is not there",
    ),
    _reference(
        rf"\b(?:the|this)\s+(?:{_SOURCE}|{_LAID_OUT}|{_TELLER})\s+(?:also |explicitly |first |itself )?(?:{_SAYS})\b",
        "lets an unnamed text or author speak",
    ),
    _reference(
        rf"\b(?:do|does|did|is|was|can|could|would|might|has|had)\s+(?:the|this)\s+(?:{_SOURCE}|{_LAID_OUT}|{_TELLER})\s+"
        rf"(?:also |explicitly |mainly |primarily |really )?(?:{_SAYS}|think|believe|feel|want|describing|suggesting|"
        rf"saying|referring|trying|mean|give|provide|recommend|call|compare|open|end|begin)\b",
        "lets an unnamed text or author speak",
    ),
    _reference(
        rf"\b(?:the (?:{_TELLER})(?:'s)?)\b{_UNNAMED}(?=\s*(?:[?.,]|$|(?:\w+'?s?\s+)?(?:view|opinion|tone|attitude|"
        rf"purpose|intention|point|argument|message|main)\b))",
        "does not say whose author or which character is meant",
    ),
    _reference(
        rf"\b(?:summari[sz]e|rewrite|translate|paraphrase|analy[sz]e|use|describe|discuss|explain|continue) the "
        rf"(?:{_SOURCE}|{_LAID_OUT})\b(?=[.?!,]|$)",
        "points to a text that is not there",
    ),
    _reference(
        rf"\b(?:given|considering|using|referring to) the (?:{_SOURCE}|{_LAID_OUT})\b{_UNNAMED}(?=\s*[?.,;:!]|$)",
        "points to a text that is not there",
    ),
    _reference(
        r"\b(?:according to|referring to|in|on|from|see) (?:section|paragraph|page|figure|table) \d[\d.]*\b"
        r"(?!\s+(?:of|from|in)\b)",
        "does not say whose section, page or figure it is",
    ),
    _reference(rf"\b(?:{_SOURCE}|{_LAID_OUT}) (?:above|below)\b", "points above or below itself"),
    _reference(
        r"\b(?:mentioned|described|stated|shown|listed|given|discussed|noted|explained|quoted|seen) "
        r"(?:above|below|earlier|previously|before|here)\b|\b(?:the|see|from the|in the) (?:above|below)(?=\s*[?.,:]|$)"
        r"|\b(?:above|below)-mentioned\b|\bas (?:above|below)\b",
        "points above or below itself",
    ),
    _reference(
        r"\bthe following\b(?=[^:]*$)|\bthe following\b[^:]*:\s*$",
        "announces something that does not follow",
    ),
    _reference(
        r"\b(?:in|during|after|before|at|from|of|by|to|about) (?:this|that|these|those) (?:event|moment|incident|"
        r"meeting|situation|part|case|point|exchange|instance|encounter|visit|day|place|study|experiment|character|person)s?\b"
        r"(?![^?]*\bthat\b)",
        "points to something that was not named",
    ),
    _reference(r"^(?:and|but|then)\b[ ,]", "continues something that was not said", unless_input=False),
)
"""Read from the top; the first that is found is named."""

_AUXILIARY = "do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|might|must"
_IMPERSONAL = (
    "possible|impossible|necessary|important|true|take|takes|rain|raining|mean to|better|safe|legal|illegal|common|"
    "likely|worth|ok|okay|allowed|permitted|useful|good|bad|hard|easy|difficult|helpful|cost to|feel like|that"
)
_PRONOUNS = (
    re.compile(
        r"^(?:what|why|how|when|where|who)\b[\w' ]*?\b(?:is|are|was|were|does|did|do|about) "
        r"(?P<pronoun>this|that|these|those)(?=\s*(?:[?.,]|$)|\s(?:mean|happen|matter|show|imply|affect|work|suggest|"
        r"tell|say|important|called|done|so)\b)"
    ),
    re.compile(
        rf"\b(?!(?<=what time )is it\b)(?:{_AUXILIARY}) (?P<pronoun>he|she|they|it)\b(?! (?:is |was |would be |be )?"
        rf"(?:{_IMPERSONAL})\b| [^?]*\bwho\b)"
    ),
    re.compile(r"\b(?P<pronoun>him|his|her|hers|their|them|its|he|she)\b"),
)
_PERSONAL = frozenset({"he", "she", "him", "his", "her", "hers"})
_ASKED_FOR = frozenset(
    """age aim approach attitude attempt belief cause choice colour color conclusion consequence date decision
    difference effect end experience feeling feelings first goal idea impact importance intention kind last lesson main
    meaning moment most motive name nature number opinion order outcome part place plan point problem purpose reaction
    reason reasons relationship response result role second significance situation size sort state style theme third
    time title tone type use value view way word words""".split()
)
"""Nouns that a question asks for; none of them is what a pronoun stands for."""
_ASKING_VERBS = frozenset(
    """act ask asked became become begin believe call called cause caused change changed choose come compare decide
    decided describe did discuss drove explain feel felt find gave get give go goes happen happened happens help helped
    identify inspired know lead leave led list made make makes motivated name prompted react respond say says see show
    state summarise summarize take tell think told try use want wanted went work works""".split()
)
_DETERMINED = re.compile(
    r"\b(?:the|a|an|each|every|any|my|your|our|some|no|this|that|these|those|\w+'s) (?:\w+ )??(?P<noun>\w+)"
    r"|\b(?P<person>someone|somebody|anyone|anybody|everyone|everybody|one|people)\b"
)
_OBJECT_OF_QUESTION = re.compile(r"\b(?:what|which|whose|how(?: many| much)?) \w+")


def unresolved(question: str, *, has_input: bool = False) -> str:
    """Return what in a question cannot be understood without something else.

    Args:
        question: the question as asked.
        has_input: whether the question brings a text of its own, to which it may point; one of several lines does.

    Returns:
        What was found and why it counts, as one line; "" if the question stands on its own.
    """
    form = normalise(question)
    has_input = has_input or "\n" in question.strip()
    for reference in _REFERENCES:
        if has_input and reference.unless_input:
            continue
        if match := reference.pattern.search(form):
            return f"{match.group().strip()!r} {reference.why}"
    return "" if has_input else _unnamed(question, form)


def _unnamed(question: str, form: str) -> str:
    """Return the first pronoun that nothing before it explains."""
    for pattern in _PRONOUNS:
        match = pattern.search(form)
        if match and not _has_antecedent(question, form[: match.start("pronoun")], match["pronoun"]):
            return f"{match['pronoun']!r} stands for nothing named before"
    return ""


def _has_antecedent(question: str, before: str, pronoun: str) -> bool:
    """Return whether something before a pronoun can be what it stands for.

    That is a name, or a noun with its article; for a pronoun of things and groups also a bare noun ("bees ... their").
    """
    known = set(words(before))
    if any(known.issuperset(words(name)) for name in names(question, common=_ASKING_VERBS)):
        return True
    determined = (match["person"] or match["noun"] for match in _DETERMINED.finditer(before))
    if any(noun not in _ASKED_FOR for noun in determined):
        return True
    bare = content_words(_OBJECT_OF_QUESTION.sub(" ", before))
    return pronoun not in _PERSONAL and any(word not in _ASKED_FOR | _ASKING_VERBS for word in bare)
