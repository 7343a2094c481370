"""Dialogues in Arrow columns: what was said in many rows, without an object for each turn.

Every function says of each row whether it is sure of it; the rows that it is not sure of are for the reader of single
rows, which knows all spellings and all faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from curator.formats.alpaca import Alpaca
from curator.formats.base import Format
from curator.formats.dialogue import ROLES
from curator.formats.messages import Messages
from curator.formats.prompt_completion import PromptCompletion
from curator.formats.sharegpt import ShareGpt
from curator.text.fields import Field

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]

_BETWEEN = "\n\n"
_SAYS_SOMETHING = r"[\p{L}\p{N}\p{P}\p{S}]"
"""A text with such a character is not blank; one without may still be, which Python has to say."""

_MAY_BE_JSON = r"^[\s\p{Z}\p{C}]*\["


class Said(NamedTuple):
    """What was said in each row.

    Attributes:
        first_question: the user's first turn; null where there is none.
        last_answer: the assistant's last turn; null where there is none.
        whole: all turns, with blank lines between them.
        sure: whether the row was understood.
    """

    first_question: pa.Array
    last_answer: pa.Array
    whole: pa.Array
    sure: pa.Array


def texts_of_columns(
    table: pa.Table | pa.RecordBatch, format: Format | None, field: Field, column: str
) -> tuple[pa.Array | None, pa.Array | None]:
    """Return the compared text of each row, read by columns.

    Args:
        table: the rows.
        format: their format; None where `column` alone counts.
        field: which part of a record is compared.
        column: the one column that holds the text; "" to go by the format.

    Returns:
        The texts, and whether each is sure to be right. (None, None) for a layout that is not read by columns.
    """
    import pyarrow.compute as pc

    if column:
        text = _text(table, column)
        return (None, None) if text is None else (pc.fill_null(text, ""), pc.is_null(_no_row(table)))
    reader = _READERS.get(type(format))
    said = None if reader is None or format is None or not format.needed <= set(table.schema.names) else reader(table)
    if said is None:
        return None, None
    text = _chosen(said, field)
    return text, pc.and_(said.sure, pc.match_substring_regex(text, _SAYS_SOMETHING))


def is_read_by_columns(format: Format) -> bool:
    """Return whether rows of a format are read by columns, of which only its own then matter."""
    return type(format) in _READERS


def _chosen(said: Said, field: Field) -> pa.Array:
    import pyarrow.compute as pc

    if field == "dialogue":
        return said.whole
    if field == "both":
        return _joined(_unless_empty(said.first_question), _unless_empty(said.last_answer))
    return pc.fill_null(said.first_question if field == "instruction" else said.last_answer, "")


def _alpaca(table: pa.Table) -> Said | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [_text(table, column) for column in ("system", "instruction", "input", "output")]
    if any(part is None for part in parts):
        return None
    system, instruction, given, output = map(_unless_empty, parts)
    question = _joined(instruction, given)
    sure = pc.not_equal(question, "")
    if "history" in table.schema.names:
        history = _column(table, "history")
        listed = pa.types.is_list(history.type) or pa.types.is_large_list(history.type)
        rounds = pc.fill_null(pc.list_value_length(history), 0) if listed else None
        none = pc.is_null(history) if rounds is None else pc.equal(rounds, 0)
        sure = pc.and_(sure, none)
    return Said(question, output, _joined(system, question, output), sure)


def _messages(table: pa.Table) -> Said | None:
    return _dialogues(_column(table, "messages"))


def _sharegpt(table: pa.Table) -> Said | None:
    said, system = _dialogues(_column(table, "conversations")), _text(table, "system")
    if said is None or system is None:
        return None
    return said._replace(whole=_joined(_unless_empty(system), said.whole))


def _prompt_completion(table: pa.Table) -> Said | None:
    import pyarrow.compute as pc

    prompt, completion = _turn_or_dialogue(table, "prompt"), _turn_or_dialogue(table, "completion", user=False)
    if prompt is None or completion is None:
        return None
    return Said(
        pc.coalesce(prompt.first_question, completion.first_question),
        pc.coalesce(completion.last_answer, prompt.last_answer),
        _joined(prompt.whole, completion.whole),
        pc.and_(prompt.sure, completion.sure),
    )


_READERS: Mapping[type[Format | None], Callable[[Any], Said | None]] = MappingProxyType(
    {Alpaca: _alpaca, Messages: _messages, ShareGpt: _sharegpt, PromptCompletion: _prompt_completion}
)


def _turn_or_dialogue(table: pa.Table, column: str, *, user: bool = True) -> Said | None:
    """Return what a column says in which plain text stands for a single turn."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = _text(table, column)
    if text is None:
        return _dialogues(_column(table, column))
    nobody = pa.nulls(len(text), pa.large_string())
    plain = pc.invert(pc.match_substring_regex(text, _MAY_BE_JSON))
    sure = pc.fill_null(pc.and_(plain, pc.not_equal(text, "")), False)
    return Said(text if user else nobody, nobody if user else text, pc.fill_null(text, ""), sure)


def _dialogues(column: pa.Array) -> Said | None:
    """Return what a column of lists of messages says; None where it is none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return None
    messages = pc.list_flatten(column)
    if not pa.types.is_struct(messages.type):
        return None
    role, content = _part(messages, "role", "from"), _part(messages, "content", "value")
    if role is None or content is None:
        return None
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    bounds = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    speakers = _speakers(role)
    doubtful = (speakers == _NOBODY) | content.is_null().to_numpy(zero_copy_only=False) | _uses_tools(messages)
    doubts = np.concatenate([[0], np.cumsum(doubtful)])
    sure = (doubts[bounds[1:]] == doubts[bounds[:-1]]) & (sizes > 0)
    content = pc.fill_null(content, "")
    listed = pa.LargeListArray.from_arrays(pa.array(bounds), content)
    return Said(
        content.take(_place(speakers == _USER, bounds, first=True)),
        content.take(_place(speakers == _ASSISTANT, bounds, first=False)),
        pc.binary_join(listed, pa.scalar(_BETWEEN, pa.large_string())),
        pa.array(sure),
    )


_NOBODY, _OTHER, _USER, _ASSISTANT = range(4)


def _speakers(role: pa.Array) -> Numbers:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    places = pc.index_in(pc.utf8_lower(role), value_set=pa.array(list(ROLES), type=pa.large_string()))
    by_place = [{"user": _USER, "assistant": _ASSISTANT}.get(meant, _OTHER) for meant in ROLES.values()]
    speakers: Numbers = np.array([*by_place, _NOBODY])[np.asarray(pc.fill_null(places, len(by_place)))]
    return speakers


def _uses_tools(messages: pa.Array) -> npt.NDArray[np.bool_]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if messages.type.get_field_index("tool_calls") < 0:
        return np.zeros(len(messages), dtype=np.bool_)
    calls = pc.struct_field(messages, "tool_calls")
    if pa.types.is_list(calls.type) or pa.types.is_large_list(calls.type):
        calls = pc.list_value_length(calls)
        return np.asarray(pc.fill_null(calls, 0)) > 0
    return np.asarray(calls.is_valid())


def _place(spoken: np.ndarray[Any, Any], bounds: np.ndarray[Any, Any], *, first: bool) -> pa.Array:
    """Return the number of the first or last turn in each row for which `spoken` holds; null where there is none."""
    import numpy as np
    import pyarrow as pa

    turns = np.concatenate([[-1], np.flatnonzero(spoken), [len(spoken)]])
    found = np.searchsorted(turns, bounds[:-1] if first else bounds[1:])
    place = turns[found if first else found - 1]
    absent = place >= bounds[1:] if first else place < bounds[:-1]
    return pa.array(np.where(absent, 0, place), mask=absent)


def _part(messages: pa.Array, *names: str) -> pa.Array | None:
    """Return the first of these parts of a message that is there; None where it is no text."""
    import pyarrow.compute as pc

    found = [pc.struct_field(messages, name) for name in names if messages.type.get_field_index(name) >= 0]
    texts = [_as_text(part) for part in found]
    known = [text for text in texts if text is not None]
    return pc.coalesce(*known) if known and len(known) == len(texts) else None


def _text(table: pa.Table, column: str) -> pa.Array | None:
    """Return a column of text, all null where there is no such column; None where it holds something else."""
    return _no_row(table) if column not in table.schema.names else _as_text(_column(table, column))


def _as_text(array: pa.Array) -> pa.Array | None:
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return array.cast(pa.large_string()) if any(holds(kind) for holds in kinds) else None


def _column(table: pa.Table, column: str) -> pa.Array:
    import pyarrow as pa

    found = table.column(column)
    if not isinstance(found, pa.ChunkedArray):
        return found
    whole = found.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _no_row(table: pa.Table) -> pa.Array:
    import pyarrow as pa

    return pa.nulls(table.num_rows, pa.large_string())


def _unless_empty(text: pa.Array) -> pa.Array:
    """Return the texts, null for the empty ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _joined(first: pa.Array, *more: pa.Array) -> pa.Array:
    """Join the parts of each row that are not null by blank lines; "" where all are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    between = pa.scalar(_BETWEEN, pa.large_string())
    for part in more:
        # Not by the kernel's own way of passing over nulls, which loses the rows in which every part is null.
        first = pc.coalesce(pc.binary_join_element_wise(first, part, between), first, part)
    return pc.fill_null(first, "")
