"""The tables behind the views, and how an older store becomes a current one.

    calls       one row a call, immutable; partition = day of receipt, dropped whole by retention
    boots       who wrote which spool: (instance, boot)
    accounts    the newest Account of each boot
    unlogged    ranges of sequences that have no row, and why
    expired     ranges of sequences whose rows retention has removed
    schema_version

A version's statements are never edited once released: a change is a further version.
"""

from __future__ import annotations

from typing import cast

from clickhouse_connect.driver.client import Client

from gatelog.errors import StoreVersionError
from gatelog.store.messages import MESSAGES_AT, MESSAGES_SIZE
from gatelog.store.words import (
    MESSAGE_WORDS,
    REQUEST_SEAMS,
    RESPONSE_SHORT_WORDS,
    RESPONSE_WORDS,
    REST_WORDS,
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

_OLD_PARTS_LIFETIME_S = 480
"""As a server has it when nothing else is said."""

# The first text indexes could not serve `has`: to them every character beyond ASCII was part of a word. Parts
# written before get the new indexes in the background; until then they are searched without.
_INDEX = "TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking')"
_SEARCH_INDEXES = (
    "ALTER TABLE calls DROP INDEX IF EXISTS request_terms",
    "ALTER TABLE calls DROP INDEX IF EXISTS response_terms",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS response_words {RESPONSE_WORDS} {_INDEX}",
    "ALTER TABLE calls ADD INDEX IF NOT EXISTS by_received received TYPE minmax GRANULARITY 1",
    "ALTER TABLE calls ADD INDEX IF NOT EXISTS by_conversation_id"
    " conversation_id TYPE bloom_filter(0.01) GRANULARITY 1",
    "ALTER TABLE calls MATERIALIZE INDEX response_words, MATERIALIZE INDEX by_received,"
    " MATERIALIZE INDEX by_conversation_id",
)

# Searches of answers looked at the text of every embedding call. Metrics count attempts, and nearly every
# call has one: what the few others tried is in the JSON, the number of attempts says which they are.
_SHORT_WORDS_AND_ATTEMPTS = (
    "ALTER TABLE calls ADD COLUMN IF NOT EXISTS"
    " attempt_count Int64 DEFAULT toInt64(JSONLength(attempts)) CODEC(ZSTD(1))",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS response_short_words {RESPONSE_SHORT_WORDS} {_INDEX}",
    "ALTER TABLE calls MATERIALIZE COLUMN attempt_count, MATERIALIZE INDEX response_short_words",
)

# Which words of a body are in its messages was read from the JSON of every call with the word; and two
# common words next to each other were looked for in every text with both, though few have them so. These
# indexes take the place of those of versions 2, 4 and 5, which are not made any more; while one is being
# made, the engine does not drop it. Other names than theirs: what parts have of an index goes by its name.
_MESSAGES = (
    "KILL MUTATION WHERE database = currentDatabase() AND table = 'calls' AND NOT is_done"
    " AND match(command, 'INDEX request_(words|pairs|seams)')",
    "ALTER TABLE calls DROP INDEX IF EXISTS request_words",
    "ALTER TABLE calls DROP INDEX IF EXISTS request_pairs",
    "ALTER TABLE calls DROP INDEX IF EXISTS request_seams",
    "ALTER TABLE calls ADD COLUMN IF NOT EXISTS"
    f" request_messages_at UInt32 DEFAULT {MESSAGES_AT} CODEC(ZSTD(1)) AFTER request_body",
    "ALTER TABLE calls ADD COLUMN IF NOT EXISTS"
    f" request_messages_size UInt32 DEFAULT {MESSAGES_SIZE} CODEC(ZSTD(1)) AFTER request_messages_at",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS message_words {MESSAGE_WORDS} {_INDEX}",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS rest_words {REST_WORDS} {_INDEX}",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS message_seams {REQUEST_SEAMS}"
    " TYPE bloom_filter(0.1) GRANULARITY 1",
    "ALTER TABLE calls MATERIALIZE COLUMN request_messages_at, MATERIALIZE COLUMN request_messages_size",
    "ALTER TABLE calls MATERIALIZE INDEX message_words, MATERIALIZE INDEX rest_words,"
    " MATERIALIZE INDEX message_seams",
    # Version 2 may have been making these together with one that is given up; parts that have them are left.
    "ALTER TABLE calls MATERIALIZE INDEX response_words, MATERIALIZE INDEX by_received,"
    " MATERIALIZE INDEX by_conversation_id",
)

# Merges do not wait for the disk, and the embedded engine removes what they replaced as soon as nobody reads
# it (a server keeps it so long): where the power went before the system had written the new files, calls were
# gone that inserts had synced. Linux writes what is older than half a minute.
_KEPT_UNTIL_WRITTEN = tuple(
    f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = {_OLD_PARTS_LIFETIME_S}"
    for table in ("calls", "boots", "accounts", "unlogged", "expired", "schema_version")
)

VERSIONS: tuple[tuple[str, ...], ...] = (
    (_CALLS, _BOOTS, _ACCOUNTS, _RANGES.format(table="unlogged"), _RANGES.format(table="expired")),
    _SEARCH_INDEXES,
    _SHORT_WORDS_AND_ATTEMPTS,
    (),
    (),
    _MESSAGES,
    _KEPT_UNTIL_WRITTEN,
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
