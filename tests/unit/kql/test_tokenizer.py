"""Text becomes tokens."""

from __future__ import annotations

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.kql.parser import parse
from gatelog.kql.text.tokenizer import MAX_QUERY_LENGTH, tokenize


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    "text",
    [
        '"a \\" b"',
        "'it is \"so\"'",
        '@"C:\\temp\\""x"""',
        "@'it''s'",
        "```several\nlines ' \" ```",
        "~~~also\nthis~~~",
        'h"secret"',
        "H@'secret'",
    ],
)
def test_every_form_of_string_is_one_token(text: str) -> None:
    assert kinds(text) == [("string", text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("42", "long"),
        ("0x1fF", "long"),
        ("1.5", "real"),
        ("1.", "real"),
        ("1e3", "real"),
        ("2.5E-7", "real"),
        ("1d", "timespan"),
        ("2.5h", "timespan"),
        ("3min", "timespan"),
        ("4tick", "timespan"),
        ("10microseconds", "timespan"),
        ("datetime(2024-01-01 10:00)", "typed"),
        ("long(null)", "typed"),
        ("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "typed"),
        ("24h_total", "name"),
        ("1us", "name"),
        ("_x", "name"),
        ("$left", "name"),
        ("größe", "name"),
        ("project-away", "name"),
        ("!contains_cs", "punctuation"),
        ("!in~", "punctuation"),
        ("in~", "punctuation"),
        ("..", "punctuation"),
        ("=>", "punctuation"),
    ],
)
def test_a_word_or_number_is_one_token_of_its_kind(text: str, kind: str) -> None:
    assert kinds(text) == [(kind, text)]


def test_a_range_of_integers_is_not_read_as_reals() -> None:
    assert kinds("1..2") == [("long", "1"), ("punctuation", ".."), ("long", "2")]


def test_hyphens_separate_words_that_are_no_operators() -> None:
    assert [text for _, text in kinds("project-away-x a-b")] == [
        "project",
        "-",
        "away",
        "-",
        "x",
        "a",
        "-",
        "b",
    ]


def test_a_function_whose_name_ends_like_a_type_is_no_literal() -> None:
    assert kinds("todatetime(x)")[0] == ("name", "todatetime")


def test_comments_and_blanks_separate_and_disappear() -> None:
    assert [text for _, text in kinds("a//b 'c'\r\nd\u00a0e\ufeff// end")] == ["a", "d", "e"]


@pytest.mark.parametrize(
    ("text", "column"), [("१२", 11), ("1१", 12), ("12१4", 13), ("१d", 11), ("1 १", 13), ("٣e2", 11)]
)
def test_digits_of_other_scripts_make_no_number(text: str, column: int) -> None:
    """Python's `\\d` and int() take them; Kusto's language knows 0 to 9."""
    assert not {"long", "real", "timespan"} & {kind for kind, word in kinds(text) if not word.isascii()}
    with pytest.raises(KqlSyntaxError) as caught:
        parse(f"print x = {text}")
    assert (caught.value.place, caught.value.hint) == ((1, column), "digits are 0 to 9")


@pytest.mark.parametrize("text", ["1.१", "1.5१", "x.१"])
def test_nor_do_they_go_on_with_one(text: str) -> None:
    with pytest.raises(KqlSyntaxError):
        parse(f"print x = {text}")


def test_slashes_in_a_string_begin_no_comment() -> None:
    assert kinds('"http://x"') == [("string", '"http://x"')]


def test_offsets_point_into_the_text() -> None:
    text = "T // x\n| where  a"
    assert [text[token.start : token.end] for token in tokenize(text)] == ["T", "|", "where", "a", ""]


@pytest.mark.parametrize("text", ['"open', "'open", '@"open', "#", "\\", "```open"])
def test_what_is_no_token_is_kept_as_invalid(text: str) -> None:
    assert kinds(text)[0][0] == "invalid"


def test_a_text_over_the_limit_is_refused() -> None:
    assert tokenize(" " * MAX_QUERY_LENGTH)[-1].kind == "end"
    with pytest.raises(KqlSyntaxError, match="more than 262,144 characters"):
        tokenize(" " * (MAX_QUERY_LENGTH + 1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h'x' h 'x'", ["h'x'", "h", "'x'"]),
        ("h@'x' H```x``` h~~~x~~~", ["h@'x'", "H```x```", "h~~~x~~~"]),
        ("in~(in~in", ["in~", "(", "in~", "in"]),
        ("mv-expand a-b mv-expandx", ["mv-expand", "a", "-", "b", "mv", "-", "expandx"]),
        ("long(1) long (1) long", ["long(1)", "long", "(", "1", ")", "long"]),
        ("a!has b!in~(c) a!=b !hasx", ["a", "!has", "b", "!in~", "(", "c", ")", "a", "!=", "b", "!", "hasx"]),
        ("a..b a.b a=>b a==b", ["a", "..", "b", "a", ".", "b", "a", "=>", "b", "a", "==", "b"]),
    ],
)  # fmt: skip
def test_a_word_ends_where_another_token_would_begin(text: str, words: list[str]) -> None:
    assert [token.text for token in tokenize(text)[:-1]] == words
