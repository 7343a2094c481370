"""BERT as an ONNX graph with 8-bit weights, laid out for what ONNX Runtime's CPU kernels do fast.

The graph takes one text, not a batch. That costs no speed on a processor, there is no padding to compute, and a text's
vector cannot depend on its neighbours: activations are quantised on the fly with one scale for a whole tensor, so in a
batch the largest value of one text would coarsen the grid of all others.

Linear layers: W of shape (in, out) becomes round(W / s) with a scale s = max |W| / 127 for each column, activations get
8 bits with a zero point (`DynamicQuantizeMatMul`, and `QAttention` for query, key and value at once). Embeddings, layer
norms, softmax and pooling stay in 32 bits. Layer norm stands as `Add` and `LayerNormalization`: their fused form,
`SkipLayerNormalization`, takes seven times as long on a CPU.

Source:
    Devlin et al. 2019, "BERT", arXiv 1810.04805; Jacob et al. 2018, "Quantization and Training of Neural Networks for
    Efficient Integer-Arithmetic-Only Inference", arXiv 1712.05877, section 2. Differs in the scale for each column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

Pooling = Literal["mean", "cls"]

ACTIVATIONS = {"gelu": "Gelu", "gelu_new": "FastGelu", "gelu_pytorch_tanh": "FastGelu"}
"""transformers' names of activations, and ONNX Runtime's."""

_CONTRIBUTED = "com.microsoft"
_OPSET, _IR_VERSION = 18, 9


class BertShape(msgspec.Struct, frozen=True):
    """What of a BERT model does not show in its weights.

    Attributes:
        layers: how many layers.
        heads: how many attention heads a layer has.
        epsilon: what layer norm adds to the variance.
        activation: transformers' name of the activation between the two layers of a block.
        pooling: how the tokens' vectors become one.
    """

    layers: int
    heads: int
    epsilon: float
    activation: str
    pooling: Pooling


def bert_graph(weights: Mapping[str, npt.NDArray[np.float32]], shape: BertShape) -> bytes:
    """Build the graph.

    Args:
        weights: the model's weights by transformers' names, in float32.
        shape: the rest of what defines it.

    Returns:
        An ONNX model. Input `input_ids`, shape (1, tokens), int64; output `vector`, shape (1, dimensions), float32, not
        yet of length 1.
    """
    graph = _Graph(weights, shape)
    hidden = graph.embeddings()
    for layer in range(shape.layers):
        hidden = graph.layer(hidden, f"encoder.layer.{layer}")
    graph.pooled(hidden)
    return graph.serialised()


class _Graph:
    """Nodes and constants of the graph as it grows; methods return the name of what they compute."""

    def __init__(self, weights: Mapping[str, Array], shape: BertShape) -> None:
        self._weights = weights
        self._shape = shape
        self._nodes: list[Any] = []
        self._constants: dict[str, Array] = {}

    def embeddings(self) -> str:
        import numpy as np

        kinds = self._weights["embeddings.token_type_embeddings.weight"]
        places = self._weights["embeddings.position_embeddings.weight"] + kinds[0]  # every token is of the first kind
        words = self._constant("words", self._weights["embeddings.word_embeddings.weight"])
        first = self._constant("first", np.array([0], dtype=np.int64))
        [length] = self._node("Shape", ["input_ids"], start=1, end=2)
        [at] = self._node("Slice", [self._constant("places", places), first, length, first])
        [word] = self._node("Gather", [words, "input_ids"])
        return self._norm(word, at, "embeddings.LayerNorm")

    def layer(self, hidden: str, name: str) -> str:
        attended = self._linear(self._attention(hidden, f"{name}.attention.self"), f"{name}.attention.output.dense")
        hidden = self._norm(attended, hidden, f"{name}.attention.output.LayerNorm")
        inner = self._linear(hidden, f"{name}.intermediate.dense")
        [inner] = self._node(ACTIVATIONS[self._shape.activation], [inner], domain=_CONTRIBUTED)
        return self._norm(self._linear(inner, f"{name}.output.dense"), hidden, f"{name}.output.LayerNorm")

    def pooled(self, hidden: str) -> None:
        import numpy as np

        if self._shape.pooling == "mean":
            axis = self._constant("tokens_axis", np.array([1], dtype=np.int64))
            self._nodes.append(_helper().make_node("ReduceMean", [hidden, axis], ["vector"], keepdims=0))
        else:
            place = self._constant("cls_place", np.array(0, dtype=np.int64))
            self._nodes.append(_helper().make_node("Gather", [hidden, place], ["vector"], axis=1))

    def serialised(self) -> bytes:
        from onnx import TensorProto, numpy_helper

        make = _helper()
        dimensions = self._weights["embeddings.word_embeddings.weight"].shape[1]
        graph = make.make_graph(
            self._nodes,
            "bert",
            [make.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
            [make.make_tensor_value_info("vector", TensorProto.FLOAT, [1, dimensions])],
            [numpy_helper.from_array(values, name) for name, values in self._constants.items()],
        )
        opsets = [make.make_opsetid("", _OPSET), make.make_opsetid(_CONTRIBUTED, 1)]
        model = make.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="instruct-curator")
        return bytes(model.SerializeToString())

    def _attention(self, hidden: str, name: str) -> str:
        import numpy as np

        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self._weights[f"{part}.bias"] for part in parts])
        whole, scale = self._quantised(weight, name)
        rounded, step, zero = self._node("DynamicQuantizeLinear", [hidden], outputs=3)
        inputs = [rounded, whole, self._constant(f"{name}.bias", bias), step, scale, "", zero]
        [attended] = self._node("QAttention", inputs, domain=_CONTRIBUTED, num_heads=self._shape.heads)
        return attended

    def _linear(self, hidden: str, name: str) -> str:
        whole, scale = self._quantised(self._weights[f"{name}.weight"].T, name)
        bias = self._constant(f"{name}.bias", self._weights[f"{name}.bias"])
        [out] = self._node("DynamicQuantizeMatMul", [hidden, whole, scale, "", bias], domain=_CONTRIBUTED)
        return out

    def _norm(self, hidden: str, residual: str, name: str) -> str:
        gain, shift = (self._constant(f"{name}.{part}", self._weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        [total] = self._node("Add", [hidden, residual])
        [normal] = self._node("LayerNormalization", [total, gain, shift], axis=-1, epsilon=self._shape.epsilon)
        return normal

    def _quantised(self, weight: Array, name: str) -> tuple[str, str]:
        """Return the names of the 8-bit weights, shape (in, out), and of their scales, shape (out,)."""
        import numpy as np

        largest = np.abs(weight).max(axis=0)
        scale = np.where(largest > 0, largest, 1.0).astype(np.float32) / np.float32(127)
        whole = np.round(weight / scale).astype(np.int8)
        return self._constant(f"{name}.whole", whole), self._constant(f"{name}.scale", scale)

    def _constant(self, name: str, values: Array) -> str:
        import numpy as np

        self._constants[name] = np.asarray(values, order="C")
        return name

    def _node(
        self, kind: str, inputs: list[str], *, outputs: int = 1, domain: str = "", **attributes: int | float
    ) -> list[str]:
        names = [f"{kind}_{len(self._nodes)}_{number}" for number in range(outputs)]
        self._nodes.append(_helper().make_node(kind, inputs, names, domain=domain, **attributes))
        return names


def _helper() -> Any:
    from onnx import helper

    return helper
