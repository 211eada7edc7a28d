"""A request in, an answer out: what the resource would say, without a wire.

key → route → deployment → limits → operation
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gatelog.model import OperationKind
from gatelog.simulator.answer import Answer, json_answer
from gatelog.simulator.ask import Ask
from gatelog.simulator.chat import chat
from gatelog.simulator.completions import completions
from gatelog.simulator.embeddings import embeddings
from gatelog.simulator.errors import denied, invalid, not_found, throttled, unknown_deployment
from gatelog.simulator.form import form_fields
from gatelog.simulator.limits import Limits, Verdict
from gatelog.simulator.media import image, speech, transcription
from gatelog.simulator.models import Models
from gatelog.simulator.objects import Objects
from gatelog.simulator.received import Received
from gatelog.simulator.responses import responses
from gatelog.simulator.route import Kind, Route, resolve
from gatelog.simulator.script import Script

CACHED_ANSWERS_MAX = 1_024
CACHED_REQUEST_BYTES_MAX = 65_536
HEALTH_PATH = "/status-0123456789abcdef"  # the path that API Management answers for health probes

_MODEL_CALLS: dict[OperationKind, Callable[[Ask], Answer]] = {
    OperationKind.CHAT: chat,
    OperationKind.COMPLETIONS: completions,
    OperationKind.EMBEDDINGS: embeddings,
}


@dataclass(slots=True)
class Reply:
    """An answer and what the ledger says of its request."""

    answer: Answer
    operation: str
    deployment: str = ""
    ready: tuple[bytes, bytes] | None = None  # fixed head and framed body, once they were made


class Service:
    """One resource: its key, its deployments, and what it keeps."""

    def __init__(
        self,
        name: str,
        *,
        kind: Kind,
        api_key: str | None,
        seed: int,
        deployments: Mapping[str, str] | Iterable[str] | None,
    ) -> None:
        self._kind = kind
        self._api_key = api_key
        self._seed = seed
        self._models = Models(kind, deployments)
        self._objects = Objects(name, seed)
        self._limits = Limits()
        self._cached: OrderedDict[tuple[str, bytes, Script], Reply] = OrderedDict()

    def route(self, received: Received) -> Route | None:
        """The route of a request; None where this resource has nothing."""
        return resolve(self._kind, received.method, received.target)

    def reply(self, received: Received, route: Route | None, script: Script) -> Reply:
        """What the resource answers."""
        if received.target.startswith(HEALTH_PATH):
            return Reply(json_answer({"status": "ok"}), "health")
        if not self._admitted(received):
            return Reply(denied(self._kind), _name(received, route), route.deployment if route else "")
        if route is None:
            return Reply(not_found(), _name(received, route))
        if received.header("upgrade"):
            return Reply(
                invalid("WebSockets are not simulated.", status=501), route.operation, route.deployment
            )
        try:
            received = received.decoded()
        except ValueError as error:
            refusal = invalid(f"We could not decode the body of your request: {error}")
            return Reply(refusal, route.operation, route.deployment)
        if route.kind is OperationKind.OTHER:
            return self._other(received, route, script)
        return self._model_call(received, route, script)

    def spend(self, script: Script, now_s: float, route: Route, reply: Reply) -> tuple[Reply, Verdict]:
        """Count the reply against the limits of the minute; over them, a 429 takes its place."""
        answer = reply.answer
        verdict = self._limits.admit(script, now_s, answer.prompt_tokens + answer.completion_tokens)
        if verdict.exceeded:
            refused = throttled(route, verdict.retry_after_s, verdict.exceeded)
            reply = Reply(refused, reply.operation, reply.deployment)
        return reply, verdict

    def _admitted(self, received: Received) -> bool:
        if self._api_key is None:
            return True
        bearer = (received.header("authorization") or "").removeprefix("Bearer ")
        given = received.header("api-key") or bearer
        return hmac.compare_digest(given.encode(), self._api_key.encode())

    def _model_call(self, received: Received, route: Route, script: Script) -> Reply:
        """Equal requests have equal answers: they are generated once."""
        key = (received.target, received.body, script)
        if (known := self._cached.get(key)) is not None:
            return known
        request, problem = _json_object(received.body)
        deployment = route.deployment or str(request.get("model", ""))
        answer = problem or self._generated(request, route, deployment, script)
        reply = Reply(answer, route.operation, deployment)
        if len(received.body) <= CACHED_REQUEST_BYTES_MAX:
            self._cached[key] = reply
            if len(self._cached) > CACHED_ANSWERS_MAX:
                self._cached.popitem(last=False)
        return reply

    def _generated(self, request: dict[str, Any], route: Route, deployment: str, script: Script) -> Answer:
        model = self._models.serving(deployment, route.kind)
        if model is None:
            return unknown_deployment(self._kind, deployment)
        if "stream_options" in request and route.dated and route.api_version < script.stream_options_since:
            return invalid("Unrecognized request argument supplied: stream_options")
        ask = Ask(self._kind, route, request, model, script, self._seed)
        return _MODEL_CALLS[route.kind](ask)

    def _other(self, received: Received, route: Route, script: Script) -> Reply:
        request, problem = _json_object(received.body)
        fields = request or form_fields(received.body)
        deployment = route.deployment or str(fields.get("model", ""))
        if route.operation == "createresponse":
            answer = problem or self._response(request, route, deployment, script)
        else:
            answer = self._plain(received, route, fields, deployment)
        return Reply(answer, route.operation, deployment)

    def _response(self, request: dict[str, Any], route: Route, deployment: str, script: Script) -> Answer:
        model = self._models.serving(deployment, route.kind)
        if model is None:
            return unknown_deployment(self._kind, deployment)
        return responses(Ask(self._kind, route, request, model, script, self._seed), self._objects)

    def _plain(self, received: Received, route: Route, fields: dict[str, Any], model: str) -> Answer:
        if route.operation in ("transcriptions_create", "translations_create"):
            return transcription(received.body, fields, self._seed)
        if route.operation == "speech_create":
            return speech(received.body, model)
        if route.operation in ("imagegenerations_create", "createimageedit"):
            return image(received.body, fields, model)
        if route.tail == "models" and received.method == "GET":
            return json_answer(self._models.listing())
        kept = self._objects.answer(received.method, route.tail, fields)
        return kept or _echo(received, route)


def _echo(received: Received, route: Route) -> Answer:
    """An operation that has no simulation: what arrived, so that a test can see it."""
    size = len(received.body)
    return json_answer({"object": "echo", "operation": route.operation, "received_bytes": size})


def _name(received: Received, route: Route | None) -> str:
    path = received.target.partition("?")[0]
    return route.operation if route else f"{received.method} {path}"


def _json_object(body: bytes) -> tuple[dict[str, Any], Answer | None]:
    """The body as an object, or the 400 that says why it is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any]), None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return {}, invalid(f"We could not parse the JSON body of your request: {error}")
