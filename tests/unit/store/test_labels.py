"""What the store keeps once in dictionaries is short, whatever a caller and a backend say."""

from __future__ import annotations

import json
import re

import pytest

from gatelog.model import Boot
from gatelog.provider import CapturedCall, Tokenizers, resolve, seal
from gatelog.store.calls import COLUMNS
from gatelog.store.schema import VERSIONS
from gatelog.testing.records import end_record, start_record

LONG = "long " * 4_000
CHARACTERS_MAX = 1_024
"""Of a user agent; all others have 256 at most."""


def labels() -> set[str]:
    """The columns of `calls` of which the store keeps each text once."""
    statements = "\n".join(statement for version in VERSIONS for statement in version)
    return set(re.findall(r"(\w+)\s+(?:Array\()?LowCardinality\(", statements))


def spoken(path: str) -> CapturedCall:
    """A call in which every text that a caller or a backend chooses is long."""
    query = f"api-version={LONG.replace(' ', '-')}"
    operation = resolve("POST", path, query)
    assert operation is not None
    request = {"model": LONG, "user": LONG, "conversation": LONG, "stream": False}
    answer = {
        "model": LONG,
        "object": "response",
        "status": LONG,
        "error": {"code": LONG, "type": LONG, "message": LONG},
        "choices": [{"finish_reason": LONG, "content_filter_results": {LONG: {"severity": LONG}}}],
    }
    said = LONG.encode()
    start = start_record(
        1,
        target=f"{path}?{query}",
        operation_id=operation.id,
        operation_kind=operation.kind.value,
        family=operation.family.value,
        deployment=operation.deployment,
        api_version=operation.api_version,
        headers=[(b"user-agent", said), (b"content-encoding", said), (b"content-type", said)],
        body=b"",
    )
    headers = [(b"content-type", b"application/json"), (b"x-ms-region", said), (b"x-ms-spillover-x", said)]
    end = end_record(1, response_headers=headers, body=b"")
    boot = Boot("gw-1", "boot-1", 1_000, "0.1.0", 42)
    return CapturedCall(boot, start, end, json.dumps(request).encode(), json.dumps(answer).encode())


@pytest.mark.parametrize(
    "path",
    [
        f"/openai/deployments/{LONG.replace(' ', '-')}/chat/completions",
        "/openai/v1/responses",
        "/openai/v1" + "/responses/x" * 500,
    ],
)
def test_no_label_is_longer_than_a_name(path: str) -> None:
    exchange = seal(spoken(path), Tokenizers())
    kept = {column.name: column.read(exchange) for column in COLUMNS if column.name in labels()}
    assert len(kept) == len(labels()) > 25
    texts = [
        (name, text) for name, one in kept.items() for text in (one if isinstance(one, tuple) else (one,))
    ]
    assert [(name, len(text)) for name, text in texts if len(text or "") > CHARACTERS_MAX] == []
    long_ones = {name for name, text in texts if len(text or "") > 256}
    assert long_ones == {"user_agent"}
