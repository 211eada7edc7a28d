"""Where a client may put its key, and what to make of several.

    api-key: KEY                         Azure OpenAI's own header
    Authorization: Bearer KEY            OpenAI clients
    Ocp-Apim-Subscription-Key: KEY       API Management's default header
    ?subscription-key=KEY                API Management's default query parameter (may be switched off)

A client that shows two different keys is refused: guessing which one it meant would let a stolen or
stale key ride along unseen.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote_plus, unquote_to_bytes

CREDENTIAL_HEADERS: dict[bytes, str] = {
    b"api-key": "api-key",
    b"authorization": "authorization",
    b"ocp-apim-subscription-key": "ocp-apim-subscription-key",
}

QUERY_PARAMETERS = ("subscription-key", "api-key")


class Credential(NamedTuple):
    """A key and where it was found."""

    where: str
    key: bytes


class Disagreement(NamedTuple):
    """Different keys in different places."""

    places: tuple[str, ...]


def _bearer(value: bytes) -> bytes:
    scheme, _, token = value.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def _from_query(query: bytes) -> list[Credential]:
    found = []
    for pair in query.decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        where = unquote_plus(name).lower()
        if where in QUERY_PARAMETERS:
            found.append(Credential(where, unquote_to_bytes(value.replace("+", " "))))
    return found


def choose_credential(
    headers: list[tuple[bytes, bytes]], query: bytes, *, key_in_query: bool
) -> Credential | Disagreement | None:
    """The one key a request shows; None if it shows none.

    `headers`: only those of CREDENTIAL_HEADERS, lower-case names. `query`: raw, without the question mark.
    """
    found = [
        Credential(CREDENTIAL_HEADERS[name], _bearer(value) if name == b"authorization" else value.strip())
        for name, value in headers
    ]
    if key_in_query and query and (b"key" in query.lower() or b"%" in query):
        found += _from_query(query)
    found = [credential for credential in found if credential.key]
    if len(found) > 1 and len({credential.key for credential in found}) > 1:
        return Disagreement(tuple(credential.where for credential in found))
    return found[0] if found else None
