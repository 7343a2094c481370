"""Carrying out recipes."""

from curator.run.apply import apply
from curator.run.progress import Progress
from curator.run.run import RunResult, run_plan, run_recipe

__all__ = ["Progress", "RunResult", "apply", "run_plan", "run_recipe"]
