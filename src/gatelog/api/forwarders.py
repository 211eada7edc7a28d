"""All forwarders of a hub: one a spool directory, found as directories appear."""

from __future__ import annotations

import logging
from pathlib import Path

from gatelog.provider import TokenCounter
from gatelog.sinks import Forwarder, ForwarderStatistics, ForwarderThread, Sink
from gatelog.spool import spools

log = logging.getLogger("gatelog.hub")


class Forwarders:
    """Starts a forwarder for every spool directory below `root`."""

    def __init__(self, root: Path, sink: Sink, counter: TokenCounter) -> None:
        self._root = root
        self._sink = sink
        self._counter = counter
        self._threads: dict[str, ForwarderThread] = {}
        self._trouble = ""

    def discover(self) -> None:
        """Start forwarders for directories that are new; forget those of directories that were removed.

        Where they cannot be looked for, the log says so, once, and those that run go on.
        """
        for name, thread in list(self._threads.items()):
            if thread.forwarder.retired:
                del self._threads[name]
        for directory in self._directories():
            if directory.name not in self._threads:
                thread = ForwarderThread(Forwarder(directory, self._sink, self._counter))
                self._threads[directory.name] = thread
                thread.start()

    def _directories(self) -> list[Path]:
        try:
            found, trouble = spools(self._root), ""
        except OSError as error:
            found, trouble = [], str(error)
        if trouble and trouble != self._trouble:
            log.error("new spools cannot be found: %s; tried again until they can", trouble)
        self._trouble = trouble
        return found

    def statistics(self) -> dict[str, ForwarderStatistics]:
        """By the name of the spool directory."""
        return {name: thread.forwarder.statistics for name, thread in list(self._threads.items())}

    def stop(self, timeout_s: float) -> bool:
        """Let all catch up and end; False if one did not in time. Blocks."""
        threads = list(self._threads.values())
        for thread in threads:
            thread.begin_stop(timeout_s)
        ended = [thread.join(timeout_s) for thread in threads]
        return all(ended)
