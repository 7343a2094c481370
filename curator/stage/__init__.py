"""The seam: what a stage is, and the four kinds of it."""

from curator.stage.asking import AskingOptions, AskingStage, GeneratorOptions
from curator.stage.base import Measure, Stage, StageOptions
from curator.stage.context import Context
from curator.stage.evaluator import CorpusEvaluator, Evaluator
from curator.stage.generator import Generator, Transformer
from curator.stage.question import Prompt, Reading, read_reply
from curator.stage.selector import CorpusSelector, Rejection, Selector

__all__ = [
    "AskingOptions",
    "AskingStage",
    "Context",
    "CorpusEvaluator",
    "CorpusSelector",
    "Evaluator",
    "Generator",
    "GeneratorOptions",
    "Measure",
    "Prompt",
    "Reading",
    "Rejection",
    "Selector",
    "Stage",
    "StageOptions",
    "Transformer",
    "read_reply",
]
