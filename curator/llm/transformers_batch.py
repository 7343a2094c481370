"""One batch of chat requests through a transformers model, each row drawn as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curator.errors import ProviderError, RequestRefused
from curator.llm.base import ChatReply, ChatRequest, Sampling, Usage
from curator.llm.local_request import completed
from curator.llm.open_turn import AUTO, before_mark, marked, open_prompt

if TYPE_CHECKING:
    import torch

_STOP_TOKENS = 8
"""How many tokens more than a stop string's bytes are looked at: it may begin and end inside a token."""


@dataclass
class Row:
    """One request in a batch.

    Attributes:
        prompt: the dialogue in the model's chat template.
        sampling: how its tokens are drawn, complete.
        draws: its own random numbers.
        end: how many tokens it has when it is done; None until then.
        stopped: whether it ended by itself or by a stop string.
    """

    prompt: str
    sampling: Sampling
    draws: torch.Generator
    end: int | None = None
    stopped: bool = False


@dataclass
class FolderModel:
    """A loaded model folder."""

    name: str
    model: Any
    tokenizer: Any
    ends: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def load(cls, folder: Path) -> FolderModel:
        """Load a model folder, onto a graphics card if there is one.

        Args:
            folder: a folder with config.json, safetensors and a tokenizer.

        Returns:
            The model.

        Raises:
            ProviderError: transformers is missing, or cannot load it, or it has no chat template.
        """
        try:
            import torch
            import transformers
            from safetensors import SafetensorError
        except ImportError as error:
            raise ProviderError(f"to run the model folder {folder}: pip install 'instruct-curator[train]'") from error
        on_card = torch.cuda.is_available()
        speech: Any = transformers.logging
        speech.disable_progress_bar()
        try:
            tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                str(folder), dtype=torch.bfloat16 if on_card else torch.float32
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ProviderError(f"transformers cannot load the model folder {folder}: {reason}") from error
        finally:
            speech.enable_progress_bar()
        if not tokenizer.chat_template:
            raise ProviderError(f"{folder}: its tokenizer has no chat template, so it cannot be asked questions")
        ends = model.generation_config.eos_token_id
        known = [*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id]
        model.to("cuda" if on_card else "cpu").eval()
        return cls(folder.name, model, tokenizer, frozenset(end for end in known if end is not None))

    def answer(self, requests: Sequence[ChatRequest], identity: str) -> list[ChatReply | RequestRefused]:
        """Answer a batch.

        Args:
            requests: what is asked.
            identity: the provider's identity, from which missing seeds are made.

        Returns:
            For each request, in order, its reply, or why it is refused.
        """
        outcomes: list[ChatReply | RequestRefused | None] = []
        rows: list[Row] = []
        for request in requests:
            try:
                rows.append(self._row(completed(request, identity)))
                outcomes.append(None)
            except RequestRefused as refusal:
                outcomes.append(refusal)
        replies = iter(self._replies(rows) if rows else [])
        return [next(replies) if outcome is None else outcome for outcome in outcomes]

    def _row(self, request: ChatRequest) -> Row:
        import torch
        from jinja2 import TemplateError

        try:
            prompt = self._prompt(request)
        except TemplateError as error:
            raise RequestRefused(f"{self.name}: its chat template does not take this dialogue: {error}") from error
        prompt_tokens = len(self.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        context_tokens = getattr(self.model.config, "max_position_embeddings", None) or prompt_tokens + 1
        if prompt_tokens >= context_tokens:
            raise RequestRefused(
                f"{self.name}: the prompt has {prompt_tokens} tokens, and the context holds {context_tokens}; use "
                "shorter passages"
            )
        return Row(prompt, request.sampling, torch.Generator().manual_seed(request.sampling.seed or 0))

    def _prompt(self, request: ChatRequest) -> str:
        template = request.sampling.open_turn
        if template and template != AUTO:
            return open_prompt(request.messages, template, self.name)
        if template:
            dialogue = self.tokenizer.apply_chat_template(marked(request.messages, self.name), tokenize=False)
            return before_mark(dialogue, self.name)
        messages = [{"role": turn.role, "content": turn.content} for turn in request.messages]
        if request.json_schema:
            messages[-1]["content"] += f"\n\nReply with JSON only, as this schema says: {request.json_schema}"
        written: str = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return written

    def _replies(self, rows: list[Row]) -> list[ChatReply]:
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        tokenizer = self.tokenizer
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token_id = min(self.ends, default=0)
        batch = tokenizer(
            [row.prompt for row in rows],
            add_special_tokens=False,
            padding=True,
            padding_side="left",
            return_tensors="pt",
        ).to(self.model.device)
        start = batch["input_ids"].shape[1]
        room = (getattr(self.model.config, "max_position_embeddings", None) or start + 2**20) - start
        with torch.inference_mode():
            made = self.model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                do_sample=False,
                max_new_tokens=min(room, max(row.sampling.max_tokens or 0 for row in rows)),
                pad_token_id=tokenizer.pad_token_id,
                logits_processor=LogitsProcessorList([_Draw(rows, start)]),
                stopping_criteria=StoppingCriteriaList([_Ends(rows, start, tokenizer, self.ends)]),
            )
        prompt_tokens = batch["attention_mask"].sum(dim=1).tolist()
        return [self._reply(row, ids[start:], count) for row, ids, count in zip(rows, made, prompt_tokens, strict=True)]

    def _reply(self, row: Row, ids: torch.Tensor, prompt_tokens: int) -> ChatReply:
        kept = ids[: row.end].tolist()
        text = self.tokenizer.decode(kept, skip_special_tokens=True)
        cuts = [position for stop in row.sampling.stop if (position := text.find(stop)) >= 0]
        text = text[: min(cuts)] if cuts else text
        return ChatReply(text, "stop" if row.stopped else "length", Usage(prompt_tokens, len(kept)), self.name)


class _Draw:
    """Turns logits into a draw by adding Gumbel noise: the largest sum is distributed as the softmax is.

    Source:
        Maddison, Tarlow & Minka (2014), "A* Sampling", arXiv:1411.0030, section 2 (the Gumbel-max trick).
        Nucleus: Holtzman et al. (2020), arXiv:1904.09751, section 3.1.
    """

    def __init__(self, rows: Sequence[Row], start: int) -> None:
        self._rows = rows
        self._start = start

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        drawn = [
            _drawn(logits, row, ids[self._start :])
            for logits, row, ids in zip(scores.float(), self._rows, input_ids, strict=True)
        ]
        import torch

        return torch.stack(drawn)


def _drawn(logits: torch.Tensor, row: Row, made: torch.Tensor) -> torch.Tensor:
    import torch

    sampling = row.sampling
    if sampling.presence_penalty or sampling.frequency_penalty:
        counts = torch.bincount(made, minlength=logits.shape[0])[: logits.shape[0]]
        logits = logits - (sampling.frequency_penalty or 0) * counts - (sampling.presence_penalty or 0) * (counts > 0)
    if not sampling.temperature:
        return logits
    logits = logits / sampling.temperature
    if sampling.top_p is not None and sampling.top_p < 1:
        ordered, order = logits.sort(descending=True)
        before = ordered.softmax(0).cumsum(0) - ordered.softmax(0)
        logits = logits.scatter(0, order, ordered.masked_fill(before >= sampling.top_p, float("-inf")))
    noise = torch.rand(logits.shape, generator=row.draws).clamp_min(1e-20).log().neg().log().neg()
    return logits + noise.to(logits.device)


class _Ends:
    """Notes when each row is done: by its end token, a stop string, or its length."""

    def __init__(self, rows: Sequence[Row], start: int, tokenizer: Any, ends: frozenset[int]) -> None:
        self._rows = rows
        self._start = start
        self._tokenizer = tokenizer
        self._ends = ends

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        import torch

        for row, ids in zip(self._rows, input_ids, strict=True):
            if row.end is None:
                self._look(row, ids[self._start :].tolist())
        return torch.tensor([row.end is not None for row in self._rows], device=input_ids.device)

    def _look(self, row: Row, made: list[int]) -> None:
        row.stopped = bool(made) and (made[-1] in self._ends or self._says_stop(row, made))
        if row.stopped or len(made) >= (row.sampling.max_tokens or 0):
            row.end = len(made)

    def _says_stop(self, row: Row, made: list[int]) -> bool:
        if not row.sampling.stop:
            return False
        longest = max(len(stop.encode()) for stop in row.sampling.stop)
        tail = self._tokenizer.decode(made[-longest - _STOP_TOKENS :], skip_special_tokens=True)
        return any(stop in tail for stop in row.sampling.stop)
