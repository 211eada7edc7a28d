"""The words of a body, as the text indexes hold them and as searches ask for them.

    Größe，客户!     body
    größe，客户!     lower case
    größe 客户!      what is no letter or digit becomes a space, beyond ASCII and below it
    größe-客户-      and a hyphen in ASCII
    grXC3XB6XC3X9Fe-XE5XAEXA2XE6X88XB7-      bytes beyond ASCII become X and their number
    ──────────────   ──────────────────       words: what is between the hyphens

A word is then what KQL calls a term, a maximal run of letters and digits of any script, and it is ASCII:
the engine looks a piece of a word up in its dictionary (LIKE) only if it is. `kql.search.indexed_search`
spells the words of a query the same way. The expression is in the index and, through a hidden column of the
views, in the query; the engine recognises the one in the other.

An answer full of vectors would put more into the index than into the table: the answers of embedding calls
have the one word OMITTED instead, which no text in lower case can hold. A second index has the words of those
answers without what vectors are made of:

    [0.0123,-0.55,4e-05, …]      a long list of numbers is the word NUMBERS
    w7pSvDnA1mo8jUy2Zk…          a long run of ASCII letters and digits is left out

So a search for a short word that is no number need not look at vectors, and finds the few that have it.

Of requests one index has the words of the messages, another those of the rest of the body (messages.py), so
that what is asked of the one is not answered by the other.

Two words next to each other are in few of the texts that have both. A last index is a filter for each
granule of rows: which seams, of the end of a word and the beginning of the next, do its requests have, body
and messages? Of the character behind that beginning it has the kind: its first byte modulo 8.

    Größe，客户! Größe      röße 客户0 · 客户 grö3
"""

from __future__ import annotations

from string import punctuation

from gatelog.kql import NUMBERS, OMITTED, SEAM_AFTER, SEAM_BEFORE, SEAM_KINDS, SHORT_WORD_MOST
from gatelog.store.messages import MESSAGES_BESIDE_BODY, REQUEST_MESSAGES, REQUEST_REST

_BORDERS = " " + "".join(sorted(set(punctuation) - set("-_.~")))
"""ASCII that encodeURLComponent would spell as a number; what it leaves as it is separates words already."""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_NUMBER_LIST = r"\\[[-+.,e0-9\\s]{40,}\\]"
_LONG_WORD = rf"\\b[0-9a-z]{{{SHORT_WORD_MOST + 1},}}\\b"
"""In lower case, so that the number of a byte beyond ASCII is no part of it."""


def _spaced(lowered: str) -> str:
    return rf"replaceRegexpAll({lowered}, '[^\\x20-\\x7E\\pL\\pN]', ' ')"


def _words(lowered: str) -> str:
    separated = f"translate({_spaced(lowered)}, {_literal(_BORDERS)}, '{'-' * len(_BORDERS)}')"
    return f"replaceAll(encodeURLComponent({separated}), '%', 'X')"


def _short_words(lowered: str) -> str:
    without_numbers = f"replaceRegexpAll({lowered}, '{_NUMBER_LIST}', '-{NUMBERS}-')"
    return f"replaceRegexpAll({_words(without_numbers)}, '{_LONG_WORD}', '')"


def _seams(texts: str, *columns: str) -> str:
    """SQL: the seams of words in an array of texts, made of columns. In lambdas, as the engine compares the
    constants of hints only there with those of an index.
    """
    tokens = f"tokens({_spaced('lowerUTF8(text)')})"
    kind = f"toString(ascii(substringUTF8(next, {SEAM_AFTER + 1}, 1)) % {SEAM_KINDS})"
    seam = f"concat(rightUTF8(word, {SEAM_BEFORE}), ' ', leftUTF8(next, {SEAM_AFTER}), {kind})"
    of_text = f"arrayMap((word, next) -> {seam}, arrayPopBack({tokens}), arrayPopFront({tokens}))"
    of_texts = f"arrayMap(text -> {of_text}, {texts})"
    row = ", ".join(f"[{column}]" for column in columns)
    return f"arrayFlatten(arrayMap(({', '.join(columns)}) -> {of_texts}, {row}))"


_IS_OMITTED = "operation_kind = 'embeddings'"

MESSAGE_WORDS = _words(f"lowerUTF8({REQUEST_MESSAGES})")
REST_WORDS = _words(f"lowerUTF8({REQUEST_REST})")
REQUEST_SEAMS = _seams(f"[request_body, {MESSAGES_BESIDE_BODY}]", "request_body", "request_messages_at")
RESPONSE_WORDS = f"if({_IS_OMITTED}, '{OMITTED}', {_words('lowerUTF8(response_body)')})"
RESPONSE_SHORT_WORDS = f"if({_IS_OMITTED}, {_short_words('lowerUTF8(response_body)')}, '')"
