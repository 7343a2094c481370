"""Many texts in two buffers, as Arrow lays them out, so that a million texts are no million objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt


class Texts(Sequence[str]):
    """A column of texts.

    Attributes:
        data: all texts in UTF-8, one behind the other; half surrogate pairs are encoded as if they were characters.
        offsets: where each begins in `data`, and at last where the last one ends. Shape: (texts + 1,).
    """

    def __init__(self, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> None:
        """Take over two buffers.

        Args:
            data: the bytes.
            offsets: the bounds of the texts in them, ascending.
        """
        self.data = data
        self.offsets = offsets

    @classmethod
    def of(cls, texts: Sequence[str] | Texts) -> Texts:
        """Lay texts out.

        Args:
            texts: the texts; if they are laid out already, they are given back.

        Returns:
            The column.
        """
        if isinstance(texts, Texts):
            return texts
        from curator.dedup import kernel

        if kernel.is_built():
            return cls(*kernel.laid_out(texts))
        joined = "".join(texts)
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        if joined.isascii():
            lengths: Iterator[int] = map(len, texts)
        else:
            lengths = (len(text.encode("utf-8", "surrogatepass")) for text in texts)
        np.cumsum(np.fromiter(lengths, dtype=np.int64, count=len(texts)), out=offsets[1:])
        return cls(np.frombuffer(joined.encode("utf-8", "surrogatepass"), dtype=np.uint8), offsets)

    @classmethod
    def from_arrow(cls, array: Any) -> Texts:
        """Lay out a column of Arrow; nothing is copied if it is one chunk of `large_string`.

        Args:
            array: a `pyarrow` array or chunked array of strings; missing values are empty texts.

        Returns:
            The column.
        """
        import pyarrow as pa

        chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        parts = [cls._of_chunk(chunk.cast(pa.large_string())) for chunk in chunks]
        if len(parts) == 1:
            return parts[0]
        return cls._joined(parts)

    @classmethod
    def _of_chunk(cls, chunk: Any) -> Texts:
        if chunk.null_count:
            chunk = chunk.fill_null("")
        _validity, offsets, data = chunk.buffers()
        bounds = np.frombuffer(offsets, dtype=np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        return cls(np.frombuffer(data or b"", dtype=np.uint8), bounds if len(bounds) else np.zeros(1, np.int64))

    @classmethod
    def _joined(cls, parts: Sequence[Texts]) -> Texts:
        data = [part.data[part.offsets[0] : part.offsets[-1]] for part in parts]
        offsets, end = [np.zeros(1, dtype=np.int64)], 0
        for part in parts:
            offsets.append(part.offsets[1:] - part.offsets[0] + end)
            end = int(offsets[-1][-1]) if len(part) else end
        return cls(np.concatenate([np.zeros(0, np.uint8), *data]), np.concatenate(offsets))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Texts: ...

    def __getitem__(self, at: int | slice) -> str | Texts:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                raise ValueError("a column of texts is cut in one piece")
            return Texts(self.data, self.offsets[start : max(start, stop) + 1])
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        at %= len(self)
        return bytes(self.data[self.offsets[at] : self.offsets[at + 1]]).decode("utf-8", "surrogatepass")
