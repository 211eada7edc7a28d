"""What is fuzzed: for each parser a corpus, and one run that raises only where the parser is wrong.

Here are those of bytes on the wire and on disk; the others are in record_, kql_ and hub_targets.

request    bytes of a client     → requests, answers   however they are cut
response   bytes of a backend    → heads, bodies       however they are cut
sse        an event stream       → events, one object  however it is cut; nothing raises
json       a request body        → its shape, and the one change that the gateway makes
spool      a segment on disk     → records, report     only whole records, in order
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gatelog.errors import ProtocolError, SpoolVersionError
from gatelog.http1 import ClientSettings, ServerSettings
from gatelog.http1.request_parser import RequestParser
from gatelog.http1.response_parser import ResponseParser
from gatelog.model import OperationKind
from gatelog.provider import (
    NotJson,
    SseParser,
    TerminalWatch,
    UsageChunkFilter,
    assemble,
    find_json_flaw,
    scan_request,
    with_include_usage,
)
from gatelog.provider.json_members import read_members
from gatelog.spool import SpoolReader, SpoolSettings, verify
from gatelog.spool.journal import Journal
from gatelog.spool.segment import segment_path
from gatelog.testing.filesystem import MemoryFileSystem
from gatelog.testing.hostile import CHUNKED, HOSTILE_CHUNKS, HOSTILE_HEADS, UNFINISHED, get, with_header

from . import hub_targets, kql_targets, record_targets
from .target import Target, halves

TESTS = Path(__file__).parents[1]
ANSWERS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil close",
    b"HTTP/1.1 429 Too Many\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
)
BODIES = (
    b'{"model":"gpt-4o","messages":[{"role":"user","content":"a\\"b\\u00e9"}],"stream":true}',
    b'{ "stream" : true , "stream_options" : { "include_usage" : false , "x" : [1,{}] } }',
    b'{"stream":true,"stream_options":null,"stream\\u005foptions":{}}',
    b'{"stream":true,"a":{"stream_options":{"include_usage":true}},"n":-1.5e3}',
    b'[1,2,{"a":NaN}]',
)


# request ─────────────────────────────────────────────────────────────────────────────────────────────

SETTINGS = ServerSettings()


def _request(data: bytes, pieces: list[bytes]) -> tuple[str, bytes]:
    """How a head and its body end: `refused 4xx`, `whole` or `more`, and the body so far."""
    body = bytearray()
    parser = RequestParser(SETTINGS, body.extend)
    try:
        parser.read_head(data, ("192.0.2.1", ""))
        for piece in pieces:
            if not parser.complete:
                parser.read_body(piece)
    except ProtocolError as error:
        return f"refused {error.status // 100}xx", bytes(body)
    return ("whole" if parser.complete else "more"), bytes(body)


def run_request(data: bytes) -> None:
    """A message is a head and the rest; the rest is read in one piece and in two."""
    head, end, rest = data.partition(b"\r\n\r\n")
    outcome, body = _request(head + end, [rest] if rest else [])
    again, same = _request(head + end, halves(rest))
    assert outcome == again
    assert outcome in ("refused 4xx", "refused 5xx") or body == same


# response ────────────────────────────────────────────────────────────────────────────────────────────


def _response(pieces: list[bytes]) -> tuple[str, list[int], bytes]:
    body, heads = bytearray(), []
    parser = ResponseParser(ClientSettings(), lambda head: heads.append(head.status), body.extend)
    try:
        for piece in pieces:
            if not parser.complete:
                parser.feed(piece)
    except ProtocolError:
        return "refused", heads, bytes(body)
    assert parser.complete <= (parser.head is not None)
    return ("whole" if parser.complete else "more"), heads, bytes(body)


def run_response(data: bytes) -> None:
    """An answer, in one piece and in two: the same head, and the same body unless it is refused."""
    outcome, heads, body = _response([data])
    again, same_heads, same = _response(halves(data))
    assert len(heads) <= 1
    assert outcome == again
    assert outcome == "refused" or (heads, body) == (same_heads, same)


# sse ─────────────────────────────────────────────────────────────────────────────────────────────────


def run_sse(data: bytes) -> None:
    """Events do not depend on the cut; nothing raises, whatever the kind is taken for."""
    whole, cut = SseParser(), SseParser()
    events = whole.feed(data) + whole.close()
    assert events == [event for piece in halves(data) for event in cut.feed(piece)] + cut.close()
    for kind in OperationKind:
        assembled = assemble(kind, data)
        assert assembled.events == len(events)
        json.dumps(assembled.body)
    one, two, watch = UsageChunkFilter(), UsageChunkFilter(), TerminalWatch()
    filtered = b"".join(map(one.feed, halves(data))) + one.flush()
    assert filtered == two.feed(data) + two.flush()
    assert one.removed or filtered == data
    watch.feed(data)


# json ────────────────────────────────────────────────────────────────────────────────────────────────


def run_json(data: bytes) -> None:
    """Only NotJson is raised; the splice asks for usage, and changes nothing else that a reader sees."""
    if find_json_flaw(data) is None:
        json.loads(data)
    try:
        shape = scan_request(data)
    except NotJson:
        return
    if not shape.stream or shape.include_usage:
        return
    spliced = with_include_usage(data)
    if (flaw := find_json_flaw(data)) is not None and flaw.name == "not UTF-8":
        assert spliced == data
        return
    before, after = json.loads(data), json.loads(spliced)
    assert after["stream_options"]["include_usage"] is True
    assert _rest(before) == _rest(after)
    assert scan_request(spliced).include_usage
    assert {member.key for member in read_members(spliced).members} == set(after)


def _rest(value: dict[str, Any]) -> str:
    options = value.get("stream_options") or {}
    kept = {name: member for name, member in options.items() if name != "include_usage"}
    return repr({**value, "stream_options": kept} if kept else _without(value, "stream_options"))


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: member for key, member in value.items() if key != name}


# spool ───────────────────────────────────────────────────────────────────────────────────────────────

DIRECTORY = Path("/spool")
PAYLOADS = (b"a", b"b" * 900, bytes(range(256)) * 3, b"\xffGL\xfe" * 30, b"", b"last")


class _StoppedClock:
    def now_ns(self) -> int:
        return 1

    def monotonic_ns(self) -> int:
        return 1


def _segment(*, clean: bool) -> bytes:
    disk = MemoryFileSystem()
    settings = SpoolSettings(segment_bytes=16 * 1024, record_bytes_max=600, ballast_bytes=0)
    journal = Journal.open(
        DIRECTORY, boot=b"\x5a" * 16, settings=settings, clock=_StoppedClock(), filesystem=disk
    )
    for payload in PAYLOADS:
        assert journal.commit([(1, payload)]) is None
    if clean:
        journal.close()
    return bytes(disk.content(segment_path(DIRECTORY, 1)))


def run_spool(data: bytes) -> None:
    """A segment, and a later one so that nothing is waited for: whole payloads, each once, in order."""
    disk = MemoryFileSystem()
    disk.put(segment_path(DIRECTORY, 1), data)
    disk.put(segment_path(DIRECTORY, 2), SEALED)
    reader = SpoolReader(DIRECTORY, filesystem=disk)
    try:
        last = 0
        while records := reader.read():
            for record in records:
                assert record.payload in PAYLOADS
                assert record.seq > last
                last = record.seq
        verify(DIRECTORY, disk)
    except SpoolVersionError:
        return
    finally:
        reader.close()


SEALED = _segment(clean=True)


# ─────────────────────────────────────────────────────────────────────────────────────────────────────

REQUESTS = (
    get(b"/a?b=c"),
    with_header(b"content-length: 5") + b"hello",
    CHUNKED + b"5;a=b\r\nhello\r\n0\r\nc: d\r\n\r\n",
    *(raw for raw, _ in HOSTILE_HEADS.values()),
    *(CHUNKED + chunks for chunks in HOSTILE_CHUNKS.values()),
    *UNFINISHED.values(),
)
STREAMS = tuple(path.read_bytes() for path in sorted((TESTS / "unit/provider/corpus").glob("*.sse")))

TARGETS = {
    target.name: target
    for target in (
        Target("request", REQUESTS, run_request),
        Target("response", ANSWERS, run_response),
        Target("sse", STREAMS, run_sse),
        Target("json", BODIES, run_json),
        Target("spool", (SEALED, _segment(clean=False)), run_spool),
        *record_targets.all_of(STREAMS, BODIES),
        *kql_targets.TARGETS,
        *hub_targets.TARGETS,
    )
}
