"""Axes: which values get a label, and how it reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_TIME_STEPS: Final = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 3, 6, 12)),
    *(_DAY * count for count in (1, 2, 7, 14, 30, 91, 182, 365, 730, 3650, 36_500)),
)
_UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_NARROWEST: Final = 1e-300
"""Of an axis: near the smallest float its steps would be zero."""


class Tick(NamedTuple):
    """A labelled value of an axis."""

    value: float
    label: str


def number_ticks(low: float, high: float, count: int) -> list[Tick]:
    """About `count` round values from `low` to `high`."""
    step = _round_step((high - low) / max(count, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [Tick(place * step, shown(place * step, step)) for place in range(first, last + 1)]


def time_ticks(low: float, high: float, count: int) -> list[Tick]:
    """About `count` round times, UTC, in seconds since 1970."""
    least = (high - low) / max(count, 1)
    step = next((step for step in _TIME_STEPS if step >= least), _TIME_STEPS[-1])
    first, last = math.ceil(low / step), math.floor(high / step)
    return [Tick(place * step, _time_label(place * step, step)) for place in range(first, last + 1)]


def bounds(
    values: Sequence[float], *, low: float | None, high: float | None, zero: bool
) -> tuple[float, float]:
    """The range of an axis: that of the values, with zero in it where asked for, never empty."""
    least = min(values) if low is None else low
    most = max(values) if high is None else high
    if zero:
        least, most = (min(least, 0.0) if low is None else least), (max(most, 0.0) if high is None else most)
    if most - least >= _NARROWEST:
        return least, most
    return least, least + (abs(least) if abs(least) >= _NARROWEST else 1.0)


def time_bounds(values: Sequence[float]) -> tuple[float, float]:
    """The range of an axis of times, in seconds; of a single moment the minute around it."""
    least, most = min(values), max(values)
    return (least, most) if most > least else (least - _MINUTE / 2, most + _MINUTE / 2)


def shown(value: float, step: float | None = None) -> str:
    """A number as a label: 1.5k, 20M, 0.25; with the digits that steps of `step` need."""
    for size, unit in _UNITS:
        if abs(value) >= size:
            return f"{_trimmed(value / size, None if step is None else step / size)}{unit}"
    return _trimmed(value, step)


def _trimmed(value: float, step: float | None) -> str:
    if value and abs(value) < 1e-4:
        return f"{value:.1e}"
    digits = 2 if step is None or step <= 0 else max(0, math.ceil(-math.log10(step) - 1e-9))
    digits = max(digits, 4) if step is None and 0 < abs(value) < 0.1 else digits
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def _time_label(seconds: float, step: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    if step >= 365 * _DAY:
        return f"{moment:%Y}"
    if step >= _DAY:
        return f"{moment:%m-%d}"
    if step >= _MINUTE:
        return f"{moment:%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%H:%M}"
    return f"{moment:%H:%M:%S}"
