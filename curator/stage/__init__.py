"""The seam: what a stage is, and the four kinds of it."""

from curator.stage.base import Measure, Stage, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import CorpusEvaluator, Evaluator
from curator.stage.generator import Generator, GeneratorOptions, Prompt, Transformer
from curator.stage.selector import CorpusSelector, Rejection, Selector

__all__ = [
    "Context",
    "CorpusEvaluator",
    "CorpusSelector",
    "Evaluator",
    "Generator",
    "GeneratorOptions",
    "Measure",
    "Prompt",
    "Rejection",
    "Selector",
    "Stage",
    "StageOptions",
    "Transformer",
]
