"""How many tokens the provider would bill for a request and for its answer.

A count is exact where the provider's own figure is a function of the text that we hold: plain messages of a
model whose tokenizer is known. Whatever the provider adds in ways it does not publish (tool schemas, image
tiles, hidden reasoning) is approximated and reported as not exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gatelog.model import OperationKind
from gatelog.provider.encodings import count_text, encoding, encoding_name, is_reasoning

MESSAGE_TOKENS = 3  # OpenAI cookbook, "How to count tokens with tiktoken": role and message marks
NAME_TOKENS = 1
REPLY_TOKENS = 3  # every answer is primed with <|start|>assistant<|message|>
TOOLS_TOKENS = 12  # the same source: about 7 to 10 to open a function, 12 to close the list
TOOL_TOKENS = 7
LOW_DETAIL_IMAGE_TOKENS = 85  # Azure, "Vision-enabled chat models": fixed price of a low-detail image
IMAGE_TOKENS = 765  # a 1024 x 1024 image in high detail: 4 tiles of 170 and 85


def count_chat_prompt(model: str, request: dict[str, Any]) -> tuple[int, bool]:
    """Prompt tokens of a chat completion request; not exact with tools, images, audio or files."""
    tally = _Tally(model)
    messages = request.get("messages")
    for message in messages if isinstance(messages, list) else ():
        tally.add(MESSAGE_TOKENS)
        if isinstance(message, dict):
            _count_message(tally, message)
    tally.add(REPLY_TOKENS)
    for member in ("tools", "functions", "response_format"):
        if request.get(member):
            _count_schemas(tally, request[member])
    return tally.result()


def _count_message(tally: _Tally, message: dict[str, Any]) -> None:
    for key, value in message.items():
        if key == "content" and isinstance(value, list):
            for part in value:
                _count_part(tally, part)
        elif isinstance(value, str):
            tally.text(value)
        elif value is not None:  # tool_calls, function_call, audio
            tally.approximate(value)
        if key == "name":
            tally.add(NAME_TOKENS)


def _count_part(tally: _Tally, part: Any) -> None:
    """One element of a content list: text exactly, images by detail, others by their JSON without data."""
    if not isinstance(part, dict):
        tally.approximate(part)
    elif isinstance(part.get("text"), str):
        tally.text(part["text"])
    elif part.get("type") in ("image_url", "input_image"):
        image = part.get("image_url")
        detail = image.get("detail") if isinstance(image, dict) else part.get("detail")
        tally.add(LOW_DETAIL_IMAGE_TOKENS if detail == "low" else IMAGE_TOKENS, exact=False)
    else:
        tally.approximate({key: value for key, value in part.items() if not isinstance(value, dict)})


def _count_schemas(tally: _Tally, schemas: Any) -> None:
    """Tool and answer schemas: the provider renders them to a text not published; their JSON is close."""
    tally.approximate(schemas)
    if isinstance(schemas, list):
        tally.add(TOOLS_TOKENS + TOOL_TOKENS * len(schemas), exact=False)


def count_prompt(kind: OperationKind, model: str, request: dict[str, Any]) -> tuple[int, bool]:
    """Prompt tokens of a request body as the provider would bill them, and whether that is exact."""
    if kind is OperationKind.CHAT:
        return count_chat_prompt(model, request)
    tally = _Tally(model)
    if kind is OperationKind.COMPLETIONS:
        prompt = request.get("prompt")
        _count_texts(tally, "<|endoftext|>" if prompt is None else prompt)
        if request.get("suffix"):
            tally.approximate(request["suffix"])
    elif kind is OperationKind.EMBEDDINGS:
        _count_texts(tally, request.get("input"))
    else:
        _count_texts(tally, request.get("instructions"))
        _count_input(tally, request.get("input", request.get("prompt")))
        if request.get("tools"):
            _count_schemas(tally, request["tools"])
        tally.exact = False
    return tally.result()


def _count_input(tally: _Tally, items: Any) -> None:
    """What the Responses API is asked: a text, or items of which most are messages."""
    if not isinstance(items, list):
        _count_texts(tally, items)
        return
    for item in items:
        if isinstance(item, dict) and "content" in item:
            tally.add(MESSAGE_TOKENS)
            _count_message(tally, {key: value for key, value in item.items() if key != "type"})
        else:
            _count_texts(tally, item)


def _count_texts(tally: _Tally, texts: Any) -> None:
    """A text, a list of texts, a list of token ids, or a list of such lists."""
    if isinstance(texts, str):
        tally.text(texts)
    elif isinstance(texts, int):
        tally.add(1)
    elif isinstance(texts, list):
        for item in texts:
            _count_texts(tally, item)
    elif texts is not None:
        tally.approximate(texts)


def count_completion(kind: OperationKind, model: str, response: dict[str, Any]) -> tuple[int, bool]:
    """Completion tokens of a response body in the non-streamed shape, summed over its choices.

    Not exact for tool calls (their frame is not published) and for reasoning models (most tokens are hidden).
    """
    tally = _Tally(model)
    if kind in (OperationKind.CHAT, OperationKind.COMPLETIONS):
        for choice in _dicts(response.get("choices")):
            _count_choice(tally, choice)
        tally.exact = tally.exact and not is_reasoning(model)
    elif kind is OperationKind.OTHER:
        for item in _dicts(response.get("output")):
            _count_output(tally, item)
        tally.exact = False
    return tally.result()


def _count_choice(tally: _Tally, choice: dict[str, Any]) -> None:
    message = choice.get("message")
    spoken = message if isinstance(message, dict) else {}
    for text in (
        choice.get("text"),
        spoken.get("content"),
        spoken.get("refusal"),
        spoken.get("reasoning_content"),
    ):
        if isinstance(text, str):
            tally.text(text)
    calls = [call.get("function") for call in _dicts(spoken.get("tool_calls"))]
    for function in _dicts([*calls, spoken.get("function_call")]):
        _count_texts(tally, [function.get("name"), function.get("arguments")])
        tally.exact = False


def _count_output(tally: _Tally, item: dict[str, Any]) -> None:
    """One output item of the Responses API."""
    for part in _dicts(item.get("content")):
        _count_texts(tally, [part.get("text"), part.get("refusal")])
    _count_texts(tally, [item.get("name"), item.get("arguments")])


def _dicts(values: Any) -> Iterable[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


class _Tally:
    """A sum of tokens that remembers whether every summand was exact."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._tokens = 0
        self.exact = encoding_name(model)[1]

    def add(self, tokens: int, *, exact: bool = True) -> None:
        self._tokens += tokens
        self.exact = self.exact and exact

    def text(self, text: str) -> None:
        tokens, exact = count_text(self._model, text)
        self.add(tokens, exact=exact)

    def approximate(self, value: Any) -> None:
        """Count a value by its compact JSON."""
        tokens, _ = count_text(self._model, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        self.add(tokens, exact=False)

    def result(self) -> tuple[int, bool]:
        return self._tokens, self.exact


class Tokenizers:
    """Encodings and counts as one value: the counter that `seal` takes."""

    encoding = staticmethod(encoding)
    encoding_name = staticmethod(encoding_name)
    is_reasoning = staticmethod(is_reasoning)
    count_text = staticmethod(count_text)
    count_prompt = staticmethod(count_prompt)
    count_completion = staticmethod(count_completion)
