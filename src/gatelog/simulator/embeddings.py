"""Embeddings: unit vectors that depend on the text alone, as floats or as base64 of little-endian float32."""

from __future__ import annotations

import array
import base64
import hashlib
import math
import sys
from typing import Any

from gatelog.simulator.answer import Answer, json_answer
from gatelog.simulator.ask import Ask
from gatelog.simulator.errors import invalid

INPUTS_MAX = 2_048  # the API's own limit
DIMENSIONS_MAX = 3_072
_DIMENSIONS = {"text-embedding-3-large": 3_072}
DIMENSIONS_DEFAULT = 1_536


def embeddings(ask: Ask) -> Answer:
    """The answer to an embeddings request."""
    inputs = _inputs(ask.request.get("input"))
    if not inputs or len(inputs) > INPUTS_MAX:
        return invalid(f"'input' must hold 1 to {INPUTS_MAX} texts or token arrays.", param="input")
    dimensions = ask.whole("dimensions") or _DIMENSIONS.get(ask.model, DIMENSIONS_DEFAULT)
    if dimensions > DIMENSIONS_MAX:
        return invalid(f"'dimensions' must be at most {DIMENSIONS_MAX}.", param="dimensions")
    as_base64 = ask.request.get("encoding_format") == "base64"
    data = []
    for index, text in enumerate(inputs):
        found = vector(ask.seed, ask.model, text, dimensions)
        shown = _base64(found) if as_base64 else found.tolist()
        data.append({"object": "embedding", "index": index, "embedding": shown})
    prompt = ask.prompt_tokens()
    usage = {"prompt_tokens": prompt, "total_tokens": prompt}
    value = {"object": "list", "data": data, "model": ask.model, "usage": usage}
    return json_answer(value, model=ask.model, prompt_tokens=prompt)


def _inputs(value: Any) -> list[Any]:
    if isinstance(value, list) and not (value and isinstance(value[0], int)):
        return value
    return [] if value is None else [value]


def vector(seed: int, model: str, text: Any, dimensions: int) -> array.array[float]:
    """A float32 vector of length 1 that depends on nothing but the arguments."""
    material = repr((seed, model, text)).encode("utf-8", "backslashreplace")
    numbers = array.array("h", hashlib.shake_256(material).digest(2 * dimensions))
    norm = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return array.array("f", [number / norm for number in numbers])


def _base64(values: array.array[float]) -> str:
    if sys.byteorder == "big":
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode()
