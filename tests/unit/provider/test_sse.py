"""Server-sent events, as the standard reads them."""

from __future__ import annotations

import pytest

from gatelog.provider import Event, SseParser


def parse(*pieces: bytes) -> list[Event]:
    parser = SseParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Event("", "a")]),
        (b"data:a\r\n\r\ndata:  b\r\r", [Event("", "a"), Event("", " b")]),
        (b"event: done\ndata: [DONE]\n\n", [Event("done", "[DONE]")]),
        (b"data: one\ndata: two\n\n", [Event("", "one\ntwo")]),
        (b": comment\n\n:\n\ndata: x\n\n", [Event("", "x")]),
        (b"\xef\xbb\xbfdata: x\n\n\xef\xbb\xbfdata: y\n\n", [Event("", "x")]),
        (b"event: ping\n\ndata: x\n\n", [Event("", "x")]),
        (b"data\n\n", [Event("", "")]),
        (b"id: 7\nretry: 10\nunknown: z\ndata: x\n\n", [Event("", "x")]),
        ("data: 東京 🗼\n\n".encode(), [Event("", "東京 🗼")]),
        (b"data: \xff\n\n", [Event("", "\ufffd")]),
        (b"data: unfinished\n", []),
        ('data: {"a":"\u2028 \u2029 \x85"}\n\n'.encode(), [Event("", '{"a":"\u2028 \u2029 \x85"}')]),
        (b"data: a\x0bb\x0cc\x1cd\n\n", [Event("", "a\x0bb\x0cc\x1cd")]),
    ],
)
def test_events_are_read_as_the_standard_says(stream: bytes, events: list[Event]) -> None:
    assert parse(stream) == events
    assert parse(*(stream[i : i + 1] for i in range(len(stream)))) == events


def test_a_line_feed_after_a_carriage_return_of_the_piece_before_is_no_blank_line() -> None:
    assert parse(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [Event("", "a\nb")]


def test_an_empty_piece_between_the_two_changes_nothing() -> None:
    assert parse(b"data: a\r", b"", b"\ndata: b\n\n") == [Event("", "a\nb")]


def test_closing_gives_the_event_that_was_cut_short() -> None:
    parser = SseParser()
    assert parser.feed(b"event: e\ndata: a\ndata: b") == []
    assert parser.close() == [Event("e", "a\nb")]
    assert parser.close() == []
