"""JSON text for a JSON schema: what a model would say under `response_format` or as a tool's arguments."""

from __future__ import annotations

import json
import random
from typing import Any

from gatelog.simulator.words import compose

DEPTH_MAX = 8  # a recursive schema ends here with null


def json_for(rng: random.Random, model: str, schema: Any) -> str:
    """Compact JSON text valid for `schema`; an object with one member where there is no schema."""
    if not isinstance(schema, dict) or not schema:
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    return json.dumps(_value(rng, model, schema, schema, 0), ensure_ascii=False, separators=(",", ":"))


def _value(rng: random.Random, model: str, schema: Any, root: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth > DEPTH_MAX:
        return None
    if "$ref" in schema:
        return _value(rng, model, _referred(root, str(schema["$ref"])), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return rng.choice(schema["enum"])
    for branches in (schema.get("anyOf"), schema.get("oneOf")):
        if branches:
            return _value(rng, model, branches[0], root, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: _value(rng, model, child, root, depth + 1) for name, child in properties.items()}
    if kind == "array":
        count = max(int(schema.get("minItems", 2)), 1)
        return [_value(rng, model, schema.get("items"), root, depth + 1) for _ in range(count)]
    return _scalar(rng, model, kind, schema)


def _scalar(rng: random.Random, model: str, kind: str, schema: dict[str, Any]) -> Any:
    if kind == "string":
        return compose(rng, model, rng.randint(1, 6))
    if kind in ("integer", "number"):
        low = schema.get("minimum", 0)
        number = low + rng.randint(0, int(schema.get("maximum", low + 100) - low))
        return number if kind == "integer" else number + 0.0
    return rng.random() < 0.5 if kind == "boolean" else None


def _referred(root: dict[str, Any], reference: str) -> Any:
    """The part of the schema that a local reference such as #/$defs/Item names."""
    part: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        part = part.get(name) if name and isinstance(part, dict) else part
    return part
