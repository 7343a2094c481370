"""What pyproject.toml cannot say: which folders become which packages, and the compiled kernel, which is optional."""

from __future__ import annotations

import sys

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

PACKAGES = ("curator", "generators", "evaluators", "finetune", "ui")
"""All that ships. Whatever else lies in the repository (tests, benchmarks, docs) stays there."""

PYTHON = "3.11"
"""The first Python whose limited API has buffers. What is built against it runs on every later one."""

KERNEL = Extension(
    "curator.dedup._kernel",
    sources=[f"curator/dedup/{name}.c" for name in ("_kernel", "_shingle", "_pieces", "_join", "_near", "_exact")],
    depends=["curator/dedup/_kernel.h", "curator/dedup/_join.h"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
    optional=True,  # without it, numpy and datasketch do the same work, at twenty times the cost
)


class BuildKernel(build_ext):
    """Builds the kernel with the options of the compiler at hand, and says so where there is none."""

    def build_extension(self, ext: Extension) -> None:
        """Compile one extension."""
        is_msvc = self.compiler.compiler_type == "msvc"
        ext.extra_compile_args = ["/O2", "/std:c11"] if is_msvc else ["-O3", "-std=c11"]
        try:
            super().build_extension(ext)
        except Exception:
            sys.stderr.write("Left out the compiled kernel: near-duplicates are found by datasketch, more slowly.\n")
            raise  # setuptools goes on, because the extension is optional


setup(
    # examples/ lies at the top, where people look for it, and ships as data of `ui`, where `curator init` finds it.
    packages=[*find_packages(include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]), "ui.examples"],
    package_dir={"ui.examples": "examples"},
    ext_modules=[KERNEL],
    cmdclass={"build_ext": BuildKernel},
    options={"bdist_wheel": {"py_limited_api": f"cp{PYTHON.replace('.', '')}"}},
)
