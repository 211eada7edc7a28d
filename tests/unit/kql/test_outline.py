"""A text by its syntax alone: colours, whether it can be run, how it is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.errors import KqlSyntaxError
from gatelog.kql import RenderHint, Style, ends_in_query, pieces, render_of
from gatelog.kql.text.tokenizer import MAX_QUERY_LENGTH


def styles(text: str) -> list[tuple[Style, str]]:
    return [piece for piece in pieces(text) if piece.style is not Style.SPACE]


def test_each_piece_has_its_style() -> None:
    text = "let a = 1d; // one\nCalls | where b !has 'x' and c == count(d:long)"
    assert styles(text) == [
        (Style.KEYWORD, "let"),
        (Style.NAME, "a"),
        (Style.PUNCTUATION, "="),
        (Style.NUMBER, "1d"),
        (Style.PUNCTUATION, ";"),
        (Style.COMMENT, "// one\n"),
        (Style.NAME, "Calls"),
        (Style.PUNCTUATION, "|"),
        (Style.OPERATOR, "where"),
        (Style.NAME, "b"),
        (Style.KEYWORD, "!has"),
        (Style.STRING, "'x'"),
        (Style.KEYWORD, "and"),
        (Style.NAME, "c"),
        (Style.PUNCTUATION, "=="),
        (Style.FUNCTION, "count"),
        (Style.PUNCTUATION, "("),
        (Style.NAME, "d"),
        (Style.PUNCTUATION, ":"),
        (Style.TYPE, "long"),
        (Style.PUNCTUATION, ")"),
    ]


def test_a_comment_ends_where_the_tokenizer_ends_it() -> None:
    """What is behind it is as grey as it is not run; Python knows further ends of lines."""
    for end in "\n\r\u2028\u2029":
        assert styles(f"// a b{end}c") == [(Style.COMMENT, f"// a b{end}"), (Style.NAME, "c")]
    for other in "\x0b\x0c\x1c\x1d\x1e\x85":
        assert styles(f"// a{other}b") == [(Style.COMMENT, f"// a{other}b")]
    assert styles("// a\r\n// b\rc") == [
        (Style.COMMENT, "// a\r\n"),
        (Style.COMMENT, "// b\r"),
        (Style.NAME, "c"),
    ]


def test_a_string_that_is_not_closed_shows() -> None:
    assert styles("print 'abc") == [(Style.KEYWORD, "print"), (Style.INVALID, "'abc")]


@given(st.text(alphabet=st.sampled_from("ab1 |'\"/\n\r\t\x0b\x85\u2028.!=([{~`@h\\é\0"), max_size=60))
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


def test_a_text_that_is_too_long_is_one_piece() -> None:
    text = "x" * (MAX_QUERY_LENGTH + 1)
    assert list(pieces(text)) == [(Style.INVALID, text)]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("Calls", True),
        ("let a = 1;", False),
        ("let a = 1; Calls | take a", True),
        ("set a = 1;", False),
        ("Calls | whre x", True),  # so that the error is shown
        ("print 1; let a = 2", False),
    ],
)
def test_a_text_can_be_run_when_it_ends_in_a_query(text: str, runs: bool) -> None:
    assert ends_in_query(text) is runs


def test_the_last_render_of_the_last_statement_counts() -> None:
    assert render_of(
        "T | render piechart; T | render timechart with (title='x', kind=stacked)"
    ) == RenderHint("timechart", (("title", "x"), ("kind", "stacked")))
    assert render_of("T | render piechart; T") is None
    with pytest.raises(KqlSyntaxError):
        render_of("T |")
