"""What pyproject.toml cannot say: which folders become which packages, and later an optional compiled extension."""

from __future__ import annotations

from setuptools import find_packages, setup

PACKAGES = ("curator", "generators", "evaluators", "finetune", "ui")
"""All that ships. Whatever else lies in the repository (tests, benchmarks, docs) stays there."""

setup(
    # examples/ lies at the top, where people look for it, and ships as data of `ui`, where `curator init` finds it.
    packages=[*find_packages(include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]), "ui.examples"],
    package_dir={"ui.examples": "examples"},
)
