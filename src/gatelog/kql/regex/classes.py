r"""What a pattern says of one character, for RE2: `\w`, `\p{Letter}`, `[a-z&&[^aeiou]]`.

RE2's classes are ASCII's, and it has no class in a class; sets of sets are computed here and written as
ranges (https://learn.microsoft.com/kusto/query/regex, "Character classes").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.regex import code_points
from gatelog.kql.regex.code_points import Points
from gatelog.kql.regex.scripts import SCRIPTS, script_named
from gatelog.kql.text.diagnostics import did_you_mean


class Item(NamedTuple):
    """Characters: what RE2 has for them inside the brackets of a class, and which they are."""

    text: str
    points: Callable[[], Points]


def of_points(points: Points) -> Item:
    """Characters that are known."""
    return Item(code_points.written(points), lambda: points)


def negated(item: Item) -> Item:
    """All other characters."""
    return of_points(code_points.complement(item.points()))


def united(items: Sequence[Item]) -> Item:
    """What is in one of them."""
    return Item(
        "".join(item.text for item in items), lambda: code_points.union(item.points() for item in items)
    )


def bracketed(item: Item, *, inverted: bool = False) -> str:
    """The class of some characters, or of all others; of none, a class that nothing is in."""
    if not item.text:
        return r"[\x{0}-\x{10ffff}]" if inverted else r"[^\x{0}-\x{10ffff}]"
    return f"[{'^' if inverted else ''}{item.text}]"


_DIGITS = Item(r"\p{Nd}", lambda: code_points.of_category("Nd"))
_NO_DIGITS = Item(r"\P{Nd}", lambda: code_points.complement(code_points.of_category("Nd")))
_SPACES = Item(r"\s\v\x{85}\pZ", lambda: code_points.SPACE)
_ASCII_SPACE: Points = ((0x9, 0xD), (0x20, 0x20))
_ASCII_DIGIT: Points = ((0x30, 0x39),)
_ASCII_WORD: Points = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_ASCII: Points = ((0, 0x7F),)


@cache
def perl_class(letter: str, *, unicode: bool) -> Item:
    r"""The characters of `\d`, `\s`, `\w` and their opposites, of Unicode or of ASCII."""
    if letter in "dD" and unicode:
        return _DIGITS if letter == "d" else _NO_DIGITS
    if letter == "s" and unicode:
        return _SPACES
    of_unicode = {"s": code_points.SPACE, "w": code_points.WORD}
    of_ascii = {"d": _ASCII_DIGIT, "s": _ASCII_SPACE, "w": _ASCII_WORD}
    found = of_points((of_unicode if unicode else of_ascii)[letter.lower()])
    return found if letter.islower() else negated(found)


_BY_BLOCKS: Mapping[str, str] = {
    code_points.written(code_points.WORD): code_points.written(code_points.WORD_BLOCKS),
    code_points.written(code_points.complement(code_points.WORD)): code_points.written(
        code_points.complement(code_points.WORD_BLOCKS)
    ),
}


def by_blocks(text: str) -> str:
    r"""A class with the characters of words, or all others, in few ranges."""
    for exact, blocks in _BY_BLOCKS.items():
        text = text.replace(exact, blocks)
    return text


_POSIX: Mapping[str, str] = {
    "alnum": "[0-9A-Za-z]",
    "alpha": "[A-Za-z]",
    "ascii": r"[\x00-\x7f]",
    "blank": r"[\t ]",
    "cntrl": r"[\x00-\x1f\x7f]",
    "digit": "[0-9]",
    "graph": "[!-~]",
    "lower": "[a-z]",
    "print": "[ -~]",
    "punct": r"[!-/:-@\[-`{-~]",
    "space": r"[\t\n\v\f\r ]",
    "upper": "[A-Z]",
    "word": "[0-9A-Za-z_]",
    "xdigit": "[0-9A-Fa-f]",
}


@cache
def posix_class(name: str) -> Item | None:
    """The characters of `[:name:]`, `[:^name:]` all others; None when there is no such class."""
    shape = _POSIX.get(name.removeprefix("^"))
    if shape is None:
        return None
    inside = re.compile(shape)
    found = of_points(code_points.union(((n, n),) for n in range(128) if inside.match(chr(n))))
    return negated(found) if name.startswith("^") else found


_CATEGORIES: Mapping[str, str] = {
    "letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc",
    "enclosingmark": "Me", "number": "N", "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No",
    "punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps",
    "closepunctuation": "Pe", "initialpunctuation": "Pi", "finalpunctuation": "Pf", "otherpunctuation": "Po",
    "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So",
    "separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp",
    "other": "C", "control": "Cc", "format": "Cf", "privateuse": "Co",
}  # fmt: skip  # a table
"""The long names of general categories, as they are compared: small, without blanks and lines."""
_SHORT_CATEGORIES: Mapping[str, str] = {short.lower(): short for short in _CATEGORIES.values()}

_CIRCLED: Points = ((0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189))


def _with(category: str, others: Points) -> Item:
    """A category with some characters beside it."""
    return Item(
        f"\\p{{{category}}}{code_points.written(others)}",
        lambda: code_points.union([code_points.of_category(category), others]),
    )


_PROPERTIES: Mapping[str, Item] = {
    "any": of_points(code_points.EVERYTHING),
    "ascii": of_points(_ASCII),
    "alphabetic": united([_with("L", _CIRCLED), _with("Nl", ())]),
    "alpha": united([_with("L", _CIRCLED), _with("Nl", ())]),
    "uppercase": _with("Lu", ((0x2160, 0x216F), (0x24B6, 0x24CF), *_CIRCLED[1:])),
    "upper": _with("Lu", ((0x2160, 0x216F), (0x24B6, 0x24CF), *_CIRCLED[1:])),
    "lowercase": _with("Ll", ((0xAA, 0xAA), (0xBA, 0xBA), (0x2170, 0x217F), (0x24D0, 0x24E9))),
    "lower": _with("Ll", ((0xAA, 0xAA), (0xBA, 0xBA), (0x2170, 0x217F), (0x24D0, 0x24E9))),
    "whitespace": _SPACES,
    "space": _SPACES,
}


_KNOWN_NAMES = (*_PROPERTIES, *_CATEGORIES, *SCRIPTS)


def unicode_class(name: str, *, inverted: bool) -> Item:
    r"""The characters of `\p{name}`: a category, a script or another property; `inverted` for `\P{name}`."""
    found = _unicode_class(name)
    if not inverted:
        return found
    opposite = re.fullmatch(r"\\p(\{\w+\})", found.text)
    if opposite is None:
        return negated(found)
    return Item(f"\\P{opposite[1]}", lambda: code_points.complement(found.points()))


def _unicode_class(name: str) -> Item:
    kind, _, value = re.sub(r"[ _-]", "", name.lower()).replace(":", "=").rpartition("=")
    if not kind and value in _PROPERTIES:
        return _PROPERTIES[value]
    category = _CATEGORIES.get(value) or _SHORT_CATEGORIES.get(value)
    if category is not None and kind in ("", "gc", "generalcategory"):
        return _with(category, ())
    script = script_named(value) if kind in ("", "sc", "script") else None
    if script is None:
        raise Misfit(
            f"a class of characters '{name}' is not known",
            did_you_mean(name, _KNOWN_NAMES) or r"for example \p{Lu} or \p{Greek}",
        )
    return Item(f"\\p{{{script}}}", lambda: _no_points_of(name))


def _no_points_of(name: str) -> Points:
    raise Unsupported(f"the script '{name}' cannot be a part of a set of characters", "name it alone")
