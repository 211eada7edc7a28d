"""Log probabilities beside the tokens of an answer: plausible, falling, and the same for the same seed."""

from __future__ import annotations

import random
from typing import Any

from gatelog.simulator.words import COMMON, Unit

TOP_MAX = 20  # the API's own limit of `top_logprobs`


def chat_logprobs(rng: random.Random, unit: Unit, top: int) -> list[dict[str, Any]]:
    """One element per token of the unit, as in choices[].logprobs.content."""
    return [_element(rng, token, min(top, TOP_MAX)) for token in unit.tokens]


def _element(rng: random.Random, token: bytes, top: int) -> dict[str, Any]:
    chosen = _ranked(token, -rng.random())
    others = [_ranked(b" " + word.encode(), chosen["logprob"] - 1 - rank) for rank, word in _others(rng, top)]
    return {**chosen, "top_logprobs": [dict(chosen), *others] if top else []}


def _others(rng: random.Random, top: int) -> list[tuple[int, str]]:
    return list(enumerate(rng.sample(COMMON, max(top - 1, 0))))


def _ranked(token: bytes, logprob: float) -> dict[str, Any]:
    return {"token": token_text(token), "bytes": list(token), "logprob": round(logprob, 6)}


def token_text(token: bytes) -> str:
    """A token as the service writes it: half characters as escapes."""
    return token.decode("utf-8", "backslashreplace")


def legacy_logprobs(rng: random.Random, spoken: tuple[Unit, ...], top: int, offset: int) -> dict[str, Any]:
    """The four parallel lists of legacy completions; `offset` is the place of the first character."""
    tokens, values, ranked, offsets = [], [], [], []
    for unit in spoken:
        for token in unit.tokens:
            element = _element(rng, token, top)
            tokens.append(element["token"])
            values.append(element["logprob"])
            ranked.append({other["token"]: other["logprob"] for other in element["top_logprobs"]})
            offsets.append(offset)
        offset += len(unit.text)
    return {"tokens": tokens, "token_logprobs": values, "top_logprobs": ranked, "text_offset": offsets}
