"""Stored calls by the million, the same for the same seed: whole conversations of many teams.

    chunk number ──► Random(seed/number) ──► conversations ──► turns ──► Exchanges in the order of receipt

A chunk stands alone, so that filling can stop and go on anywhere. Of 100 calls some 85 are chat (a system
prompt of the team's, a conversation that grows with each turn, two turns on average; every other one is a
stream), 7 completions, 7 embeddings; 4 of the 100 fail or are refused. Bodies are written as clients and as
Azure write them; what is random in reality (ids, hashes, vectors) is random here: nothing compresses it.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator
from typing import NamedTuple

from gatelog.model import (
    Attempt,
    Body,
    Call,
    Caller,
    CallId,
    Content,
    End,
    EndReason,
    Exchange,
    Operation,
    OperationKind,
    PathFamily,
    Route,
    Timing,
    Usage,
    UsageSource,
)
from volume_text import Language, make_language, zipf

CHUNK = 10_000
"""Calls of a chunk: one insert."""
DAYS = 31
START_NS = 1_782_864_000 * 10**9
"""2026-07-01T00:00:00Z."""
TEAMS = 40
LANGUAGES = ("en", "en", "en", "en", "en", "en", "de", "de", "zh", "tr")
MODELS = (
    ("gpt-4o", "gpt-4o-2024-11-20"),
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ("gpt-4.1", "gpt-4.1-2025-04-14"),
)
REGIONS = ("East US", "West Europe", "Sweden Central", "Japan East")
API_VERSION = "2024-10-21"
_S = 10**9
_SAFE = (
    '{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},'
    '"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}'
)
_VERDICTS = {
    category: {"filtered": False, "severity": "safe"}
    for category in ("hate", "self_harm", "sexual", "violence")
}


class Team(NamedTuple):
    """Who calls: one language, a handful of system prompts, one network."""

    name: str
    language: Language
    prompts: tuple[str, ...]
    address: str


class Turn(NamedTuple):
    """One call to come: when, whose, what (JSON texts), and how it is counted."""

    at_ns: int
    team: Team
    kind: OperationKind
    conversation: str
    request: str
    reply: str
    asked: str


class World:
    """What all chunks share: languages, teams, the weights of the teams."""

    def __init__(self, calls: int, seed: str) -> None:
        self.seed = seed
        self.calls = calls
        languages = {name: make_language(name, seed) for name in dict.fromkeys(LANGUAGES)}
        rnd = random.Random(f"{seed}/teams")
        self.teams = [_team(number, languages, rnd) for number in range(TEAMS)]
        self.weights = zipf(TEAMS, 0.7)
        self.chunk_ns = DAYS * 86_400 * _S * CHUNK // calls

    def chunk(self, number: int) -> list[Exchange]:
        """The calls number * CHUNK + 1 .. (number + 1) * CHUNK, in the order of their receipt."""
        rnd = random.Random(f"{self.seed}/{number}")
        start_ns = START_NS + number * self.chunk_ns
        turns: list[Turn] = []
        while len(turns) < CHUNK:
            turns.extend(self._conversation(rnd, start_ns))
        del turns[CHUNK:]
        turns.sort(key=lambda turn: turn.at_ns)
        first = number * CHUNK + 1
        return [_exchange(first + place, turn, rnd) for place, turn in enumerate(turns)]

    def _conversation(self, rnd: random.Random, start_ns: int) -> Iterator[Turn]:
        team = rnd.choices(self.teams, cum_weights=self.weights)[0]
        at_ns = start_ns + rnd.randrange(self.chunk_ns)
        chance = rnd.random()
        if chance < 0.14:
            yield _embedding(team, at_ns, rnd)
        elif chance < 0.28:
            yield _completion(team, at_ns, rnd)
        else:
            yield from _chat(team, at_ns, start_ns + self.chunk_ns - 1, rnd)


def _team(number: int, languages: dict[str, Language], rnd: random.Random) -> Team:
    language = languages[LANGUAGES[number % len(LANGUAGES)]]
    prompts = tuple(language.text(rnd, rnd.randint(6, 40)) for _ in range(rnd.randint(1, 6)))
    return Team(f"team-{number:02d}", language, prompts, f"203.0.{number}.")


def _hex(rnd: random.Random, digits: int) -> str:
    return f"{rnd.getrandbits(digits * 4):0{digits}x}"


def _uuid(rnd: random.Random) -> str:
    text = _hex(rnd, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _chat(team: Team, at_ns: int, last_ns: int, rnd: random.Random) -> Iterator[Turn]:
    conversation = _uuid(rnd)
    asked = rnd.choices(MODELS, weights=(5, 4, 1))[0][0]
    messages = f'{{"role":"system","content":"{rnd.choice(team.prompts)}"}}'
    options = f'"temperature":{rnd.choice(("0.2", "0.7", "1"))},"max_tokens":{rnd.choice((512, 800, 2048))}'
    while True:
        question = team.language.text(rnd, min(60, 2 + int(rnd.expovariate(0.12))))
        reply = team.language.text(rnd, min(120, 3 + int(rnd.expovariate(0.06))))
        messages += f',{{"role":"user","content":"{question}"}}'
        yield Turn(at_ns, team, OperationKind.CHAT, conversation,
                   f'{{"messages":[{messages}],"model":"{asked}",{options}', reply, asked)  # fmt: skip
        messages += f',{{"role":"assistant","content":"{reply}"}}'
        at_ns = min(last_ns, at_ns + int((8 + rnd.expovariate(1 / 30)) * _S))
        if rnd.random() < 0.5 or len(messages) > 12_000:
            return


def _completion(team: Team, at_ns: int, rnd: random.Random) -> Turn:
    question, reply = team.language.text(rnd, rnd.randint(4, 40)), team.language.text(rnd, rnd.randint(2, 30))
    asked = "gpt-35-turbo-instruct"
    return Turn(at_ns, team, OperationKind.COMPLETIONS, "",
                f'{{"model":"{asked}","prompt":"{question}","max_tokens":256', reply, asked)  # fmt: skip


def _embedding(team: Team, at_ns: int, rnd: random.Random) -> Turn:
    asked = "text-embedding-3-small"
    text = team.language.text(rnd, rnd.randint(4, 40))
    vector = base64.b64encode(rnd.randbytes(1024)).decode()  # 256 floats
    return Turn(at_ns, team, OperationKind.EMBEDDINGS, "",
                f'{{"input":["{text}"],"model":"{asked}","dimensions":256,"encoding_format":"base64"',
                vector, asked)  # fmt: skip


_OPERATIONS = {
    OperationKind.CHAT: ("chatcompletions_create", "chat/completions"),
    OperationKind.COMPLETIONS: ("completions_create", "completions"),
    OperationKind.EMBEDDINGS: ("embeddings_create", "embeddings"),
}


def _exchange(sequence: int, turn: Turn, rnd: random.Random) -> Exchange:
    operation_id, tail = _OPERATIONS[turn.kind]
    operation = Operation(operation_id, turn.kind, PathFamily.DEPLOYMENT, tail, turn.asked, API_VERSION)
    chance = rnd.random()
    stream = turn.kind is OperationKind.CHAT and sequence % 2 == 0
    request = turn.request + (',"stream":true}' if stream else "}")
    status = 401 if chance < 0.01 else 429 if chance < 0.03 else 500 if chance < 0.04 else 200
    prompt, completion = (
        len(request) // 5,
        0 if turn.kind is OperationKind.EMBEDDINGS else len(turn.reply) // 5,
    )
    served = dict(MODELS).get(turn.asked, turn.asked)
    address = turn.team.address + str(rnd.randint(1, 40))
    caller = Caller(
        address, address, turn.team.name, "default", "api-key", "",
        "OpenAI/Python 1.55.0", turn.conversation, "header" if turn.conversation else "",
    )  # fmt: skip
    target = f"/openai/deployments/{turn.asked}/{tail}?api-version={API_VERSION}"
    call = Call("POST", target, operation, "1.1", "1.3", turn.asked, served if status == 200 else "", stream)
    headers = {
        "content-type": "application/json",
        "user-agent": "OpenAI/Python 1.55.0",
        "x-stainless-retry-count": "0",
    }
    if status == 401:
        return _refused(sequence, turn, caller, call, request, headers, rnd)
    reply = _answer(turn, served, prompt, completion, rnd) if status == 200 else _ERRORS[status]
    sent_ns = rnd.randint(100_000, 900_000)
    first_ns = sent_ns + rnd.randint(50_000_000, 900_000_000)
    last_ns = first_ns + completion * rnd.randint(5_000_000, 15_000_000)
    region = rnd.choice(REGIONS)
    backend = region.lower().replace(" ", "-")
    evidence = {"apim-request-id": _uuid(rnd), "x-ms-region": region, "x-ratelimit-remaining-tokens": str(
        rnd.randint(1000, 120_000))}  # fmt: skip
    answered = status == 200
    return Exchange(
        CallId("gateway-0", "volume", sequence),
        _request_id(turn.at_ns, rnd),
        Timing(turn.at_ns, sent_ns // 2, sent_ns, first_ns, first_ns + 1_000_000 if stream else None, last_ns,
               last_ns + rnd.randint(20_000, 400_000)),
        caller,
        call,
        Route(backend, f"https://{backend}.openai.azure.com{target}", region,
              (Attempt(backend, "answered", status, sent_ns, first_ns),), evidence),
        Content(
            headers,
            {"content-type": "text/event-stream" if stream else "application/json", **evidence},
            _body(request),
            # Each token of a stream comes in an event of its own: some 290 bytes on the wire.
            _body(reply, size=290 * completion + 700 if stream and answered else None),
            ("stop",) if answered and completion else (),
            {"prompt": _VERDICTS, "completion": _VERDICTS} if answered and completion else {},
            *((served, prompt, completion, prompt + completion) if answered else (None, None, None, None)),
        ),
        Usage(UsageSource.REPORTED, prompt, completion, prompt + completion, 0, 0) if answered else Usage(),
        End(EndReason.COMPLETE, status, status, "" if answered else str(status),
            "" if answered else "the backend answered with an error", len(request), len(reply), "required"),
    )  # fmt: skip


def _refused(
    sequence: int, turn: Turn, caller: Caller, call: Call, request: str, headers: dict[str, str],
    rnd: random.Random,
) -> Exchange:  # fmt: skip
    """A call that the gateway answered itself."""
    return Exchange(
        CallId("gateway-0", "volume", sequence), _request_id(turn.at_ns, rnd),
        Timing(turn.at_ns, 90_000, done_ns=250_000), caller, call, Route(),
        Content(headers, {"content-type": "application/json"}, _body(request), _body(_ERRORS[401])), Usage(),
        End(EndReason.REFUSED, 401, None, "invalid_key", "Access denied", len(request), 160, "required"),
    )  # fmt: skip


def _answer(turn: Turn, served: str, prompt: int, completion: int, rnd: random.Random) -> str:
    usage = (
        f'{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{prompt + completion}}}'
    )
    created = turn.at_ns // _S
    if turn.kind is OperationKind.EMBEDDINGS:
        return (
            f'{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":"{turn.reply}"}}],'
            f'"model":"{served}","usage":{{"prompt_tokens":{prompt},"total_tokens":{prompt}}}}}'
        )
    said = f'"message":{{"content":"{turn.reply}","refusal":null,"role":"assistant"}}'
    if turn.kind is OperationKind.COMPLETIONS:
        said = f'"text":"{turn.reply}"'
    return (
        f'{{"choices":[{{"content_filter_results":{_SAFE},"finish_reason":"stop","index":0,"logprobs":null,'
        f'{said}}}],"created":{created},"id":"chatcmpl-{_hex(rnd, 28)}","model":"{served}",'
        f'"object":"chat.completion","prompt_filter_results":[{{"prompt_index":0,'
        f'"content_filter_results":{_SAFE}}}],"system_fingerprint":"fp_b705f0c291","usage":{usage}}}'
    )


_ERRORS = {
    401: '{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API '
    'endpoint. Make sure to provide a valid key for an active subscription."}}',
    429: '{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded '
    'call rate limit of your current pricing tier. Please retry after 7 seconds."}}',
    500: '{"error":{"code":"InternalServerError","message":"The server had an error while processing your '
    'request. Sorry about that!"}}',
}


def _body(text: str, size: int | None = None) -> Body:
    data = text.encode()
    return Body(text, len(data) if size is None else size, hashlib.sha256(data).hexdigest())


def _request_id(at_ns: int, rnd: random.Random) -> str:
    """A UUIDv7: its first 48 bits are the time in ms."""
    text = f"{at_ns // 10**6:012x}7{_hex(rnd, 3)}{rnd.choice('89ab')}{_hex(rnd, 15)}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
