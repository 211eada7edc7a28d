"""Legacy completions, whole and streamed: several prompts, n, echo, suffix and log probabilities."""

from __future__ import annotations

from typing import Any

from gatelog.provider import Tokenizers
from gatelog.simulator.answer import DONE, Answer, Piece, data_event, event_stream, json_answer
from gatelog.simulator.ask import CREATED, Ask
from gatelog.simulator.draft import Draft
from gatelog.simulator.filters import completion_results, piece_results, prompt_filter_results
from gatelog.simulator.logprobs import legacy_logprobs
from gatelog.simulator.words import Unit, generator, identifier, units

LENGTH_TOKENS_DEFAULT = 16  # the API's default of `max_tokens`


def completions(ask: Ask) -> Answer:
    """The answer to a legacy completion request."""
    if blocked := ask.blocked():
        return blocked
    rng = ask.rng()
    speaker = ask.speaker(rng, ask.whole("max_tokens") or LENGTH_TOKENS_DEFAULT)
    prompts = _prompts(ask)
    drafts = [speaker.say() for _ in prompts for _ in range(ask.choices)]
    told = _Telling(ask, identifier(rng, "cmpl-", 29), prompts, drafts)
    usage = ask.usage(rng, ask.prompt_tokens(), sum(draft.tokens for draft in drafts), 0)
    return told.stream(usage) if ask.stream else told.whole(usage)


def _prompts(ask: Ask) -> list[str]:
    """The prompts as text: one, several, a list of token ids, or several such lists."""
    prompt = ask.request.get("prompt")
    if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int):
        return [_text(ask.model, each) for each in prompt]
    return [_text(ask.model, prompt)]


def _text(model: str, prompt: Any) -> str:
    if isinstance(prompt, list):
        tokenizer = Tokenizers.encoding(Tokenizers.encoding_name(model)[0])
        return tokenizer.decode([t for t in prompt if isinstance(t, int) and 0 <= t < tokenizer.n_vocab])
    return prompt if isinstance(prompt, str) else ""


class _Telling:
    """One set of drafts, told whole or as a stream."""

    def __init__(self, ask: Ask, completion_id: str, prompts: list[str], drafts: list[Draft]) -> None:
        self._ask = ask
        self._id = completion_id
        self._prompts = prompts
        self._drafts = drafts

    def _common(self) -> dict[str, Any]:
        model = self._ask.model
        return {"created": CREATED, "id": self._id, "model": model, "object": "text_completion"}

    def _spoken(self, index: int) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
        """What is echoed of the prompt, and what is new."""
        echoed: tuple[Unit, ...] = ()
        if self._ask.request.get("echo") is True:
            echoed = units(self._ask.model, self._prompts[index // self._ask.choices])
        draft = self._drafts[index]
        return echoed, draft.content or draft.refusal or ()

    def _logprobs(self, index: int, place: int, spoken: tuple[Unit, ...], offset: int) -> Any:
        top = self._ask.request.get("logprobs")
        if not isinstance(top, int) or isinstance(top, bool):
            return None
        return legacy_logprobs(generator(self._id, index, place), spoken, top, offset)

    def whole(self, usage: dict[str, Any]) -> Answer:
        value = {"choices": [self._choice(i) for i in range(len(self._drafts))], **self._common()}
        value["usage"] = usage
        if self._ask.annotated:
            value["prompt_filter_results"] = prompt_filter_results(len(self._prompts))
        return json_answer(
            value,
            model=self._ask.model,
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
        )

    def _choice(self, index: int) -> dict[str, Any]:
        echoed, said = self._spoken(index)
        spoken = echoed + said
        choice = {
            "finish_reason": self._drafts[index].finish_reason,
            "index": index,
            "logprobs": self._logprobs(index, 0, spoken, 0),
            "text": "".join(unit.text for unit in spoken),
        }
        if self._ask.annotated:
            choice["content_filter_results"] = completion_results()
        return choice

    def stream(self, usage: dict[str, Any]) -> Answer:
        pieces: list[Piece] = []
        tokens = 0
        if self._ask.annotated:
            verdicts = prompt_filter_results(len(self._prompts))
            pieces.append(
                self._event({**self._common(), "choices": [], "prompt_filter_results": verdicts}, 0)
            )
        for index in range(len(self._drafts)):
            for choice, shown in self._steps(index):
                tokens += shown
                pieces.append(self._event({**self._common(), "choices": [choice]}, tokens))
        if self._ask.include_usage:
            pieces.append(Piece(data_event({**self._common(), "choices": [], "usage": usage}), tokens))
        pieces.append(Piece(DONE, tokens))
        return event_stream(
            pieces,
            model=self._ask.model,
            prompt_tokens=usage["prompt_tokens"],
            completion_tokens=usage["completion_tokens"],
        )

    def _event(self, chunk: dict[str, Any], tokens: int) -> Piece:
        return Piece(data_event({**chunk, "usage": None} if self._ask.include_usage else chunk), tokens)

    def _steps(self, index: int) -> list[tuple[dict[str, Any], int]]:
        """One choice per token, then one without text that says why it ended."""
        echoed, said = self._spoken(index)
        steps = []
        offset = 0
        for place, unit in enumerate(echoed + said):
            choice: dict[str, Any] = {"finish_reason": None, "index": index, "text": unit.text}
            choice["logprobs"] = self._logprobs(index, place, (unit,), offset)
            if self._ask.annotated:
                choice["content_filter_results"] = piece_results()
            steps.append((choice, 0 if place < len(echoed) else len(unit.tokens)))
            offset += len(unit.text)
        reason = self._drafts[index].finish_reason
        return [*steps, ({"finish_reason": reason, "index": index, "logprobs": None, "text": ""}, 0)]
