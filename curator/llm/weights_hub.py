"""Model files named as on the Hugging Face Hub: from its cache on this machine, else fetched into it.

What the cache holds is used as it is, so a model named in a recipe stays the same, and needs no network, until its
owner clears the cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from curator.errors import ProviderError
from curator.llm.weights import FOLDER_FILES

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?::(?P<file>[^:]+\.gguf))?")
_LATER_PART = re.compile(r"-(?!0*1-of-)\d+-of-\d+\.gguf$")
_PREFERRED = ("q4_k_m", "q4_1", "q4_0", "q5_k_m", "q8_0", "f16")
"""Which quantisation is taken where the name leaves it open: the usual compromise of size and quality first."""


def hub_weights(name: str) -> Path:
    """Find a model in the Hub's cache, or fetch it, as HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE say.

    Args:
        name: `owner/name` or `owner/name:file.gguf`.

    Returns:
        The GGUF file; for a repository without one, the folder of its safetensors model.

    Raises:
        ProviderError: the name is no name of a repository, the Hub has no such model or file, or it cannot be
            reached, or `huggingface_hub` is not installed.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ProviderError(
            f"there is no model {name!r}: give `embedded`, a .gguf file, a model folder, or a name on the Hub "
            "(owner/name or owner/name:file.gguf)"
        )
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ProviderError(f"to fetch {name} from the Hub: pip install 'instruct-curator[local]'") from error
    repo, file = match["repo"], match["file"] or ""
    return _cached(repo, file) or _fetched(HfApi(), repo, file)


def choose_gguf(files: Iterable[str]) -> str:
    """Choose among a repository's files.

    Args:
        files: the repository's files; a model in several parts counts by its first.

    Returns:
        The GGUF file to take; "" if there is none.
    """
    models = sorted(
        file for file in files if file.endswith(".gguf") and "mmproj" not in file and not _LATER_PART.search(file)
    )
    for wanted in _PREFERRED:
        for file in models:
            if wanted in file.lower():
                return file
    return models[0] if models else ""


def _cached(repo: str, file: str) -> Path | None:
    for files in _snapshots().get(repo, []):
        chosen = file or choose_gguf(files)
        if chosen in files:
            return files[chosen]
        if not file and "config.json" in files and any(name.endswith(".safetensors") for name in files):
            return files["config.json"].parent
    return None


def _snapshots() -> dict[str, list[dict[str, Path]]]:
    """Return the cache's model repositories, each with the files of its snapshots, the newest first."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir().repos
    except CacheNotFound:
        return {}
    return {
        repo.repo_id: [
            {str(file.file_path.relative_to(revision.snapshot_path)): file.file_path for file in revision.files}
            for revision in sorted(repo.revisions, key=lambda one: one.last_modified, reverse=True)
        ]
        for repo in sorted(repos, key=lambda one: one.repo_id)
        if repo.repo_type == "model"
    }


def _fetched(api: HfApi, repo: str, file: str) -> Path:
    import httpx2
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        chosen = file or choose_gguf(api.list_repo_files(repo))
        if chosen:
            return Path(api.hf_hub_download(repo, chosen))
        return Path(api.snapshot_download(repo, allow_patterns=list(FOLDER_FILES)))
    except LocalEntryNotFoundError as error:
        raise ProviderError(_out_of_reach(repo, file, _snapshots(), error)) from error
    except EntryNotFoundError as error:
        raise ProviderError(f"{repo} has no file {file}; look at its list of files on the Hub") from error
    except HfHubHTTPError as error:
        raise ProviderError(_refusal(repo, error)) from error
    except HFValidationError as error:
        raise ProviderError(f"{repo!r} cannot be a name on the Hub: {error}") from error
    except (httpx2.HTTPError, OSError) as error:  # no network, offline by HF_HUB_OFFLINE, or no room on the disk
        raise ProviderError(_out_of_reach(repo, file, _snapshots(), error)) from error


def _refusal(repo: str, error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return f"{repo} asks for consent on its page at the Hub, and for a token in HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError):
        return f"the Hub has no model {repo} (or it is private, and HF_TOKEN is not set)"
    return f"the Hub refuses {repo}: {str(error).splitlines()[0]}"


def _out_of_reach(repo: str, file: str, held: Mapping[str, object], error: Exception) -> str:
    wanted = f"{repo}:{file}" if file else repo
    reason = " ".join(str(error).split())[:200]
    return (
        f"{wanted} cannot be fetched from the Hub ({reason}), and its cache on this machine holds "
        f"{', '.join(held) or 'nothing'}; check the network and HF_HUB_OFFLINE, or give a .gguf file"
    )
