"""The tables behind the views, and how an older store becomes a current one.

    calls       one row a call, immutable; partition = day of receipt, dropped whole by retention
    boots       who wrote which spool: (instance, boot)
    accounts    the newest Account of each boot
    unlogged    ranges of sequences that have no row, and why
    expired     ranges of sequences whose rows retention has removed
    schema_version

A version's statements are never edited once released: a change is a further version. Only indexes that a
later version takes away are not made any more.
"""

from __future__ import annotations

from typing import cast

from clickhouse_connect.driver.client import Client

from gatelog.errors import StoreVersionError
from gatelog.store.schema_changes import (
    KEPT_UNTIL_WRITTEN,
    MESSAGES,
    NUMBERS_BY_THEIR_BITS,
    SEAMS,
    SEARCH_INDEXES,
    SHORT_WORDS_AND_ATTEMPTS,
)

# Timestamps have KQL's own type, so that a comparison in a query reaches the partition and the primary key as
# it is written. Hours before subscriptions in the key: nearly every question has a time range, many a
# subscription. Bodies have text indexes: `has` is a search for whole terms. Tokens as deduplication keys make
# it harmless to repeat an insert whose answer was lost.
_CALLS = """
CREATE TABLE IF NOT EXISTS calls
(
    instance                LowCardinality(String),
    boot                    LowCardinality(String),
    sequence                Int64 CODEC(DoubleDelta, ZSTD(1)),
    request_id              String CODEC(ZSTD(1)),
    received                DateTime64(7, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    request_complete_ns     Nullable(Int64) CODEC(ZSTD(1)),
    sent_ns                 Nullable(Int64) CODEC(ZSTD(1)),
    first_byte_ns           Nullable(Int64) CODEC(ZSTD(1)),
    first_token_ns          Nullable(Int64) CODEC(ZSTD(1)),
    last_byte_ns            Nullable(Int64) CODEC(ZSTD(1)),
    done_ns                 Nullable(Int64) CODEC(ZSTD(1)),
    upstream_ns             Int64 CODEC(ZSTD(1)),
    gateway_ns              Int64 CODEC(ZSTD(1)),
    client_ip               LowCardinality(String),
    peer_ip                 LowCardinality(String),
    subscription            LowCardinality(String),
    product                 LowCardinality(String),
    credential              LowCardinality(String),
    claimed_user            String CODEC(ZSTD(1)),
    user_agent              LowCardinality(String),
    conversation_id         String CODEC(ZSTD(1)),
    conversation_source     LowCardinality(String),
    method                  LowCardinality(String),
    target                  String CODEC(ZSTD(1)),
    http_version            LowCardinality(String),
    tls_version             LowCardinality(String),
    operation_id            LowCardinality(String),
    operation_kind          LowCardinality(String),
    path_family             LowCardinality(String),
    deployment              LowCardinality(String),
    api_version             LowCardinality(String),
    model_asked             LowCardinality(String),
    model_served            LowCardinality(String),
    stream                  Bool,
    parameters              String CODEC(ZSTD(1)),
    backend                 LowCardinality(String),
    backend_url             String CODEC(ZSTD(1)),
    region                  LowCardinality(String),
    attempts                String CODEC(ZSTD(1)),
    evidence                String CODEC(ZSTD(1)),
    request_headers         String CODEC(ZSTD(1)),
    response_headers        String CODEC(ZSTD(1)),
    request_body            String CODEC(ZSTD(3)),
    request_size            Int64 CODEC(ZSTD(1)),
    request_sha256          String CODEC(ZSTD(1)),
    request_note            LowCardinality(String),
    response_body           String CODEC(ZSTD(3)),
    response_size           Int64 CODEC(ZSTD(1)),
    response_sha256         String CODEC(ZSTD(1)),
    response_note           LowCardinality(String),
    finish_reasons          Array(LowCardinality(String)),
    filter_verdicts         String CODEC(ZSTD(1)),
    reported_model          LowCardinality(Nullable(String)),
    reported_prompt_tokens      Nullable(Int64) CODEC(ZSTD(1)),
    reported_completion_tokens  Nullable(Int64) CODEC(ZSTD(1)),
    reported_total_tokens       Nullable(Int64) CODEC(ZSTD(1)),
    usage_source            LowCardinality(String),
    prompt_tokens           Nullable(Int64) CODEC(ZSTD(1)),
    completion_tokens       Nullable(Int64) CODEC(ZSTD(1)),
    total_tokens            Nullable(Int64) CODEC(ZSTD(1)),
    cached_tokens           Nullable(Int64) CODEC(ZSTD(1)),
    reasoning_tokens        Nullable(Int64) CODEC(ZSTD(1)),
    audio_prompt_tokens     Nullable(Int64) CODEC(ZSTD(1)),
    audio_completion_tokens Nullable(Int64) CODEC(ZSTD(1)),
    accepted_prediction_tokens  Nullable(Int64) CODEC(ZSTD(1)),
    rejected_prediction_tokens  Nullable(Int64) CODEC(ZSTD(1)),
    end_reason              LowCardinality(String),
    status                  Nullable(Int32) CODEC(ZSTD(1)),
    backend_status          Nullable(Int32) CODEC(ZSTD(1)),
    error_code              LowCardinality(String),
    error_message           String CODEC(ZSTD(1)),
    received_bytes          Int64 CODEC(ZSTD(1)),
    sent_bytes              Int64 CODEC(ZSTD(1)),
    capture                 LowCardinality(String),
    INDEX by_sequence sequence TYPE minmax GRANULARITY 1,
    INDEX by_request_id request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX request_terms request_body
        TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(request_body)),
    INDEX response_terms response_body
        TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(response_body))
)
ENGINE = MergeTree
PARTITION BY toDate(received)
ORDER BY (toStartOfHour(received), subscription, received)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
"""

_BOOTS = """
CREATE TABLE IF NOT EXISTS boots
(
    instance    String,
    boot        String,
    directory   String COMMENT 'name of its spool directory',
    spool_boot  String COMMENT 'the boot id in the headers of the spool segments, hexadecimal',
    started     DateTime64(7, 'UTC'),
    version     String,
    pid         Int64,
    ended       UInt8 COMMENT '1 once the boot is known to be over; the row with the larger value stays'
)
ENGINE = ReplacingMergeTree(ended)
ORDER BY (instance, boot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

_ACCOUNTS = """
CREATE TABLE IF NOT EXISTS accounts
(
    instance        String,
    boot            String,
    at              DateTime64(7, 'UTC'),
    accepted        Int64,
    recorded        Int64,
    unlogged_total  Int64,
    open            Array(Int64),
    final           UInt8,
    progress        UInt64 COMMENT 'accepted + recorded + unlogged + final: grows from Account to Account'
)
ENGINE = ReplacingMergeTree(progress)
ORDER BY (instance, boot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

_RANGES = """
CREATE TABLE IF NOT EXISTS {table}
(
    instance  String,
    boot      String,
    first     Int64,
    last      Int64,
    reason    String
)
ENGINE = ReplacingMergeTree
ORDER BY (instance, boot, first, last, reason)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (version UInt32, applied DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

VERSIONS: tuple[tuple[str, ...], ...] = (
    (_CALLS, _BOOTS, _ACCOUNTS, _RANGES.format(table="unlogged"), _RANGES.format(table="expired")),
    SEARCH_INDEXES,
    SHORT_WORDS_AND_ATTEMPTS,
    (),
    (),
    MESSAGES,
    KEPT_UNTIL_WRITTEN,
    NUMBERS_BY_THEIR_BITS,
    SEAMS,
)
"""Statements of version 1, 2, …; each may be repeated, because a crash may come between them."""

CURRENT_VERSION = len(VERSIONS)


_IN_BACKGROUND = {"mutations_sync": 0, "alter_sync": 0}
"""Opening does not wait until old parts are rewritten."""


def stored_version(client: Client) -> int:
    """The version of the schema in the client's database; 0 = empty."""
    if not int(cast(int, client.command("EXISTS TABLE schema_version"))):
        return 0
    return int(cast(int, client.command("SELECT max(version) FROM schema_version")))


def migrate(client: Client) -> None:
    """Bring the client's database to CURRENT_VERSION; StoreVersionError (nothing changed) if it is newer."""
    version = stored_version(client)
    if version > CURRENT_VERSION:
        raise StoreVersionError(
            f"the store has schema version {version}, this gatelog knows {CURRENT_VERSION}:"
            " use a newer gatelog"
        )
    client.command(_VERSION_TABLE)
    for number, statements in enumerate(VERSIONS[version:], start=version + 1):
        for statement in statements:
            client.command(statement, settings=_IN_BACKGROUND)
        client.insert("schema_version", [[number]], column_names=["version"])
