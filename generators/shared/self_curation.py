"""Self-curation: a model scores a pair of instruction and response from 1 to 5, with its reason first.

Source:
    Li et al. 2023, "Self-Alignment with Instruction Backtranslation", arXiv 2308.06259, section 2.3: five grades from
    an answer that is incomplete or off the topic to a perfect one by an expert; the score is the digit after "Score:".
"""

from __future__ import annotations

from curator.llm.base import ChatReply, Sampling
from curator.record import Turn
from curator.stage import Prompt
from curator.text.prompt import PromptFolder
from generators.shared.few_shot import examples_in, shown
from generators.shared.plain_reply import score_in, spoken

LOWEST, HIGHEST = 1, 5
SCORING = Sampling(temperature=0, max_tokens=160)


def rating_prompt(folder: PromptFolder, instruction: str, response: str) -> Prompt:
    """Return the question how well a response does what an instruction asks.

    Args:
        folder: prompts that hold `score` and its examples, `scored`.
        instruction: the instruction.
        response: the response.

    Returns:
        The question.
    """
    before = shown(folder, "score", examples_in(folder, "scored"))
    asked = Turn("user", folder.render("score", instruction=instruction, passage=response))
    return Prompt((*before, asked), sampling=SCORING)


def rating_in(reply: ChatReply) -> tuple[int, str]:
    """Return the score that a reply gives, and the reply in one line.

    Args:
        reply: the reply.

    Returns:
        The score, 1 to 5, and the reason.

    Raises:
        UnparsableReply: no whole number from 1 to 5 follows the word "Score".
    """
    return score_in(reply.text, LOWEST, HIGHEST), " ".join(spoken(reply.text).split())
