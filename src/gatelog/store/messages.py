"""Where in the body of a request its messages are.

    request_body    {"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"stream":true}
                                                 ╰── request_messages_size ──────╯
                                                 request_messages_at, from 1; in bytes
    messages        [{"role":"user","content":"Hi"}]
    the rest        {"model":"gpt-4o","messages": ,"stream":true}

To read JSON takes the engine 15 us a body, to cut a piece out of it next to nothing. Messages can be cut out
where they stand in the body just as the engine writes JSON: no blanks between values, no escapes of letters.
Elsewhere `request_messages_at` is 0, messages are read as JSON, and the rest is the whole body; so too where
they are made of a single text:

    {"prompt":"Hi"}    [{"role":"user","content":"Hi"}]

Chat has messages, the Responses API has input; a completion's prompt becomes the one message it is. Messages
are an array as JSON text, or empty. No word goes over their borders.
"""

from __future__ import annotations

MADE_MESSAGE = '[{"role":"user","content":'
"""What is put before a text that becomes a message; `}]` comes after it."""

_PROMPT = "prompt"
_KEYS = ("messages", "input", _PROMPT)


def _of_key(key: str) -> str:
    """Condition and value: the messages under a key, if there is something."""
    raw = f"JSONExtractRaw(request_body, '{key}')"
    made = f"concat('{MADE_MESSAGE}', {raw}, '}}]')"
    array_or_made = f"if(JSONType(request_body, '{key}') = 'Array', {raw}, {made})"
    return f"JSONType(request_body, '{key}') != 'Null', {made if key == _PROMPT else array_or_made}"


READ_MESSAGES = f"multiIf({', '.join(map(_of_key, _KEYS))}, '')"
"""SQL: the messages, read as JSON."""

MESSAGES_AT = f"if({READ_MESSAGES} = '', 0, position(request_body, {READ_MESSAGES}))"
MESSAGES_SIZE = f"if(request_messages_at > 0, length({READ_MESSAGES}), 0)"
"""SQL of the two columns of a call without them."""

STAND_IN_BODY = "request_messages_at > 0"
_CUT_OUT = "substring(request_body, request_messages_at, request_messages_size)"
_BEFORE = "substring(request_body, 1, request_messages_at - 1)"
_AFTER = "substring(request_body, request_messages_at + request_messages_size)"

REQUEST_MESSAGES = f"if({STAND_IN_BODY}, {_CUT_OUT}, {READ_MESSAGES})"
REQUEST_REST = f"if({STAND_IN_BODY}, concat({_BEFORE}, ' ', {_AFTER}), request_body)"
MESSAGES_BESIDE_BODY = f"if({STAND_IN_BODY}, '', {READ_MESSAGES})"
"""SQL: the messages, the body without them, and those that do not stand in it."""

SHOWN_MESSAGES = (
    f"if({STAND_IN_BODY}, {_CUT_OUT}, arrayMap(request_body -> {READ_MESSAGES}, [request_body])[1])"
)
"""SQL: the messages too, for what no index is over. A lambda is one function for the engine to set aside in
each block of rows, not fifteen: where all messages stand in their bodies these were a quarter of a search.
"""
