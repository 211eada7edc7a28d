"""Names of columns and tables that the compiler makes for itself, where KQL itself looks them up.

They have half of a surrogate pair in them: no text of a query can write one, and the engine's texts are
UTF-8, which has none. So no name of an author's, and none that comes out of data, is ever the same.
"""

from __future__ import annotations

from typing import Final

OWN: Final = "\udc00"
"""What tells such a name."""


def own_name(*parts: str) -> str:
    """The compiler's own name made of some parts."""
    return OWN + f".{OWN}".join(parts)


def is_own(name: str) -> bool:
    """Whether the compiler made a name: it is not shown."""
    return OWN in name


def readable(text: str) -> str:
    """A name, or a text with names, as the SQL and messages have it: `s.n` for what a step remembers."""
    return text.replace(OWN, "")
