"""Running a graph: ONNX Runtime on the processor's cores, one text at a time on each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.embedding.base import encodable, unit_rows
from curator.llm.cores import usable_cores

if TYPE_CHECKING:
    from curator.embedding.base import Vectors


class OnnxSession:
    """A graph and its tokenizer, opened."""

    def __init__(self, graph: Path, tokenizer: Path, max_tokens: int) -> None:
        """Open them.

        Args:
            graph: the file of the graph.
            tokenizer: the file of the tokenizer.
            max_tokens: where texts are cut.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the cores share out the texts, which costs no synchronisation
        self._session: Any = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self._counter: Any = Tokenizer.from_file(str(tokenizer))
        self._counter.no_padding()
        self._counter.no_truncation()
        self._tokenizer: Any = Tokenizer.from_str(self._counter.to_str())
        self._tokenizer.enable_truncation(max_tokens)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`.

        Args:
            texts: the texts, at least one.

        Returns:
            Their vectors. Shape: (texts, dimensions), float32.
        """
        import numpy as np

        rows = [encoded.ids for encoded in self._tokenizer.encode_batch([encodable(text) for text in texts])]
        longest_first = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        made: list[Any] = [None] * len(rows)
        with ThreadPoolExecutor(usable_cores()) as pool:
            for at, vector in zip(
                longest_first, pool.map(self._vector, (rows[at] for at in longest_first)), strict=True
            ):
                made[at] = vector
        return unit_rows(np.concatenate(made))

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count tokens; see `Embedder.token_counts`."""
        return [len(encoded.ids) for encoded in self._counter.encode_batch([encodable(text) for text in texts])]

    def _vector(self, row: list[int]) -> Any:
        import numpy as np

        [vector] = self._session.run(["vector"], {"input_ids": np.array([row], dtype=np.int64)})
        return vector
