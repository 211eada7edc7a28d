"""The words of a body, as the text indexes hold them and as searches ask for them.

    Größe，客户!     body
    größe，客户!     lower case
    größe 客户!      what is no letter or digit becomes a space, beyond ASCII and below it
    größe-客户-      and a hyphen in ASCII
    grXC3XB6XC3X9Fe-XE5XAEXA2XE6X88XB7-      bytes beyond ASCII become X and their number
    ──────────────   ──────────────────       words: what is between the hyphens

A word is then what KQL calls a term, a maximal run of letters and digits of any script, and it is ASCII:
the engine looks a piece of a word up in its dictionary (LIKE) only if it is. `kql.indexed_search` spells the
words of a query the same way. The expression is in the index and, through a hidden column of the views, in
the query; the engine recognises the one in the other.

An answer full of vectors would put more into the index than into the table, and nobody searches it: the
answers of embedding calls have the one word OMITTED instead, which no text in lower case can hold. Whoever
asks the index about answers asks for that word too, and then looks at the text.
"""

from __future__ import annotations

from string import punctuation

from gatelog.kql import OMITTED

_BORDERS = " " + "".join(sorted(set(punctuation) - set("-_.~")))
"""ASCII that encodeURLComponent would spell as a number; what it leaves as it is separates words already."""


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _words(body: str) -> str:
    letters = rf"replaceRegexpAll(lowerUTF8({body}), '[^\\x20-\\x7E\\pL\\pN]', ' ')"
    separated = f"translate({letters}, {_literal(_BORDERS)}, '{'-' * len(_BORDERS)}')"
    return f"replaceAll(encodeURLComponent({separated}), '%', 'X')"


REQUEST_WORDS = _words("request_body")
RESPONSE_WORDS = f"if(operation_kind = 'embeddings', '{OMITTED}', {_words('response_body')})"
