r"""Texts as patterns, for reduce: the terms that many texts have stay, all others become a wildcard.

    Retry after 17 s, please        a text, its pieces: terms and what separates them, in turn
    ▔▔▔▔▔ ▔▔▔▔▔ ▔▔ ▔  ▔▔▔▔▔▔
      3     1   0  9    4           the place of each among all frequent terms, the most frequent first
    1 3 4 9                         those of the text in order
    1 3 4                           as many of them as a good part of the texts have together
    Retry after *, please           the pattern: the terms of these places

Terms that are numbers are never frequent. What separates a term from a wildcard stays, but for separators
that are letters or digits.

Source: R. Vaarandi, A Data Clustering Algorithm for Mining Patterns From Event Logs (2003), on which Kusto
says that reduce is based, and R. Vaarandi and M. Pihelgas, LogCluster (2015), where terms count wherever
they stand. The beginnings of a ranked list, as in an FP-tree, are ours: a text whose terms are each frequent,
but not all of them together, gets a shorter pattern instead of none.
"""

from __future__ import annotations

from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql

MOST_TERMS = 64
"""Terms of a text that are looked at, the first ones: what comes behind is a wildcard."""

LONGEST_TEXT = 2_048
"""Bytes of a text that are looked at, the first ones: all terms of many texts are in memory at once."""

MOST_FREQUENT = 10_000
"""Frequent terms, or combinations of them, the most frequent ones: the engine looks each term up in them."""

_WILD = "\0"
"""Stands for a wildcard until the pattern is done: a text may well have a `*` of its own."""


class Alphabet(NamedTuple):
    """What makes a term and what separates terms, as regular expressions for one character each; `silent` are
    the separators that do not stay beside a wildcard, as the inside of a character class."""

    term: str
    separator: str
    silent: str = ""


WORDS = Alphabet(r"[\pL\pM\pN]", r"[^\pL\pM\pN]")
"""Letters and digits of any script make terms."""


def separated_by(characters: str) -> Alphabet:
    """Everything but `characters`, of which there is at least one, makes terms."""
    every = _class_of(characters)
    silent = _class_of("".join(filter(str.isalnum, characters)))
    return Alphabet(f"[^{every}]", f"[{every}]", silent)


def _class_of(characters: str) -> str:
    return "".join(rf"\x{{{ord(one):x}}}" for one in characters)


def _pieces_of(text: Sql, alphabet: Alphabet) -> Sql:
    """Terms and what separates them, in turn."""
    piece = f"{alphabet.term}+|{alphabet.separator}+"
    return formula(
        "arraySlice(extractAll(substring(text, 1, longest), piece), 1, most)",
        text=text, longest=LONGEST_TEXT, piece=piece, most=2 * MOST_TERMS + 1,
    )  # fmt: skip  # the formula's names


def terms_of(text: Sql, alphabet: Alphabet) -> Sql:
    """The terms among the pieces that are looked at."""
    return formula(
        "arraySlice(extractAll(substring(text, 1, longest), term), 1, most)",
        text=text,
        longest=LONGEST_TEXT,
        term=f"{alphabet.term}+",
        most=MOST_TERMS,
    )


def is_number(term: Sql) -> Sql:
    """Whether a term says how many, or which one."""
    return sql.call("match", term, r"^\pN+$")


def frequent(items: Sql, counts: Sql, share: Sql) -> Sql:
    """Those of the items that are in that share of all texts, in two at least, and their places from 1: a
    tuple of two arrays. What comes in is ordered by its count; the first is in all texts.

    There is always one more, which is empty: the engine looks nothing up in empty arrays.
    """
    return formula(
        """
        arrayMap(
            size -> (arrayResize(arrayResize(items, size), size + 1), range(1, size + 2)),
            [arrayCount(count -> count > 1 AND count / counts[1] >= share, counts)]
        )[1]
        """,
        items=items, counts=counts, share=share,
    )  # fmt: skip  # the formula's names


def places_of(items: Sql, known: Sql) -> Sql:
    """The place of each item among those that `frequent` found, 0 where it has none."""
    return formula(
        "arrayMap(item -> transform(item, tupleElement(known, 1), tupleElement(known, 2), 0), items)",
        items=items, known=known,
    )  # fmt: skip  # the formula's names


def ranked(places: Sql) -> Sql:
    """The places of frequent terms, each once, the most frequent first."""
    return formula("arraySort(arrayDistinct(arrayFilter(place -> place > 0, places)))", places=places)


def beginnings(ranks: Sql) -> Sql:
    """A number for each beginning of a list of places, the shortest first: a hash, since a million lists may
    have 64 beginnings each."""
    return formula("arrayCumSum(arrayMap(place -> cityHash64(place), ranks))", ranks=ranks)


def pattern_of(text: Sql, terms: Sql, shared: Sql, alphabet: Alphabet) -> Sql:
    """The pattern of a text, empty if it has none. `terms` and `shared`: all frequent terms and beginnings.

    What is used several times has a name within the expression: that of a column would stand at each use.
    """

    def of_pieces(pieces: Sql) -> Sql:
        places = places_of(pieces, terms)
        return sql.computed_once(places, "places", lambda value: of_places(pieces, value))

    def of_places(pieces: Sql, places: Sql) -> Sql:
        last = sql.computed_once(ranked(places), "ranks", lambda ranks: _last_kept(ranks, shared))
        return sql.computed_once(last, "last", lambda value: shown(pieces, places, value))

    def shown(pieces: Sql, places: Sql, last: Sql) -> Sql:
        rest = sql.if_(sql.greater(sql.call("length", text), LONGEST_TEXT), _WILD, "")
        return _shown(sql.call("concat", _joined(pieces, places, last, alphabet), rest), last, alphabet)

    return sql.computed_once(_pieces_of(text, alphabet), "pieces", of_pieces)


def _last_kept(ranks: Sql, shared: Sql) -> Sql:
    """The place at the end of the longest beginning that is frequent, 0 when none is."""
    return formula(
        "arrayElement(ranks, arrayCount(place -> place > 0, places))",
        ranks=ranks, places=places_of(beginnings(ranks), shared),
    )  # fmt: skip  # the formula's names


def _joined(pieces: Sql, places: Sql, last: Sql, alphabet: Alphabet) -> Sql:
    """The pieces with wildcards for all terms but those of the places up to `last`."""
    return formula(
        """
        arrayStringConcat(arrayMap(
            (piece, place, number) -> multiIf(
                number > most, wild, (number + begins) % 2 = 0 OR (place > 0 AND place <= last), piece, wild),
            pieces, places, arrayEnumerate(pieces)
        ))
        """,
        pieces=pieces, places=places, last=last, most=2 * MOST_TERMS, wild=_WILD,
        begins=sql.call("match", sql.call("arrayElement", pieces, 1), f"^{alphabet.separator}"),
    )  # fmt: skip  # the formula's names


def _shown(joined: Sql, last: Sql, alphabet: Alphabet) -> Sql:
    """Neighbouring wildcards as one, and as it is written; empty when there are no terms."""
    shown = sql.call("replaceRegexpAll", joined, rf"\x00(?:{alphabet.separator}*\x00)+", _WILD)
    if alphabet.silent:
        shown = sql.call("replaceRegexpAll", shown, rf"[{alphabet.silent}]*\x00[{alphabet.silent}]*", _WILD)
    return sql.if_(sql.eq(last, 0), "", sql.call("replaceAll", shown, _WILD, "*"))
