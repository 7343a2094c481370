"""What the compiled kernel offers `kernel.py`; its sources lie beside it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_Bytes = npt.NDArray[np.uint8]
_Flags = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.int64]
_Values = npt.NDArray[np.uint32]
_Groups = npt.NDArray[np.uint64]
_Index = npt.NDArray[np.uint16]

INTERFACE: int

def lay_out(texts: Sequence[str], /) -> tuple[memoryview, memoryview]: ...
def blocks(data: _Bytes, offsets: _Numbers, /) -> memoryview: ...
def bound(data: _Bytes, offsets: _Numbers, index: _Index, entries: _Values, several: _Values, /) -> memoryview: ...
def shingle(
    data: _Bytes,
    offsets: _Numbers,
    forms_data: _Bytes,
    forms_offsets: _Numbers,
    forms_numbers: _Numbers,
    index: _Index,
    entries: _Values,
    several: _Values,
    below: int,
    up_to: int,
    /,
) -> tuple[memoryview, memoryview, memoryview, memoryview, memoryview]: ...
def form_hashes(
    data: _Bytes,
    offsets: _Numbers,
    forms_data: _Bytes,
    forms_offsets: _Numbers,
    forms_numbers: _Numbers,
    index: _Index,
    entries: _Values,
    several: _Values,
    /,
) -> memoryview: ...
def pieces(data: _Bytes, offsets: _Numbers, capitals: bool, /) -> memoryview: ...
def near(
    offsets: _Numbers,
    values: _Values,
    short: _Flags,
    groups: _Groups,
    trees: _Values,
    crowded: _Flags,
    permutations: _Values,
    bands: int,
    rows: int,
    uncrowded: int,
    window: int,
    needs_short: bool,
    threshold: float,
    /,
) -> tuple[memoryview, memoryview, memoryview]: ...
def exact(
    offsets: _Numbers,
    values: _Values,
    short: _Flags,
    groups: _Groups,
    trees: _Values,
    order: _Numbers,
    prefix: _Numbers,
    bits: int,
    needs_short: bool,
    threshold: float,
    /,
) -> tuple[memoryview, memoryview, memoryview]: ...
def similarities(
    word_offsets: _Numbers,
    words: _Values,
    character_offsets: _Numbers,
    characters: _Values,
    short: _Flags,
    left: _Numbers,
    right: _Numbers,
    /,
) -> memoryview: ...
