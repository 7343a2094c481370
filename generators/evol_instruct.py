"""Evol-Instruct: prompts are made harder (or, in the variant `down`, easier) round by round, and failures eliminated.

One round: draw an operator, have the parent changed, check the text, have a judge say whether it asks for anything new,
have it answered, check the answer. What passes is kept and is the next round's parent. Every record of every round is
kept or dropped with its reason; its labels say operator, round and what changed.

Source:
    Xu et al. 2023, "WizardLM: Empowering Large Language Models to Follow Complex Instructions", arXiv 2304.12244,
    section 3 and appendices. Prompts are in our words, with examples as turns of a dialogue, which small models
    follow. Checks of the text alone come before the judge, as they cost nothing. `faithful` takes the paper's rounds,
    sampling and checks, and leaves the examples out except where the paper has them (complicate-input).
    Variants: `code` after Luo et al. 2023, "WizardCoder", arXiv 2306.08568; `down` after Luo et al. 2023, "WizardMath",
    arXiv 2308.09583.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import msgspec
from pydantic import TypeAdapter, ValidationError, model_validator

from curator.llm.base import Sampling
from curator.record import Record, Turn, single_turn
from curator.stage import Context, GeneratorOptions, Prompt, Reading
from curator.text.prompt import PromptFolder
from generators.evolution.eliminator import (
    PRACTICAL_INSTRUCTION_CHECKS,
    PRACTICAL_RESPONSE_CHECKS,
    RESPONSE_CHECKS,
    Check,
    first_failure,
    scaffold_leak,
)
from generators.evolution.lineage import Evolving, EvolvingOptions, Round, method_of
from generators.evolution.operators import OPERATORS, Operator, Variant, weights_problem
from generators.evolution.replies import candidates_in, complete_text
from generators.evolution.verdicts import is_equal

FAITHFUL: Mapping[str, Any] = {
    "rounds": 4,
    "variant": "general",
    "equality": True,
    "respond": True,
    "practical_checks": False,
    "weights": {},
}
"""The options that `faithful` fixes."""

FAITHFUL_SAMPLING = Sampling(temperature=1.0, top_p=0.9, max_tokens=2048)
"""WizardLM's decoding, for evolving, judging and responding alike."""

SCAFFOLD = ("given prompt", "rewritten prompt", "created prompt", "new prompt")
"""What the evolving prompts, the paper's and ours, call the texts that they are about."""

_VERDICT = re.compile(r"^First: (.+)\nSecond: (.+)\nVerdict: (.+)$", re.MULTILINE)


class EvolInstructOptions(EvolvingOptions, GeneratorOptions):
    """Options of `evol-instruct`.

    Attributes:
        variant: "general" (WizardLM's six operators), "code" (WizardCoder's five) or "down" (easier prompts).
        equality: ask a judge whether parent and child are equal, and eliminate the child if so.
        judge: the recipe's name of the model that judges; the stage's own unless said.
        respond: have each child answered, and check the answer; without, a stage `respond` below answers.
        responder: the recipe's name of the model that answers; the stage's own unless said.
        practical_checks: check for more than the paper does (unchanged text, bare lists, questions asked back).
        faithful: the paper's numbers: 4 rounds, temperature 1, top_p 0.9, 2048 tokens, and its checks only.
    """

    variant: Variant = "general"
    equality: bool = True
    judge: str = ""
    respond: bool = True
    responder: str = ""
    practical_checks: bool = True
    faithful: bool = False

    @model_validator(mode="before")
    @classmethod
    def _take_the_papers(cls, data: Any) -> Any:
        return {**FAITHFUL, **data} if isinstance(data, Mapping) and _is_yes(data.get("faithful")) else data

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        fixed = next((name for name, value in FAITHFUL.items() if getattr(self, name) != value), "")
        if self.faithful and fixed:
            raise ValueError(f"faithful: true fixes `{fixed}` at {FAITHFUL[fixed]!r}; leave one of them out")
        if problem := weights_problem(self.weights, OPERATORS[self.variant]):
            raise ValueError(f"weights: {problem}")
        return self


class EvolInstruct(Evolving[EvolInstructOptions]):
    """Evolves prompts; see the module's docstring."""

    name: ClassVar[str] = "evol-instruct"
    Options: ClassVar[type[GeneratorOptions]] = EvolInstructOptions
    checks = (
        {"use": "heuristics"},
        {"use": "threshold", "name": "well-formed", "options": {"score": "heuristics.format", "min": 1}},
        {"use": "exact-dedup", "options": {"field": "instruction"}},
        {"use": "near-dedup"},
    )
    example = "curator generate evol-instruct seeds.jsonl -n 20 --out evolved.jsonl"

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of the variant."""
        return OPERATORS[self.options.variant]

    def requests_per_prompt(self) -> tuple[int, int]:
        """Return the replies a lineage takes: one a round if every child fails at once, up to three if none does."""
        most = 1 + self.options.equality + self.options.respond
        return self.options.rounds, self.options.rounds * most

    def also_asks(self) -> tuple[str, ...]:
        """Return the names of the judge and of the responder, where they are not the stage's own model."""
        judge = self.options.judge if self.options.equality else ""
        responder = self.options.responder if self.options.respond else ""
        return tuple(dict.fromkeys(name for name in (judge, responder) if name))

    def sampling(self) -> Sampling:
        """Return the paper's decoding if `faithful`; else nothing."""
        return FAITHFUL_SAMPLING if self.options.faithful else Sampling()

    def evolvable(self, record: Record) -> bool:
        """Return whether the record has a question."""
        return bool(seed_text(record).strip())

    def turns(self, parent: Record, operator: Operator, folder: PromptFolder) -> tuple[Turn, ...]:
        """Return the operator's frame, its examples, and the parent's prompt.

        Args:
            parent: the parent.
            operator: how it is to be changed.
            folder: the method's prompts.

        Returns:
            The turns of the prompt.
        """
        method = method_of(operator, folder)

        def question(prompt: str) -> Turn:
            return Turn("user", folder.render("evolve", method=method.text, prompt=prompt))

        shown = method.examples if not self.options.faithful or operator.name == "complicate-input" else ()
        turns = [Turn("system", folder.render(f"system_{operator.frame}"))]
        for _prompt, before, after in shown:
            turns += [question(before), Turn("assistant", folder.render("evolved", prompt=after))]
        return (*turns, question(seed_text(parent)))

    def parse(self, reply: str, prompt: Prompt) -> Iterable[Record]:
        """Read the evolved prompt, and check its text.

        Args:
            reply: the model's text.
            prompt: the prompt; its item is the `Round`.

        Returns:
            The child, not yet answered; behind it, dropped, the others of a reply that offers several.

        Raises:
            UnparsableReply: the reply is blank.
        """
        parent: Record = prompt.item.parent
        before = seed_text(parent)
        made: list[Record] = []
        for text in candidates_in(reply, before):
            child = self.described(single_turn(text, "", system=parent.system), before, text)
            failure = first_failure(self._instruction_checks(), text, before)
            made.append(child.dropped(self.key, *failure) if failure else child)
        return self.first_of(made)

    async def children(self, prompt: Prompt, context: Context, sample: int) -> list[Record]:
        """Carry one round out: evolve, check, judge, respond, check.

        Args:
            prompt: what to ask; its item is the `Round`.
            context: the stage's surroundings.
            sample: which draw of this prompt is wanted.

        Returns:
            The child; behind it what else the reply held.
        """
        rewriting = await self.ask(
            prompt, context, lambda reply: list(self.parse(complete_text(reply), prompt)), sample=sample
        )
        if rewriting.value is None:
            return [self.failed(prompt, context, rewriting)]
        child, *others = rewriting.value
        child, further = (child, []) if child.drop else await self._tried(child, prompt.item, context)
        signed = [self.signed(child, prompt, context, rewriting, *further)]
        return signed + [self.signed(other, prompt, context, rewriting) for other in others]

    async def _tried(self, child: Record, round_: Round, context: Context) -> tuple[Record, list[Reading[Any]]]:
        """Have a child judged and answered; return it with its answer, dropped if it fails, and the replies it took."""
        spent: list[Reading[Any]] = []
        if self.options.equality:
            verdict = await self._verdict(round_.parent, child, context)
            spent.append(verdict)
            found = {True: "equal", False: "not-equal"}.get(verdict.value, verdict.reason)  # type: ignore[arg-type]
            child = child.with_origin(labels=(*child.origin.labels, ("equality", found)))
            if verdict.value:
                return child.dropped(self.key, "equal", "the judge finds parent and child equal"), spent
        if self.options.respond:
            response = await self._response(child, context)
            spent.append(response)
            child = self._answered(child, response)
        return child, spent

    async def _verdict(self, parent: Record, child: Record, context: Context) -> Reading[bool]:
        folder = self.prompt_folder(context)

        def question(first: str, second: str) -> Turn:
            return Turn("user", folder.render("equality", first=first, second=second))

        shown = () if self.options.faithful else _VERDICT.findall(folder.render("equality_examples"))
        turns = [Turn("system", folder.render("equality_system"))]
        for first, second, said in shown:
            turns += [question(first, second), Turn("assistant", said)]
        asked = Prompt((*turns, question(seed_text(parent), seed_text(child))), sampling=self.sampling())
        return await self.ask(asked, context, lambda reply: is_equal(reply.text), model=self.options.judge)

    async def _response(self, child: Record, context: Context) -> Reading[str]:
        asked = Prompt(child.messages, sampling=self.sampling())
        return await self.ask(asked, context, complete_text, model=self.options.responder)

    def _answered(self, child: Record, response: Reading[str]) -> Record:
        raw = response.answer.reply.text.strip() if response.answer is not None else ""
        if raw:
            child = msgspec.structs.replace(child, messages=(*child.messages, Turn("assistant", raw)))
        if response.value is None:
            return child.dropped(self.key, response.reason, response.problem)
        checks = RESPONSE_CHECKS + (PRACTICAL_RESPONSE_CHECKS if self.options.practical_checks else ())
        failure = first_failure(checks, response.value)
        return child.dropped(self.key, *failure) if failure else child

    def _instruction_checks(self) -> tuple[Check, ...]:
        practical = PRACTICAL_INSTRUCTION_CHECKS if self.options.practical_checks else ()
        return (scaffold_leak(SCAFFOLD, ("prompt",)), *practical)


def _is_yes(value: Any) -> bool:
    """Return whether pydantic will read `value` as true: 1 and "yes" are, too."""
    try:
        return TypeAdapter(bool).validate_python(value)
    except ValidationError:  # which the field itself reports
        return False


def seed_text(record: Record) -> str:
    """Return the prompt that is evolved: the instruction and, on the next line, its input if it has one."""
    return f"{record.instruction}\n{record.input}" if record.input else record.instruction
