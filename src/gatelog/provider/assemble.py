"""A streamed answer becomes one JSON object, whatever the borders of its pieces were.

bytes ── SseParser ── events ─┬─ chat chunks            → chat.completion     (chat_stream)
                              ├─ completions chunks     → text_completion     (completions_stream)
                              ├─ event: response.…      → response            (responses_stream)
                              └─ anything else          → {"events": […]}     (here)
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from gatelog.model import OperationKind
from gatelog.provider.chat_stream import ChatStream
from gatelog.provider.completions_stream import CompletionsStream
from gatelog.provider.json_text import read_object
from gatelog.provider.responses_stream import ResponsesStream
from gatelog.provider.sse import Event, SseParser

_DONE = "[DONE]"
# Last events of streams that send no [DONE]: transcription, speech and images.
_LAST_EVENTS = frozenset(
    ["transcript.text.done", "speech.audio.done", "image_generation.completed", "image_edit.completed"]
)


class Assembled(NamedTuple):
    """A stream put together.

    `complete`: the event that ends such a stream was there. `events` counts all events, `unreadable` those
    whose data is no JSON object. `error` is the error that a backend sent inside the stream (also in `body`).
    """

    body: dict[str, Any]
    complete: bool
    events: int
    error: dict[str, Any] | None
    unreadable: int = 0


class _Collector(Protocol):
    def add(self, event: str, chunk: dict[str, Any], /) -> None: ...

    def body(self) -> dict[str, Any]: ...


class _EventList:
    """A stream of no known shape: its events, in order."""

    def __init__(self) -> None:
        self.last = ""
        self._events: list[dict[str, Any]] = []

    def add(self, event: str, data: dict[str, Any]) -> None:
        self.last = event or str(data.get("type", ""))
        self._events.append({"event": event, "data": data} if event else {"data": data})

    def add_text(self, event: Event) -> None:
        self._events.append(
            {"event": event.event, "data": event.data} if event.event else {"data": event.data}
        )

    def body(self) -> dict[str, Any]:
        return {"events": self._events}


def _collector(kind: OperationKind, first: dict[str, Any], event: str) -> _Collector:
    """By the operation; where that says nothing, by the first chunk itself."""
    shape = first.get("object")
    if kind is OperationKind.CHAT or shape == "chat.completion.chunk":
        return ChatStream()
    if kind is OperationKind.COMPLETIONS or shape == "text_completion":
        return CompletionsStream()
    if str(first.get("type") or event).startswith("response."):
        return ResponsesStream()
    return _EventList()


def _error_in(event: str, data: dict[str, Any]) -> dict[str, Any] | None:
    """`{"error": {…}}` in the data of any API, or `event: error` with the error itself."""
    error = data.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str) and error:
        return {"message": error}
    return data if event == "error" or data.get("type") == "error" else None


def _all_events(stream: bytes) -> list[Event]:
    parser = SseParser()
    return parser.feed(stream) + parser.close()


class _Assembly:
    """The run over one stream's events."""

    def __init__(self, kind: OperationKind) -> None:
        self._kind = kind
        self._collector: _Collector | None = None
        self.done = False
        self.error: dict[str, Any] | None = None
        self.unreadable = 0

    def add(self, event: Event) -> None:
        if event.data == _DONE:
            self.done = True
            return
        data = read_object(event.data)
        if data is None:
            self._add_unreadable(event)
        elif (error := _error_in(event.event, data)) is not None:
            self.error = error
        else:
            self._collector = self._collector or _collector(self._kind, data, event.event)
            self._collector.add(event.event, data)

    def body(self) -> dict[str, Any]:
        body = self._collector.body() if self._collector else {}
        return body if self.error is None else body | {"error": self.error}

    def is_complete(self) -> bool:
        if isinstance(self._collector, ResponsesStream):
            return self._collector.complete
        if isinstance(self._collector, _EventList) and self._collector.last in _LAST_EVENTS:
            return True
        return self.done

    def _add_unreadable(self, event: Event) -> None:
        self.unreadable += 1
        if self._collector is None and self._kind is OperationKind.OTHER:
            self._collector = _EventList()
        if isinstance(self._collector, _EventList):
            self._collector.add_text(event)


def assemble(kind: OperationKind, stream: bytes) -> Assembled:
    """The non-streamed shape of a recorded event stream (decoded bytes, complete or cut anywhere).

    Members that are not known are kept. Nothing is invented: what did not come is absent.
    """
    assembly = _Assembly(kind)
    events = _all_events(stream)
    for event in events:
        assembly.add(event)
    return Assembled(
        assembly.body(), assembly.is_complete(), len(events), assembly.error, assembly.unreadable
    )
