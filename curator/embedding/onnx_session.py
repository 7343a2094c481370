"""Running a graph: ONNX Runtime on the processor's cores, one text at a time on each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.embedding.base import Reading, unit_rows
from curator.embedding.tokens import Tokens, blocks
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
        self._tokens = Tokens(tokenizer.read_text("utf-8"), max_tokens)
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `Embedder.embed`.

        Args:
            texts: the texts, at least one.

        Returns:
            Their vectors. Shape: (texts, dimensions), float32.
        """
        import numpy as np

        rows = [encoded.ids for block in blocks(texts) for encoded in self._tokenizer.encode_batch_fast(block)]
        longest_first = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        made: list[Any] = [None] * len(rows)
        with ThreadPoolExecutor(usable_cores()) as pool:
            for at, vector in zip(
                longest_first, pool.map(self._vector, (rows[at] for at in longest_first)), strict=True
            ):
                made[at] = vector
        return unit_rows(np.concatenate(made))

    def readings(self, texts: Sequence[str]) -> list[Reading]:
        """Tell how texts are read; see `Embedder.readings`."""
        return self._tokens.readings(texts)

    def _vector(self, row: list[int]) -> Any:
        import numpy as np

        [vector] = self._session.run(["vector"], {"input_ids": np.array([row], dtype=np.int64)})
        return vector
