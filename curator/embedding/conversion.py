"""A BERT-like model, converted once to 8 bits and kept in the user's cache with proof that it still says the same.

A conversion is a folder: the graph, the tokenizer, the vectors that the model itself gives to `SENTENCES`, and a note
that says how near the graph came to them. One that came out too far off is kept too, so that it is not tried again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from platformdirs import user_cache_dir

from curator.embedding.agreement import SENTENCES, Agreement, agreement
from curator.embedding.bert_graph import ACTIVATIONS, BertShape, Pooling, bert_graph
from curator.embedding.onnx_session import OnnxSession
from curator.embedding.sentence_transformer import SentenceTransformerEmbedder
from curator.embedding.source import ModelFiles

VERSION = 1
"""Raised when the same model would be converted otherwise; part of the vectors' name."""

FOLDER_VARIABLE = "CURATOR_EMBEDDINGS_DIR"
GRAPH, TOKENIZER, WANTED, NOTE = "model.onnx", "tokenizer.json", "wanted.npy", "conversion.json"


class Conversion(msgspec.Struct, frozen=True):
    """The note beside a converted model.

    Attributes:
        model: the model's name and the hash of its files.
        dimensions: how many numbers a vector has.
        max_tokens: how many tokens are read at most.
        agreement: how near the graph came to the model when it was made.
        graph_digest: the SHA-256 of the graph's file.
    """

    model: str
    dimensions: int
    max_tokens: int
    agreement: Agreement
    graph_digest: str


def conversions_folder() -> Path:
    """Return where conversions rest: `CURATOR_EMBEDDINGS_DIR`, or `embeddings` in the user's cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    cache = Path(user_cache_dir("instruct-curator", appauthor=False))
    return Path(named).expanduser() if named else cache / "embeddings"


def converted(files: ModelFiles, shape: BertShape, notice: Callable[[str], None]) -> tuple[Path, Conversion]:
    """Return a model's conversion; make it if there is none yet. One that is there is only read.

    Args:
        files: the model.
        shape: its shape.
        notice: told before a conversion is made, which takes some seconds.

    Returns:
        The conversion's folder and its note.

    Raises:
        OSError: it has to be made, and the cache cannot be written.
        StageError: the model cannot be loaded, or what a conversion takes is not installed.
    """
    from filelock import FileLock

    folder = conversions_folder() / f"{files.digest}-{VERSION}"
    if note := _sound(folder):
        return folder, note
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        note = _sound(folder)  # another process may have made it meanwhile
        if note is None:
            notice(f"converting {files.name} to 8 bits, once, into {folder}")
            note = _made(files, shape, folder)
    return folder, note


def shape_of(files: ModelFiles) -> BertShape | str:
    """Read a model's shape off its settings.

    Args:
        files: the model.

    Returns:
        The shape, or why this model cannot be converted.
    """
    config, modules = files.settings("config.json"), files.settings("modules.json")
    kinds = [module.get("type", "").rpartition(".")[2] for module in modules]
    settings = files.settings("config_sentence_transformers.json")
    pooling = _pooling(files.settings(f"{modules[1]['path']}/config.json")) if len(modules) > 1 else None
    refusals = {
        f"its modules are {', '.join(kinds) or 'not listed'}": kinds not in (["Transformer", "Pooling"], [*_WHOLE]),
        f"it is a {config.get('model_type')!r} model, not BERT": config.get("model_type") != "bert",
        "it pools otherwise than by mean or first token": pooling is None,
        f"its activation is {config.get('hidden_act')!r}": config.get("hidden_act") not in ACTIVATIONS,
        "its positions are relative": config.get("position_embedding_type", "absolute") != "absolute",
        "it is a decoder": bool(config.get("is_decoder")),
        "it puts a prompt before each text": bool(settings.get("default_prompt_name")),
        "it lower-cases texts by itself": bool(files.transformer_settings().get("do_lower_case")),
        "it has no tokenizer.json": not (files.folder / TOKENIZER).is_file(),
    }
    refusal = next((reason for reason, holds in refusals.items() if holds), "")
    if refusal or pooling is None:
        return refusal
    layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
    return BertShape(layers, heads, config["layer_norm_eps"], config["hidden_act"], pooling)


_WHOLE = ("Transformer", "Pooling", "Normalize")


def _pooling(settings: dict[str, Any]) -> Pooling | None:
    """Return how a pooling module pools, in its newer or its older way of saying it."""
    older = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token"}
    modes = [key for key, value in settings.items() if key.startswith("pooling_mode_") and value is True]
    named = settings.get("pooling_mode")
    if named == "mean" or modes == [older["mean"]]:
        return "mean"
    return "cls" if named == "cls" or modes == [older["cls"]] else None


def _sound(folder: Path) -> Conversion | None:
    """Return the note of a conversion that is there and whole."""
    try:
        note = msgspec.json.decode((folder / NOTE).read_bytes(), type=Conversion)
        whole = _digest(folder / GRAPH) == note.graph_digest
    except (OSError, msgspec.DecodeError):
        return None  # not there, cut off, or of another version: it is made anew
    return note if whole and all((folder / name).is_file() for name in (TOKENIZER, WANTED)) else None


def _made(files: ModelFiles, shape: BertShape, folder: Path) -> Conversion:
    draft = folder.with_suffix(".draft")
    for old in (draft, folder):
        if old.exists():
            shutil.rmtree(old)
    draft.mkdir()
    note = _filled(files, shape, draft)
    (draft / NOTE).write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2))
    draft.rename(folder)
    return note


def _filled(files: ModelFiles, shape: BertShape, draft: Path) -> Conversion:
    """Lay graph, tokenizer and the model's own vectors into `draft`, and measure how near the graph comes."""
    import numpy as np

    original = SentenceTransformerEmbedder(files)
    state = original.model[0].auto_model.state_dict()
    weights = {name: values.float().cpu().numpy() for name, values in state.items()}
    (draft / GRAPH).write_bytes(bert_graph(weights, shape))
    shutil.copyfile(files.folder / TOKENIZER, draft / TOKENIZER)
    wanted = original.embed(SENTENCES)
    np.save(draft / WANTED, wanted)
    made = OnnxSession(draft / GRAPH, draft / TOKENIZER, original.max_tokens).embed(SENTENCES)
    return Conversion(
        f"{files.name}@{files.digest}",
        dimensions=wanted.shape[1],
        max_tokens=original.max_tokens,
        agreement=agreement(made, wanted),
        graph_digest=_digest(draft / GRAPH),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
