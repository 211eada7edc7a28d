"""What a caller claims about itself: the conversation a call belongs to, and the end user behind it.

None of this is verified. Of several claims about the conversation the most explicit wins, in this order:

    header x-conversation-id · x-session-id · x-thread-id
    body   conversation (id, or object with one) · metadata.conversation_id · .session_id · .thread_id
    path   /threads/{id}/…
    body   previous_response_id       links a call to the one before it
           prompt_cache_key           one per conversation in common use, but promised by nobody
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Longer claims are cut: they are labels, not content. Characters.
CLAIM_LENGTH_MAX = 256

_HEADERS = ("x-conversation-id", "x-session-id", "x-thread-id")
_METADATA = ("conversation_id", "session_id", "thread_id")
_LINKS = ("previous_response_id", "prompt_cache_key")
_USER = ("user", "safety_identifier")


class Conversation(NamedTuple):
    """The conversation's id and where it was found; both "" if nothing was claimed."""

    id: str = ""
    source: str = ""


def _text(value: Any) -> str:
    return value[:CLAIM_LENGTH_MAX] if isinstance(value, str) else ""


def _member(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else None


def _thread_of(tail: str) -> str:
    segments = tail.split("/")
    is_thread = len(segments) > 1 and segments[0] == "threads" and segments[1] != "runs"
    return segments[1] if is_thread else ""


def find_conversation(headers: dict[str, str], request: dict[str, Any], tail: str) -> Conversation:
    """The conversation that a call says it belongs to.

    `headers` have lower-case names; `request` is the request's JSON object ({} if it has none); `tail` is the
    path below the family's prefix.
    """
    conversation = request.get("conversation")
    metadata = request.get("metadata")
    claims = [
        *((name, headers.get(name)) for name in _HEADERS),
        ("conversation", conversation if isinstance(conversation, str) else _member(conversation, "id")),
        *((f"metadata.{name}", _member(metadata, name)) for name in _METADATA),
        ("thread", _thread_of(tail)),
        *((name, request.get(name)) for name in _LINKS),
    ]
    found = (Conversation(text, source) for source, claim in claims if (text := _text(claim)))
    return next(found, Conversation())


def find_claimed_user(request: dict[str, Any]) -> str:
    """The end user that the request names; the member that says so most plainly goes first."""
    claims = [_member(request.get("user_security_context"), "end_user_id"), *map(request.get, _USER)]
    return next((text for claim in claims if (text := _text(claim))), "")
