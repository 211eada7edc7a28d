"""Text of an exact number of tokens, the same for the same seed, in many scripts: UTF-8 of 1 to 4 bytes."""

from __future__ import annotations

import functools
import hashlib
import random
from typing import NamedTuple

from gatelog.provider import Tokenizers

# No word holds a space: texts are cut at spaces. The rare ones are what parsers trip over.
_COMMON = (
    "the a of and to in that is for it on with as are by this be at from which one can all their has more "
    "when will about if out so up what its only into other new some could time these two may then do "
    "first any my now such like our over even most after also made many before must through back years "
    "where much your way well down should because each just those people how too little state good very "
    "make world still own see work long get here between both life being under never day same another "
    "know while last might us great old year off come since against go came right used take three gateway "
    "record token ledger answer request region budget"
)
_RARE = (
    "naïve Grüße façade señor übermäßig Ærøskøbing žluťoučky zażółć привет мир запись Ελλάδα αβγ שלום مرحبا "
    'हिन्दी ไทย 東京 数据库 記録する 안녕하세요 🎉 🚀 👩‍🚀 🇨🇭 😀😀 ½ € “quoted” "plain" back\\slash '
    "<b>bold</b> x=1; {json} [1,2] 3.14159 end.\n\n tab\there data: [DONE] id:7"
)
COMMON = _COMMON.split(" ")
RARE = _RARE.split(" ")
FILLER = " and"  # one token in every vocabulary, whatever visible character stands before it


class Unit(NamedTuple):
    """The shortest run of tokens that is whole characters."""

    text: str
    tokens: tuple[bytes, ...]


def generator(*seeds: object) -> random.Random:
    """A generator that depends on nothing but `seeds`."""
    digest = hashlib.sha256(repr(seeds).encode("utf-8", "backslashreplace")).digest()
    return random.Random(digest)  # noqa: S311 - repeatable text is the aim, not secrecy


def identifier(rng: random.Random, prefix: str, length: int = 24) -> str:
    """An id in the provider's style, such as chatcmpl-…"""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return prefix + "".join(rng.choices(alphabet, k=length))


def compose(rng: random.Random, model: str, tokens: int) -> str:
    """A text of exactly `tokens` tokens of the model's tokenizer."""
    words: list[str] = []
    length = 0
    while length < tokens:
        word = rng.choice(RARE if rng.random() < 0.15 else COMMON)
        words.append(word)
        length += _word_tokens(Tokenizers.encoding_name(model)[0], word)
    return _fit(words, model, tokens)


def _fit(words: list[str], model: str, tokens: int) -> str:
    """Words dropped from the end, then fillers added, until the count is exact."""
    text = " ".join(words)
    while words and Tokenizers.count_text(model, text)[0] > tokens:
        words.pop()
        text = " ".join(words)
    missing = tokens - Tokenizers.count_text(model, text)[0]
    return (text + FILLER * missing).lstrip(" ")


@functools.lru_cache(maxsize=4096)
def _word_tokens(vocabulary: str, word: str) -> int:
    return len(Tokenizers.encoding(vocabulary).encode_ordinary(" " + word))


def units(model: str, text: str) -> tuple[Unit, ...]:
    """The text as a stream would bring it: token by token, but never half a character."""
    tokenizer = Tokenizers.encoding(Tokenizers.encoding_name(model)[0])
    result: list[Unit] = []
    pending: list[bytes] = []
    for token in tokenizer.decode_tokens_bytes(tokenizer.encode_ordinary(text)):
        pending.append(token)
        try:
            whole = b"".join(pending).decode()
        except UnicodeDecodeError:
            continue
        result.append(Unit(whole, tuple(pending)))
        pending = []
    return tuple(result)


def cut(model: str, text: str, tokens: int) -> str:
    """The longest beginning of the text of at most `tokens` tokens and whole characters."""
    kept = ""
    room = tokens
    for unit in units(model, text):
        room -= len(unit.tokens)
        if room < 0:
            break
        kept += unit.text
    while Tokenizers.count_text(model, kept)[0] > tokens:  # the beginning alone may be cut into other tokens
        kept = kept[:-1]
    return kept
