"""The reference page of all settings, written from the schema: what it says is what the reader does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from gatelog.config.annotation import Annotation
from gatelog.config.kinds import KINDS
from gatelog.config.schema import Config
from gatelog.config.units import Unit, format_duration, format_size

INTRODUCTION = """\
# Configuration

One YAML file, read and checked whole before anything starts: every mistake is reported at once, as
`path: what: hint` (`gatelog check --config FILE`). Unknown and repeated keys are mistakes.

- **Durations** are written `500ms`, `30s`, `5m`, `1h30m`, `2d`; a bare number is seconds.
- **Sizes** are written `256KiB`, `10MB`; a bare number is bytes.
- **Addresses** are `host:port`, IPv6 in brackets; port 0 takes a free one.
- `${env:NAME}` and `${file:PATH}` stand for the text of a variable or a file, inside any value; `$${` is a
  literal `${`.
- Relative paths start at the configuration file.

The smallest useful file:

```yaml
data: ./data
gateway: {listen: "127.0.0.1:8080"}
hub: {listen: "127.0.0.1:8081", anonymous: true}
backends:
  east: {kind: azure-openai, url: "https://my-resource.openai.azure.com", api_key: "${env:EAST_KEY}"}
products:
  default: {backends: [east], capture: required}
subscriptions:
  team-a: {product: default, keys: ["${env:TEAM_A_KEY}"]}
```
"""


class Row(NamedTuple):
    """One setting, as the page shows it; in `path`, `<name>` stands for a name that the operator chooses."""

    path: str
    kind: str
    default: str
    meaning: str


class Section(NamedTuple):
    """The settings of one struct of the schema."""

    path: str
    meaning: str
    rows: list[Row]


def sections() -> Iterator[Section]:
    """Every section of the configuration, from the top."""
    yield from _sections("", Config, "")


def render() -> str:
    """The whole page, Markdown."""
    parts = [INTRODUCTION]
    for section in sections():
        heading = f"## `{section.path}`" if section.path else "## Top level"
        lines = ["| setting | type | default | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{path}` | {kind} | {default} | {meaning} |" for path, kind, default, meaning in section.rows
        ]
        parts.append("\n".join([heading, "", section.meaning, "", *lines, ""]))
    return "\n".join(parts)


def _sections(path: str, struct: type[msgspec.Struct], meaning: str) -> Iterator[Section]:
    hints = get_type_hints(struct, include_extras=True)
    rows: list[Row] = []
    below: list[tuple[str, type[msgspec.Struct], str]] = []
    for field in msgspec.structs.fields(struct):
        wanted = Annotation(hints[field.name])
        name = f"{path}.{field.name}" if path else field.name
        if get_origin(wanted.plain) is dict:
            below.append((f"{name}.<name>", get_args(wanted.plain)[1], ""))
        elif wanted.is_section:
            below.append((name, wanted.plain, wanted.setting.meaning))
        else:
            rows.append(Row(name, _kind(wanted), _default(field, wanted), _meaning(wanted)))
    described = inspect.getdoc(struct) or ""
    yield Section(path, f"{described} {meaning[:1].upper()}{meaning[1:]}".strip(), rows)
    for section in below:
        yield from _sections(*section)


def _kind(wanted: Annotation) -> str:
    origin = get_origin(wanted.plain)
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(wanted.plain))
    if origin is tuple:
        return f"list of {KINDS[Annotation(get_args(wanted.plain)[0]).kind_key].name}s"
    return KINDS[wanted.kind_key].name


def _default(field: msgspec.structs.FieldInfo, wanted: Annotation) -> str:
    if field.required:
        return "**required**"
    value = field.default
    if value is None or value == "":
        return "none"
    if value == ():
        return "empty"
    return f"`{_text(value, wanted)}`"


def _text(value: Any, wanted: Annotation) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if wanted.kind_key is Unit.SECONDS:
        return format_duration(value)
    return format_size(value).replace(" ", "") if wanted.kind_key is Unit.BYTES else str(value)


def _meaning(wanted: Annotation) -> str:
    setting = wanted.setting
    if wanted.kind_key is int or isinstance(wanted.kind_key, Unit):
        kind = KINDS[wanted.kind_key]
        low, high = setting.minimum, setting.maximum
        if high != float("inf"):
            return f"{setting.meaning} ({kind.format(low)} to {kind.format(high)})"
        if low:
            return f"{setting.meaning} (at least {kind.format(low)})"
    return setting.meaning
