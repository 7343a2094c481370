"""Numbers, times and dates in a text, in one spelling each, so that texts can be compared by them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set

from curator.text.words import normalise

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_UNITS += ["seventeen", "eighteen", "nineteen"]
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_VALUES = (
    {word: value for value, word in enumerate(_UNITS)}
    | _TENS
    | {word: value for value, word in enumerate(_ORDINALS, start=1)}
    | {"dozen": 12}
)
_MONTHS = "january february march april may june july august september october november december".split()
_WORD = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_MONTH = "|".join(_MONTHS)
_SCALE = "|".join(_SCALES)
_NUMBER = re.compile(
    rf"""
    (?<![\w.:])(?P<hour>\d{{1,2}})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>[ap])\.?\s?m\b    # 4.30 p.m.
    | (?<![\w.:])(?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d)(?![\d:])                              # 16:30
    | (?<![\w-])(?P<year>\d{{4}})-(?P<month>0[1-9]|1[0-2])-(?P<day>[0-3]\d)(?![\w-])            # 1923-03-12
    | (?<![\w.])(?P<sign>(?<!\d\s)(?<!\S)-)?
        (?P<digits>(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)*)(?:\s(?P<scale>{_SCALE})s?\b)?     # 1.5 million
    | (?P<named>(?:(?<=\d\s)|(?<=\d(?:st|nd|rd|th)\s))(?:{_MONTH})\b|\b(?:{_MONTH})(?=\s\d))  # 12 March, March 12
    | \b(?P<noon>noon|midday|midnight)\b
    | \b(?P<words>(?:{_WORD})(?:(?:\s|-)(?:and\s(?=(?:{_WORD})\b))?(?:{_WORD}))*)\b(?!-)
    """,
    re.VERBOSE,
)
_TELLING = frozenset((*_VALUES, *_SCALES, *_MONTHS, "noon", "midday", "midnight"))
"""The words with which a number may begin; it begins with a digit or a sign otherwise."""
_TELLING_ASCII = frozenset(word.encode() for word in _TELLING)
_DIGIT_OR_SIGN = re.compile(r"[-\d]")
_WORD_CHARACTERS = re.compile(r"\w+")
_FOLDED = bytes(
    ord("0" if chr(code).isdigit() else chr(code).lower() if _WORD_CHARACTERS.match(chr(code)) else " ")
    for code in range(128)
).ljust(256)
"""ASCII with one digit, one case, and a blank for all that stands in no word."""
_IN_WORD = re.compile(r"(?:(?<=[^\W\d])|(?<=\D\.)|(?<=^\.))\d+(?:\.\d+)*")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_ONE_BEFORE = re.compile(r"\b(?:no|any|every|some|each|this|that|which|the|another|other|such)\s$")
_ONE_AFTER = re.compile(r"\s(?:of|another|by|can|could|should|must|may|might|who|that|has|is|would)\b|'s\b")
_RANK_BEFORE = re.compile(r"\b(?:at|per|each|every)\s$")
_RANK_AFTER = re.compile(r"\sof all\b|,")
_AMBIGUOUS = {
    "one": (_ONE_BEFORE, _ONE_AFTER),
    "first": (_RANK_BEFORE, _RANK_AFTER),
    "second": (_RANK_BEFORE, _RANK_AFTER),
}
"""Number words that often number nothing, and what stands before or after them then."""


def numbers(text: str) -> set[str]:
    """Return the numbers that `text` states.

    Digits and number words become plain digits ("1,200" and "twelve hundred" 1200, "twenty-one" 21, "3rd" and "third"
    3, "1.5 million" 1500000); times become hours and minutes, of the 24-hour day where the half is told ("4.30 p.m."
    16:30, "9 a.m." 09:00, "noon" 12:00); a date gives its day, the month's name, and the year.
    "One" and "first" count only where they number something ("one of them", "no one" and "at first" do not).

    Args:
        text: any text; number words are English.

    Returns:
        The numbers in their normal spelling.
    """
    if not text.isascii():
        form = normalise(text)
        telling = set(_TELLING.intersection(_WORD_CHARACTERS.findall(form)))
    else:
        folded = text.encode().translate(_FOLDED)
        telling = {word.decode() for word in _TELLING_ASCII.intersection(folded.split())}
        if not telling and b"0" not in folded:
            return set()
        form = normalise(text)
    return {value for match in _matches(form, telling) for value in _values(form, match)}


def numbers_in_words(text: str) -> set[str]:
    """Return the numbers that `numbers` takes for parts of a word: of "python3", "sha256", "第12章" and ".5".

    Args:
        text: any text.

    Returns:
        The numbers in their normal spelling.
    """
    if text.isascii() and not _IN_WORD.search(text):
        return set()
    return numbers("; ".join(_IN_WORD.findall(normalise(text))))


def agrees(number: str, known: Set[str]) -> bool:
    """Return whether `number` is among `known`, or is a time that one of them tells more or less exactly.

    Args:
        number: a number as `numbers` spells it.
        known: the numbers it may agree with.

    Returns:
        True for the same number, and for a clock time without its half of the day ("4:30", "4.3", "4") beside one that
        has it ("16:30", "16:00").
    """
    if number in known:
        return True
    clock = _clock(number)
    return clock is not None and any(
        _same_time(clock, other) for value in known if ":" in value + number and (other := _clock(value)) is not None
    )


def _matches(form: str, telling: Set[str]) -> Iterator[re.Match[str]]:
    """Yield what `_NUMBER.finditer` finds; the pattern is only tried where a number may begin."""
    starts = [match.start() for match in _DIGIT_OR_SIGN.finditer(form)]
    for word in telling:
        at = form.find(word)
        while at >= 0:
            starts.append(at)
            at = form.find(word, at + 1)
    end = 0
    for start in sorted(starts):
        if start >= end and (match := _NUMBER.match(form, start)):
            yield match
            end = match.end()


def _values(text: str, match: re.Match[str]) -> Iterator[str]:
    found = match.groupdict()
    if found["hour"]:
        hour = int(found["hour"]) % 12 + (12 if found["half"] == "p" else 0)
        yield f"{hour:02}:{found['minute'] or '00'}"
    elif found["clock"]:
        yield found["clock"]
    elif found["year"]:
        yield from (found["year"], str(int(found["day"])))
        yield _MONTHS[int(found["month"]) - 1]
    elif found["digits"]:
        yield (found["sign"] or "") + _digits(found["digits"], _SCALES.get(found["scale"] or "", 1))
    elif found["named"]:
        yield found["named"]
    elif found["noon"]:
        yield "00:00" if found["noon"] == "midnight" else "12:00"
    elif not _numbers_nothing(text, match):
        yield from (str(value) for value in _spelled(re.split(r"[\s-]", found["words"])))


def _numbers_nothing(text: str, match: re.Match[str]) -> bool:
    if match.group() not in _AMBIGUOUS:
        return False
    before, after = _AMBIGUOUS[match.group()]
    start = max(0, match.start() - 10)
    return before.search(text, start, match.start()) is not None or after.match(text, match.end()) is not None


def _digits(digits: str, scale: int) -> str:
    """Return a number in ASCII digits, without separators, leading zeros, and closing zeros of a fraction."""
    plain = digits.replace(",", "")
    if not plain.isascii():
        plain = "".join(character if character == "." else str(unicodedata.digit(character)) for character in plain)
    whole, _, fraction = plain.partition(".")
    if "." in fraction:  # a version or a section: 3.1.5
        return plain
    if scale > 1:
        shift = len(str(scale)) - 1
        whole, fraction = whole + fraction[:shift].ljust(shift, "0"), fraction[shift:]
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def _spelled(parts: Sequence[str]) -> Iterator[int]:
    """Yield the numbers that a run of number words says: "two hundred and one" is one, "two three" are two."""
    total = group = 0  # 12,000 and 345
    ceiling, last = 10**15, 0
    for part in parts:
        if part == "and":
            continue
        value = _SCALES.get(part) or _VALUES[part]
        opens = total + group == 0
        if value == 100 and (opens or 0 < group < 100):
            group = (group or 1) * 100
        elif value > 100 and value < ceiling and (opens or group):
            total, group, ceiling = total + (group or 1) * value, 0, value
        elif value < 100 and (opens or _continues(value, last)):
            group += value
        else:
            yield total + group
            total, group = (value, 0) if value > 100 else (0, value)
            ceiling = value if value > 100 else 10**15
        last = value
    yield total + group


def _continues(value: int, last: int) -> bool:
    """Return whether a word below a hundred adds to the word before it: "hundred five", "twenty-one"."""
    return last >= 100 or (last in _TENS.values() and 0 < value < 10)


def _clock(number: str) -> tuple[int, int, bool] | None:
    """Return hour, minute, and whether the half of the day is told; None if it cannot be a time."""
    hour, colon, minute = number.partition(":")
    if not colon:
        hour, _, fraction = number.partition(".")
        minute = f"{fraction:0<2}"
    if not _CLOCK.fullmatch(f"{hour}:{minute}"):
        return None
    return int(hour), int(minute), bool(colon) and (hour.startswith("0") or int(hour) > 12)


def _same_time(left: tuple[int, int, bool], right: tuple[int, int, bool]) -> bool:
    both_exact = left[2] and right[2]
    return left[1] == right[1] and (left[0] == right[0] if both_exact else left[0] % 12 == right[0] % 12)
