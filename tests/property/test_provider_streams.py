"""Whatever the borders of the pieces are, the outcome is the same."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gatelog.model import OperationKind
from gatelog.provider import SseParser, TerminalWatch, UsageChunkFilter, assemble

CORPUS = Path(__file__).parents[1] / "unit" / "provider" / "corpus"
NAMES = sorted(path.name for path in CORPUS.glob("*.sse"))

# Pieces of streams, chosen to meet at their borders in every way.
SHARDS = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data: ",
        b"event: e\n",
        b": c\n",
        b'{"choices":[],"usage":{}}',
        b'{"choices":[1],"usage":{}}',
        b"[DONE]",
        b"\xef\xbb\xbf",
        "é🗼".encode(),
    ]
)
STREAMS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: (CORPUS / name).read_bytes()),
    st.lists(SHARDS, max_size=40).map(b"".join),
)


@st.composite
def split_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(STREAMS)
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=30).map(sorted))
    borders = [0, *cuts, len(stream)]
    return stream, [stream[a:b] for a, b in itertools.pairwise(borders)]


def filtered(pieces: list[bytes]) -> tuple[bytes, bool]:
    chunk_filter = UsageChunkFilter()
    passed = b"".join([*map(chunk_filter.feed, pieces), chunk_filter.flush()])
    return passed, chunk_filter.removed


@given(split_streams())
def test_events_do_not_depend_on_the_pieces(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    whole, parts = SseParser(), SseParser()
    expected = whole.feed(stream) + whole.close()
    assert [event for piece in pieces for event in parts.feed(piece)] + parts.close() == expected


@given(split_streams())
def test_the_filters_output_does_not_depend_on_the_pieces(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    assert filtered(pieces) == filtered([stream])


@given(split_streams())
def test_the_filter_never_adds_and_never_holds_a_finished_stream(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    passed, removed = filtered(pieces)
    assert (passed == stream) is not removed
    assert len(passed) <= len(stream)


@given(split_streams())
def test_the_end_is_seen_in_pieces_exactly_if_it_is_seen_whole(split: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = split
    watch = TerminalWatch()
    assert any(watch.feed(piece) for piece in pieces) is TerminalWatch().feed(stream)


@functools.cache
def without_usage(name: str) -> bytes:
    return filtered([(CORPUS / name).read_bytes()])[0]


@given(st.sampled_from(NAMES), st.sampled_from(OperationKind))
def test_taking_the_usage_out_changes_nothing_else_of_the_assembly(name: str, kind: OperationKind) -> None:
    full = assemble(kind, (CORPUS / name).read_bytes()).body
    bare = assemble(kind, without_usage(name)).body
    if kind is not OperationKind.OTHER and "choices" in full and name != "responses.sse":
        full.pop("usage", None)
        bare.pop("usage", None)
        assert bare == full
    else:
        assert without_usage(name) != b""


@given(st.sampled_from(OperationKind), STREAMS, st.integers(0, 5000))
def test_any_prefix_of_a_stream_assembles(kind: OperationKind, stream: bytes, length: int) -> None:
    assembled = assemble(kind, stream[:length])
    assert assembled.events >= assembled.unreadable
