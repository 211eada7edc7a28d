"""The usage chunk leaves the stream, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.provider import UsageChunkFilter
from gatelog.provider.usage_filter import HELD_BYTES_MAX

CORPUS = Path(__file__).parent / "corpus"
DELTA = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"usage":null}\n\n'
USAGE = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"


def run(*pieces: bytes) -> tuple[bytes, bool]:
    chunk_filter = UsageChunkFilter()
    passed = b"".join(chunk_filter.feed(piece) for piece in pieces)
    return passed + chunk_filter.flush(), chunk_filter.removed


def test_the_usage_chunk_is_removed_and_the_rest_is_byte_exact() -> None:
    assert run(DELTA, USAGE, DONE) == (DELTA + DONE, True)
    assert run(DELTA + USAGE + DONE) == (DELTA + DONE, True)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}\n\n',
        b'data: {"choices":[],"usage":null}\n\n',
        b'data: {"choices":[{"index":0}],"usage":{"prompt_tokens":1}}\n\n',
        b'data: {"usage":{"prompt_tokens":1}}\n\n',
        b'data: {"choices":[],"x":{"usage":{"prompt_tokens":1}}}\n\n',
        b'data: {"choices":[],"text":"\\"usage\\":{"}\n\n',
        b'data: broken "usage":{\n\n',
        b': "usage":{\n\n',
    ],
)
def test_events_that_only_resemble_it_stay(event: bytes) -> None:
    assert run(DELTA, event, DONE) == (DELTA + event + DONE, False)


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"usage" : {"prompt_tokens":1}, "choices" : [ ]}\n\n',
        b'data: {"choices":[],\ndata: "usage":{}}\n\n',
        b': note\ndata: {"choices":[],"usage":{}}\n\n',
        b'data:{"choices":[],"usage":{}}\r\n\r\n',
        b'data: {"choices":[],"usage":{}}\r\r',
    ],
)
def test_it_is_known_in_every_spelling(event: bytes) -> None:
    assert run(DELTA, event, DONE) == (DELTA + DONE, True)


def test_only_an_unfinished_event_is_held_back() -> None:
    chunk_filter = UsageChunkFilter()
    assert chunk_filter.feed(DELTA + b"data: {") == DELTA
    assert chunk_filter.feed(b'"choices":[],"usage":') == b""
    assert chunk_filter.feed(b"null}\n") == b""
    assert chunk_filter.feed(b"\n") == b'data: {"choices":[],"usage":null}\n\n'
    assert chunk_filter.flush() == b""


def test_blank_lines_before_the_usage_chunk_are_not_part_of_it() -> None:
    assert run(DELTA, b"\n" + USAGE, DONE) == (DELTA + b"\n" + DONE, True)
    assert run(DELTA + b"\n" + USAGE + DONE) == (DELTA + b"\n" + DONE, True)


def test_a_border_cut_before_its_last_line_feed_goes_with_its_event() -> None:
    usage = USAGE.replace(b"\n", b"\r\n")
    assert run(usage[:-1], usage[-1:], DONE) == (DONE, True)


def test_a_whole_piece_is_handed_on_without_a_copy() -> None:
    assert UsageChunkFilter().feed(DELTA) is DELTA


def test_an_endless_event_is_passed_on_and_the_filter_gives_up() -> None:
    chunk_filter = UsageChunkFilter()
    endless = b"data: " + b"x" * HELD_BYTES_MAX
    assert chunk_filter.feed(endless) == endless
    assert chunk_filter.feed(USAGE) == USAGE
    assert not chunk_filter.removed


def test_a_stream_cut_inside_an_event_is_passed_on_whole() -> None:
    assert run(DELTA, USAGE[:-2]) == (DELTA + USAGE[:-2], False)


def test_in_an_azure_stream_the_first_chunk_stays_and_the_usage_goes() -> None:
    stream = (CORPUS / "chat_azure.sse").read_bytes()
    events = [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]]
    assert run(*events) == (b"".join(events[:-2] + events[-1:]), True)
