"""Texts that a caller or a backend chooses and that the record groups calls by.

model · deployment · region · error code · finish reason · category of a filter · its severity
"""

from __future__ import annotations

from typing import Any

LABEL_LENGTH_MAX = 256
"""Characters. The store keeps each label once in its dictionaries, charts and metrics have a series for each:
names are far shorter, and what is longer is cut. Bodies, headers and the target keep all of it."""


def label_of(value: Any) -> str:
    """The text as a label; "" for what is no text."""
    return value[:LABEL_LENGTH_MAX] if isinstance(value, str) else ""
