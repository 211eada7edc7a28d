"""What is indexed of the bodies of requests, for the tables that have them as they are."""

from __future__ import annotations

from gatelog.store.messages import STAND_IN_BODY
from gatelog.store.tables.table import IndexedText
from gatelog.store.words import MESSAGE_WORDS, REQUEST_SEAMS, REST_WORDS


def request_words(column: str, *, guard: str = "") -> IndexedText:
    """The words of a column that is the body of the request, or empty where the SQL condition `guard` is
    false: those of its messages and those of the rest.
    """
    return IndexedText(
        column, REST_WORDS, guard=guard, seams=REQUEST_SEAMS, part=MESSAGE_WORDS, parted=STAND_IN_BODY
    )
