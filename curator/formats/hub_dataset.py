"""Datasets on the Hugging Face Hub, row by row, with what the Hub says about their licence and version."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from curator.errors import FormatError
from curator.formats.containers.base import Row


class HubDataset(msgspec.Struct, frozen=True):
    """A split of a dataset that has been found.

    Attributes:
        licence: what the dataset's card says, "" where it does not.
        version: the commit that was read; "" where the Hub was not asked.
        rows: the rows as they stream in, numbered from 1.
    """

    licence: str
    version: str
    rows: Iterator[Row]


def open_hub_dataset(name: str, config: str = "", *, split: str = "train", revision: str = "") -> HubDataset:
    """Open a dataset without downloading all of it.

    Args:
        name: `organisation/name`, or a folder of data files.
        config: which of its configurations; "" for the default.
        split: which split.
        revision: a branch, tag or commit; "" for the newest.

    Returns:
        The dataset, its rows still to be read.

    Raises:
        FormatError: `datasets` is not installed, or the dataset cannot be reached or has no such split.
    """
    if find_spec("datasets") is None:
        raise FormatError(f"dataset {name!r}: needs the package datasets; run: pip install 'instruct-curator[hub]'")
    import datasets

    licence, version = ("", "") if Path(name).is_dir() else _facts(name, revision)
    try:
        found = datasets.load_dataset(name, config or None, split=split, revision=revision or None, streaming=True)
    except (OSError, ValueError, ImportError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise FormatError(_refusal(name, error)) from error
    return HubDataset(licence or str(found.info.license or ""), version, _rows(name, found))


def _facts(name: str, revision: str) -> tuple[str, str]:
    """Return the licence and the commit of a dataset, as the Hub gives them."""
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        info = HfApi().dataset_info(name, revision=revision or None)
    except OfflineModeIsEnabled:
        return "", ""  # a copy on this machine may still be read
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise FormatError(_refusal(name, error)) from error
    licence = info.card_data.get("license") if info.card_data else None
    return ", ".join(licence) if isinstance(licence, list) else str(licence or ""), info.sha or ""


def _rows(name: str, dataset: Any) -> Iterator[Row]:
    import datasets

    try:
        for number, row in enumerate(dataset, start=1):
            yield Row(number, row)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        raise FormatError(_refusal(name, error)) from error


def _refusal(name: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    offline = isinstance(error, ConnectionError) or "offline" in said.lower() or "name or service" in said.lower()
    advice = (
        "this machine does not reach the Hub: go online, or download the file elsewhere and give it as `file:`"
        if offline
        else "check name, config, split and revision"
    )
    return f"dataset {name!r} cannot be opened: {said or type(error).__name__}; {advice}"
