"""What versions of the schema after the first change, in their order.

    SEARCH_INDEXES             2
    SHORT_WORDS_AND_ATTEMPTS   3
    MESSAGES                   6   in place of 4 and 5
    KEPT_UNTIL_WRITTEN         7
    NUMBERS_BY_THEIR_BITS      8
    SEAMS                      9

Each is statements that may be repeated, because a crash may come between them. None is edited once released.
"""

from __future__ import annotations

from gatelog.store.messages import MESSAGES_AT, MESSAGES_SIZE
from gatelog.store.words import (
    MESSAGE_WORDS,
    REQUEST_SEAMS,
    RESPONSE_SHORT_WORDS,
    RESPONSE_WORDS,
    REST_WORDS,
)

_OLD_PARTS_LIFETIME_S = 480
"""As a server has it when nothing else is said."""

# The first text indexes could not serve `has`: to them every character beyond ASCII was part of a word. Parts
# written before get the new indexes in the background; until then they are searched without.
_INDEX = "TYPE text(tokenizer = splitByNonAlpha, posting_list_codec = 'bitpacking')"
SEARCH_INDEXES = (
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
SHORT_WORDS_AND_ATTEMPTS = (
    "ALTER TABLE calls ADD COLUMN IF NOT EXISTS"
    " attempt_count Int64 DEFAULT toInt64(JSONLength(attempts)) CODEC(ZSTD(1))",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS response_short_words {RESPONSE_SHORT_WORDS} {_INDEX}",
    "ALTER TABLE calls MATERIALIZE COLUMN attempt_count, MATERIALIZE INDEX response_short_words",
)

# Which words of a body are in its messages was read from the JSON of every call with the word; and two
# common words next to each other were looked for in every text with both, though few have them so (SEAMS).
# These indexes take the place of those of versions 2, 4 and 5, which are not made any more; while one is
# being made, the engine does not drop it. Other names than theirs: what parts have of an index goes by it.
MESSAGES = (
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
    "ALTER TABLE calls MATERIALIZE COLUMN request_messages_at, MATERIALIZE COLUMN request_messages_size",
    "ALTER TABLE calls MATERIALIZE INDEX message_words, MATERIALIZE INDEX rest_words",
    # Version 2 may have been making these together with one that is given up; parts that have them are left.
    "ALTER TABLE calls MATERIALIZE INDEX response_words, MATERIALIZE INDEX by_received,"
    " MATERIALIZE INDEX by_conversation_id",
)

# Merges do not wait for the disk, and the embedded engine removes what they replaced as soon as nobody reads
# it (a server keeps it so long): where the power went before the system had written the new files, calls were
# gone that inserts had synced. Linux writes what is older than half a minute.
KEPT_UNTIL_WRITTEN = tuple(
    f"ALTER TABLE {table} MODIFY SETTING old_parts_lifetime = {_OLD_PARTS_LIFETIME_S}"
    for table in ("calls", "boots", "accounts", "unlogged", "expired", "schema_version")
)

# Numbers were compressed as bytes like any others: half of the time of a sum over millions of calls was
# unpacking. T64 keeps of 64 numbers the bits that differ: as small (less for all but the rarest), in half the
# time. Older parts are written so when they are merged.
_NUMBERS = (
    "received",
    "request_complete_ns",
    "sent_ns",
    "first_byte_ns",
    "first_token_ns",
    "last_byte_ns",
    "done_ns",
    "upstream_ns",
    "gateway_ns",
    "request_messages_at",
    "request_messages_size",
    "request_size",
    "response_size",
    "reported_prompt_tokens",
    "reported_completion_tokens",
    "reported_total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "audio_prompt_tokens",
    "audio_completion_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "received_bytes",
    "sent_bytes",
    "attempt_count",
)
NUMBERS_BY_THEIR_BITS = (
    "ALTER TABLE calls " + ", ".join(f"MODIFY COLUMN {name} CODEC(T64, ZSTD(1))" for name in _NUMBERS),
)

# Version 6 had seams of three letters behind the space and nothing more: a granule that has `customer
# inventory` was read for `customer invoice`. What made that index made two others as well.
SEAMS = (
    "KILL MUTATION WHERE database = currentDatabase() AND table = 'calls' AND NOT is_done"
    " AND match(command, 'INDEX message_seams')",
    "ALTER TABLE calls DROP INDEX IF EXISTS message_seams",
    f"ALTER TABLE calls ADD INDEX IF NOT EXISTS request_word_seams {REQUEST_SEAMS}"
    " TYPE bloom_filter(0.1) GRANULARITY 1",
    "ALTER TABLE calls MATERIALIZE INDEX message_words, MATERIALIZE INDEX rest_words,"
    " MATERIALIZE INDEX request_word_seams",
)
