"""Calls become rows, once."""

from __future__ import annotations

import json

import msgspec
import pytest

from gatelog.errors import StoreRefusedError
from gatelog.model import Body, Exchange, Usage, UsageSource
from gatelog.store import Store
from gatelog.store.ingest import ROWS_MAX, batch_token
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange, refused_exchange

DAY_NS = 86_400 * 10**9


def on_day(sequence: int, day: int):
    exchange = chat_exchange(sequence)
    timing = msgspec.structs.replace(exchange.timing, received_at_ns=RECEIVED_AT_NS + day * DAY_NS + sequence)
    return msgspec.structs.replace(exchange, timing=timing)


def test_a_call_is_stored_as_it_was(store: Store) -> None:
    """Identity, times to 100 ns, numbers and texts come back unchanged."""
    exchange = chat_exchange(7)
    store.insert([exchange])
    row = store.run(
        "SELECT instance, boot, sequence, reinterpretAsInt64(received), done_ns, upstream_ns, gateway_ns,"
        " client_ip, request_body, response_body, evidence, finish_reasons, prompt_tokens, cached_tokens,"
        " audio_prompt_tokens, end_reason, status, parameters, stream, operation_kind FROM calls"
    ).rows[0]
    assert row == (
        "here",
        "b1",
        7,
        exchange.timing.received_at_ns // 100,
        1_003_000_000,
        1_000_000_000,
        2_000_000,
        "203.0.113.7",
        exchange.content.request.text,
        exchange.content.response.text,
        '{"apim-request-id":"upstream-1","x-ratelimit-limit-requests":"60"}',
        ["stop"],
        12,
        4,
        None,
        "complete",
        200,
        '{"n":1}',
        False,
        "chat",
    )


def test_what_did_not_happen_is_null_not_zero(store: Store) -> None:
    """A refused call has no times at a backend, no backend status and no tokens."""
    store.insert([refused_exchange()])
    row = store.run(
        "SELECT sent_ns, first_token_ns, backend_status, prompt_tokens, usage_source FROM calls"
    ).rows[0]
    assert row == (None, None, None, None, "none")


def test_attempts_are_readable_json(store: Store, scalar) -> None:
    """Objects with names, times in milliseconds."""
    store.insert([chat_exchange()])
    (attempt,) = json.loads(scalar("SELECT attempts FROM calls"))
    assert attempt["backend"] == "east"
    assert attempt["outcome"] == "answered"
    assert attempt["firstByteMs"] == 302


def test_large_and_odd_texts_survive(store: Store) -> None:
    """A megabyte, NUL, quotes, other scripts and the astral planes."""
    text = "x" * 2**20 + "\0'\"\\\n\t… 漢字 🙂"
    exchange = chat_exchange(
        content=msgspec.structs.replace(chat_exchange().content, request=Body(text, 1, ""))
    )
    store.insert([exchange])
    assert store.run("SELECT request_body FROM calls").rows[0][0] == text


def test_present_names_what_has_arrived(store: Store) -> None:
    """Only of the boot asked for, only in the range asked for."""
    store.insert([chat_exchange(sequence) for sequence in (1, 2, 5, 9)])
    store.insert([chat_exchange(3, boot="b2")])
    assert store.present("here", "b1", 2, 8) == {2, 5}
    assert store.present("here", "b1", 2, 5) == {2, 5}
    assert store.present("here", "b2", 1, 9) == {3}
    assert store.present("elsewhere", "b1", 1, 9) == set()


def test_the_same_batch_twice_is_stored_once(store: Store, scalar) -> None:
    """Also over several days: each day's part is recognised by itself."""
    batch = [on_day(sequence, sequence % 3) for sequence in range(1, 10)]
    store.insert(batch)
    store.insert(batch)
    assert scalar("SELECT count() FROM calls") == 9


@pytest.mark.parametrize("characters", [100, 8_000, 100_000])
def test_a_batch_is_one_block_however_long_its_calls(store: Store, scalar, characters: int) -> None:
    """A server takes a second block under the same token for a repetition of the first."""
    calls = [said(number, "a" * characters) for number in range(1, 601)]
    store.insert(calls)
    store.insert(calls)
    assert scalar("SELECT count() FROM calls") == scalar("SELECT uniq(sequence) FROM calls") == len(calls)


def said(sequence: int, text: str) -> Exchange:
    """A call whose request is `text`."""
    exchange = chat_exchange(sequence)
    content = msgspec.structs.replace(exchange.content, request=Body(text, len(text), "a" * 64))
    return msgspec.structs.replace(exchange, content=content)


def test_batches_of_different_boots_are_not_taken_for_repeated(store: Store, scalar) -> None:
    """Every boot counts its calls from 1, and so does every instance."""
    for instance, boot in (("here", "b1"), ("here", "b2"), ("there", "b1")):
        store.insert([chat_exchange(1, boot=boot, instance=instance)])
    assert scalar("SELECT count() FROM calls") == 3


@pytest.mark.slow
def test_a_batch_may_span_more_days_than_clickhouse_allows_by_default(store: Store, scalar) -> None:
    """A clock that jumped must not block the spool (max_partitions_per_insert_block is 100)."""
    store.insert([on_day(sequence, sequence) for sequence in range(1, 103)])
    assert scalar("SELECT uniqExact(toDate(received)) FROM calls") == 102


def test_a_value_that_can_never_be_stored_is_refused(store: Store, scalar) -> None:
    """Half of a surrogate pair is no text; a number above 2^63 is no Int64: StoreRefusedError, and no row."""
    content = msgspec.structs.replace(chat_exchange().content, request=Body("\ud800"))
    for exchange in (
        chat_exchange(content=content),
        chat_exchange(usage=Usage(UsageSource.REPORTED, prompt_tokens=2**63)),
    ):
        with pytest.raises(StoreRefusedError):
            store.insert([exchange])
    assert scalar("SELECT count() FROM calls") == 0


def test_an_insert_has_a_limit(store: Store) -> None:
    """More rows than one block may have is a mistake of the caller."""
    with pytest.raises(ValueError, match="at most"):
        store.insert([chat_exchange()] * (ROWS_MAX + 1))


def test_the_token_of_a_batch_depends_on_its_calls_only() -> None:
    """Equal for equal calls in equal order, different otherwise; names cannot run into each other."""
    ids = [chat_exchange(sequence).id for sequence in (1, 2)]
    assert batch_token(ids) == batch_token(list(ids))
    assert batch_token(ids) != batch_token(ids[::-1])
    assert batch_token([chat_exchange(1, instance="a", boot="b").id]) != batch_token(
        [chat_exchange(1, instance="ab", boot="").id]
    )
