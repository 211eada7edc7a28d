"""Which fault, if any, befalls a request: drawn from the seed, in the order of arrival."""

from __future__ import annotations

from gatelog.simulator.script import Fault, Script
from gatelog.simulator.words import generator


class Faults:
    """Counts how often each fault fitted, and draws."""

    def __init__(self, name: str, seed: int) -> None:
        self._random = generator(name, seed, "faults")
        self._fitted: dict[Fault, int] = {}

    def draw(self, script: Script, operation: str, deployment: str) -> Fault | None:
        """The first fault of the script that fits and strikes."""
        struck = (fault for fault in script.faults if self._strikes(fault, operation, deployment))
        return next(struck, None)

    def _strikes(self, fault: Fault, operation: str, deployment: str) -> bool:
        if not fault.fits(operation, deployment):
            return False
        before = self._fitted.get(fault, 0)
        self._fitted[fault] = before + 1
        ordinal = before - fault.skip
        due = ordinal >= 0 and (fault.first is None or ordinal < fault.first)
        return due and (fault.probability >= 1 or self._random.random() < fault.probability)
