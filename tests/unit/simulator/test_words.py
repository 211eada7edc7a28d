"""Generated text has exactly the tokens that were asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.provider import Tokenizers
from gatelog.simulator.json_text import json_for
from gatelog.simulator.words import compose, cut, generator, units

MODELS = st.sampled_from(["gpt-4o", "gpt-4"])


@given(st.integers(), MODELS, st.integers(0, 300))
def test_a_text_has_exactly_the_tokens_asked_for(seed, model, tokens):
    text = compose(generator(seed), model, tokens)
    assert Tokenizers.count_text(model, text) == (tokens, True)
    assert compose(generator(seed), model, tokens) == text


@given(st.text(max_size=80), MODELS)
def test_units_are_the_tokens_of_a_text_in_whole_characters(text, model):
    found = units(model, text)
    assert "".join(unit.text for unit in found) == text
    assert b"".join(token for unit in found for token in unit.tokens) == text.encode()
    assert sum(len(unit.tokens) for unit in found) == Tokenizers.count_text(model, text)[0]


@given(st.text(max_size=80), st.integers(0, 40))
def test_a_cut_text_is_a_beginning_of_it(text, tokens):
    kept = cut("gpt-4o", text, tokens)
    assert text.startswith(kept)
    assert Tokenizers.count_text("gpt-4o", kept)[0] <= tokens
    assert kept == text or tokens < Tokenizers.count_text("gpt-4o", text)[0]


def test_texts_hold_characters_of_every_utf8_length():
    text = compose(generator(0), "gpt-4o", 400)
    assert {len(character.encode()) for character in text} == {1, 2, 3, 4}


def test_json_follows_its_schema():
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["C", "F"]},
            "days": {"type": "integer", "minimum": 3, "maximum": 5},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
            "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        },
        "$defs": {"Part": {"type": "object", "properties": {"share": {"type": "number"}}}},
    }
    said = json.loads(json_for(generator(1), "gpt-4o", schema))
    assert isinstance(said["city"], str)
    assert said["unit"] in ("C", "F")
    assert 3 <= said["days"] <= 5
    assert all(isinstance(part["share"], float) for part in said["parts"])
    assert isinstance(said["maybe"], bool)


@pytest.mark.parametrize("schema", [None, {}, {"$ref": "#"}, {"type": ["string", "null"]}, {"type": "null"}])
def test_any_schema_yields_json(schema):
    json.loads(json_for(generator(1), "gpt-4o", schema))
