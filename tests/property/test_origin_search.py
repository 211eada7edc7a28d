"""What is read from JSON is found however the JSON is spelled, whether its letters and words are looked at
before or not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog.model import Body, Operation, OperationKind, PathFamily
from gatelog.store import Store
from gatelog.testing.records import chat_exchange

from .stored_answers import rows

WORDS = ("wagon", "Notes", "TAXI", "bookſ", "Straße", "users", "u2028", "abcde", "null", "客户")
BORDERS = [*' .-/"\\\n\t\b\f\r', "\u2028", "\u2029", "\u0301", "é", "\u212a", "İ", "😀", "4711", "1e3", ""]
EMBEDDINGS = Operation(
    "embeddings_create", OperationKind.EMBEDDINGS, PathFamily.DEPLOYMENT, "embeddings", "e", ""
)
OPERATORS = (
    *("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs"),
    *("contains", "contains_cs", "startswith", "endswith", "!has", "!contains"),
)
VALUES = (
    *("RequestMessages", "RequestMessages[0].content", "RequestMessages[0]"),
    *("ResponseMessages", "ResponseMessages[0].content"),
)


def _texts(count: int) -> list[str]:
    rnd = random.Random(2026)
    return [
        "".join(rnd.choice(BORDERS) + rnd.choice(WORDS) for _ in range(rnd.randint(1, 4)))
        for _ in range(count)
    ]


def _spelled(text: str, rnd: random.Random) -> str:
    """A string in JSON: some of its characters as escapes, as few or as many as a client may write."""
    share = rnd.choice((0.0, 0.0, 0.1, 1.0))
    return f'"{"".join(_escaped(one, rnd) if rnd.random() < share else _plain(one) for one in text)}"'


def _plain(character: str) -> str:
    return json.dumps(character, ensure_ascii=False)[1:-1]


def _escaped(character: str, rnd: random.Random) -> str:
    """By number, in digits of either case."""
    units = character.encode("utf-16-be").hex()
    digits = units.upper() if rnd.random() < 0.5 else units
    return "".join(f"\\u{digits[place : place + 4]}" for place in range(0, len(digits), 4))


def _request(text: str, rnd: random.Random) -> str:
    said = _spelled(text, rnd)
    chat = f'{{"messages":[{{"role":"user","content":{said}}}],"user":"u"}}'
    return rnd.choice((chat, chat, f'{{"prompt":{said}}}', f'{{"input":[{said}]}}', f'{{"note":{said}}}'))


def _response(text: str, rnd: random.Random) -> str:
    said = _spelled(text, rnd)
    chat = f'{{"choices":[{{"message":{{"role":"assistant","content":{said}}}}}]}}'
    return rnd.choice((chat, chat, f'{{"choices":[{{"text":{said}}}]}}', f'{{"output":[{said}]}}'))


TEXTS = _texts(1_500)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A call for each text, every fifth one an embedding call."""
    rnd = random.Random(2026)
    exchange = chat_exchange()
    embedding = msgspec.structs.replace(exchange.call, operation=EMBEDDINGS)
    opened = Store.open("chdb://:memory:", database="property_origins")
    opened.insert(
        [
            msgspec.structs.replace(
                chat_exchange(number),
                call=exchange.call if number % 5 else embedding,
                content=msgspec.structs.replace(
                    exchange.content, request=Body(_request(text, rnd)), response=Body(_response(text, rnd))
                ),
            )
            for number, text in enumerate(TEXTS)
        ]
    )
    yield opened
    opened.close()


@st.composite
def needles(draw: st.DrawFn) -> str:
    """A piece of one of the texts, or a word with a letter of an escape before it."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text) - 1))
    word = draw(st.sampled_from("ntbfru8")) + draw(st.sampled_from(WORDS))
    return draw(
        st.just(text[start : start + draw(st.integers(4, 12))]) | st.sampled_from(WORDS) | st.just(word)
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(needle=needles(), operator=st.sampled_from(OPERATORS), value=st.sampled_from(VALUES))
def test_the_same_rows_with_and_without_a_look_at_the_json(
    store: Store, needle: str, operator: str, value: str
) -> None:
    """Every row that has the needle in what is read, and no other."""
    quoted = json.dumps(needle, ensure_ascii=False)
    query = f"ApiManagementGatewayLlmLog | where {value} {operator} {quoted} | project CorrelationId"
    assert rows(store, query, use_paths=True) == rows(store, query, use_paths=False)
