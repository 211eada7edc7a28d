"""Ends and first tokens are seen while a stream passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.provider import TerminalWatch, carries_token, is_terminal

CORPUS = Path(__file__).parent / "corpus"
ENDS = {
    "chat_azure.sse": b"data: [DONE]",
    "chat_async_filter.sse": b"data: [DONE]",
    "chat_tools.sse": b"data: [DONE]",
    "completions.sse": b"data: [DONE]",
    "responses.sse": b"event: response.completed\n",
}


@pytest.mark.parametrize(
    "piece",
    [
        b"data: [DONE]\n\n",
        b"data:[DONE]",
        b"x\r\n\r\ndata: [DONE]\r\n\r\n",
        b"event: response.completed\ndata: {}\n\n",
        b"event:response.failed\r\n",
        b"event: response.incomplete\r",
        b"event: done\n",
        b"event: error\n",
    ],
)
def test_every_known_end_is_seen(piece: bytes) -> None:
    assert is_terminal(piece)
    assert TerminalWatch().feed(piece)


@pytest.mark.parametrize(
    "piece",
    [
        b'data: {"content":"data: [DONE]"}\n\n',
        b"event: response.created\n",
        b"event: response.completed.not\n",
        b"event: done_with_it\n",
        b": data: [DONE]\n",
    ],
)
def test_what_only_resembles_an_end_is_none(piece: bytes) -> None:
    assert not is_terminal(piece)
    assert not TerminalWatch().feed(piece)


@pytest.mark.parametrize(("name", "marker"), ENDS.items())
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_a_split_end_is_seen_with_its_last_byte_and_not_before(name: str, marker: bytes, size: int) -> None:
    stream = (CORPUS / name).read_bytes()
    end = stream.index(marker) + len(marker)
    watch = TerminalWatch()
    seen = [start for start in range(0, len(stream), size) if watch.feed(stream[start : start + size])]
    assert seen[0] == (end - 1) // size * size


@pytest.mark.parametrize(
    ("piece", "carries"),
    [
        (b'{"delta":{"content":"Hi"}}', True),
        (b'{"delta":{"content" : "\\""}}', True),
        (b'{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}', True),
        (b'{"delta":{"refusal":"I"}}', True),
        (b'{"delta":{"reasoning_content":"Hm"}}', True),
        (b'{"choices":[{"text":"a"}]}', True),
        (b'{"type":"response.output_text.delta","delta":"a"}', True),
        (b'{"delta":{"role":"assistant","content":""}}', False),
        (b'{"delta":{"content":null}}', False),
        (b'{"delta":{}}', False),
        (
            b'{"choices":[],"prompt_filter_results":[{"content_filter_results":{"hate":{"severity":"safe"}}}]}',
            False,
        ),
        (b'{"response":{"text":{"format":{"type":"text"}}}}', False),
    ],
)
def test_the_first_token_is_a_non_empty_text(piece: bytes, carries: bool) -> None:
    assert carries_token(b"data: " + piece + b"\n\n") is carries


def test_azures_first_two_chunks_carry_no_token() -> None:
    events = (CORPUS / "chat_azure.sse").read_bytes().split(b"\n\n")
    assert [carries_token(event) for event in events[:3]] == [False, False, True]
