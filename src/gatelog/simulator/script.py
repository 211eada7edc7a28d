"""What a simulator is told to do: timing, wire shape, faults; read from a file, overridden per request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from gatelog.errors import ConfigError, ConfigProblem

OVERRIDE_HEADER = "x-simulate"
STALL_SECONDS_MAX = 3_600  # a stalled answer is dropped then: a forgotten client costs no memory for ever

Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=600_000)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong.

    kind         what happens
    status       an error answer: `status`, `code`, `message`, `retry_after_s`
    reset        TCP RST
    close        the connection is closed in order, the message is not finished
    stall        nothing more is sent, the connection stays open
    truncate     the message is finished in order, but lacks its rest (a stream: its `[DONE]`)
    error_event  an event with `error` takes the place of the rest of a stream

    `after_bytes` counts body bytes as sent, without chunk framing; None is before the head, and 0 for the
    last two, which wait for the end of an event. `first` limits the fault to the first requests that it fits,
    `skip` spares some before; `operation` and `deployment` restrict what it fits ("" = all).
    """

    kind: Literal["status", "reset", "close", "stall", "truncate", "error_event"]
    after_bytes: Count | None = None
    probability: Share = 1.0
    first: Count | None = None
    skip: Count = 0
    operation: str = ""
    deployment: str = ""
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    code: str = ""
    message: str = ""
    retry_after_s: Annotated[float, msgspec.Meta(ge=0)] | None = None

    def fits(self, operation: str, deployment: str) -> bool:
        """Whether the fault is meant for this kind of request."""
        return self.operation in ("", operation) and self.deployment in ("", deployment)


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a simulator behaves. The default answers at once and correctly.

    `latency_ms` passes before the head, `pace_ms` between the events of a stream. `chunk_bytes` is the size
    of HTTP chunks and `write_bytes` that of single writes to the socket (0 = as it comes). `framing` "auto"
    is chunked for streams and Content-Length for the rest. Lengths of answers are drawn from `tokens_min`
    to `tokens_max`. `stream_options_since` is the first api-version that accepts `stream_options`. The limits
    per minute refuse with 429 (0 = none).
    """

    latency_ms: Milliseconds = 0
    pace_ms: Milliseconds = 0
    chunk_bytes: Count = 0
    write_bytes: Count = 0
    gzip: bool = False
    framing: Literal["auto", "chunked", "length", "close"] = "auto"
    faults: tuple[Fault, ...] = ()
    filter_mode: Literal["default", "async", "off"] = "default"
    tokens_min: Annotated[int, msgspec.Meta(ge=1, le=16_384)] = 16
    tokens_max: Annotated[int, msgspec.Meta(ge=1, le=16_384)] = 96
    tool_call_share: Share = 0.5
    stream_options_since: str = ""
    requests_per_minute: Count = 0
    tokens_per_minute: Count = 0
    region: str = "Sweden Central"
    accept_override: bool = True

    @property
    def immediate(self) -> bool:
        """Whether an answer can be written at once, as one piece."""
        slow = self.latency_ms or self.pace_ms or self.chunk_bytes or self.write_bytes
        return not (slow or self.gzip or self.faults or self.framing == "close")

    def overridden(self, header: bytes | str) -> Script:
        """This script with the members of a JSON object replaced; raises msgspec.ValidationError."""
        changes = msgspec.json.decode(header, type=dict[str, Any])
        return msgspec.convert({**msgspec.to_builtins(self), **changes}, Script)


def read_script(path: Path) -> Script:
    """The script in a YAML or JSON file; raises ConfigError naming the file."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Script)
    except OSError as error:
        what, hint = f"cannot be read ({error.strerror})", "name an existing file"
    except (UnicodeDecodeError, msgspec.MsgspecError) as error:
        what, hint = f"is no script: {error}", f"its members: {', '.join(Script.__struct_fields__)}"
    raise ConfigError([ConfigProblem(str(path), what, hint)])
