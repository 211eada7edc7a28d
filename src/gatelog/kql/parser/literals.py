"""Literals, types, schemas, and the parameters of operators.

literal := string string* | number | timespan | true | false | type(text) | dynamic(json)
json    := [json, ...] | {string: json, ...} | null | -number | literal
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Final
from uuid import UUID

from gatelog.kql import ast
from gatelog.kql.parser.cursor import Cursor
from gatelog.kql.parser.values import (
    long_value,
    string_value,
    time_of_day_value,
    timespan_value,
    typed_value,
)
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.text.tokens import LONG, NAME, REAL, STRING, TIMESPAN, TYPES, Token

_BOOLEANS: Final = {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_JSON_TYPES: Final = {"bool", "dynamic", "long", "real", "string"}
_FORMATS: Final = {
    "bool": "true or false",
    "datetime": "year-month-day hour:minute:second, with the last parts optional",
    "decimal": "a number with up to 42 digits before its point",
    "guid": "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    "int": "a whole number of 32 bits, in digits or as 0x and up to 8 hexadecimal ones",
    "long": "a whole number of 64 bits, in digits or as 0x and up to 16 hexadecimal ones",
    "real": "a number, nan, +inf or -inf",
    "timespan": "days.hours:minutes:seconds with hours below 24, or a number with a unit such as 1.5h",
}


class LiteralParser(Cursor):
    """Rules for what is constant in the text."""

    def literal(self) -> ast.Expression | None:
        """The literal at the cursor, or None when there is none.

        A `Literal`, but for datetime(now), datetime() and a time of today: they depend on the clock and
        become calls.
        """
        match self.token.kind:
            case "string":
                return self.string()
            case "long" | "real" | "timespan":
                return self._number(self.advance())
            case "typed":
                return self._typed(self.advance())
        if self.text in _BOOLEANS:
            token = self.advance()
            return ast.Literal(ast.Span(token.start, token.end), "bool", _BOOLEANS[token.text])
        if self.text == "dynamic" and self.peek().text == "(":
            return self._dynamic()
        return None

    def signed_literal(self) -> ast.Expression:
        """A literal that may carry a sign: a value of datatable, a default."""
        if self.text in {"-", "+"} and self.peek().kind in {LONG, REAL, TIMESPAN}:
            return self.signed_number()
        literal = self.literal()
        if literal is None and self._at_open_literal():
            raise self.error_at(len(self.query), f"the literal {self.text}(...) is not closed")
        if literal is None:
            hint = "a null is typed: long(null), dynamic(null), ..." if self.text == "null" else ""
            raise self.error("a literal", hint)
        return literal

    def _at_open_literal(self) -> bool:
        """Whether `datetime(2024-01-01` is next, which would be one token if it were closed."""
        following, is_typed = self.peek(), self.text in TYPES and self.text != "string"
        return is_typed and following.text == "(" and following.start == self.token.end

    def signed_number(self) -> ast.Literal:
        """`-1`: the sign and the number that follows it, as one literal."""
        sign = self.advance()
        number = self._number(self.advance())
        span = ast.Span(sign.start, number.span.end)
        assert isinstance(number.value, int | float)
        return ast.Literal(span, number.type, -number.value if sign.text == "-" else number.value)

    def string(self) -> ast.Literal:
        """One string, or several side by side that make one."""
        start = self.token.start
        if self.token.kind != STRING:
            raise self.error("a string")
        value = string_value(self.query, self.advance())
        while self.token.kind == STRING:
            value += string_value(self.query, self.advance())
        return ast.Literal(self.span_from(start), "string", value)

    def type_name(self) -> str:
        """A type, by its canonical name."""
        token = self.token
        if token.kind != NAME or token.text.lower() not in TYPES:
            kinds = f"one of {', '.join(dict.fromkeys(TYPES.values()))}"
            raise self.error("a type", did_you_mean(token.text, TYPES) or kinds)
        return TYPES[self.advance().text.lower()]

    def column_declaration(self) -> ast.ColumnDeclaration:
        """`name: type`."""
        start = self.token.start
        name = self.name("a column name")
        self.expect(":")
        return ast.ColumnDeclaration(self.span_from(start), name.value, self.type_name())

    def declaration_with_default(self) -> ast.ColumnDeclaration:
        """`name: type = literal`."""
        declared = self.column_declaration()
        if not self.accept("="):
            return declared
        default = self.signed_literal()
        return ast.ColumnDeclaration(
            self.span_from(declared.span.start), declared.name, declared.type, default
        )

    def type_of(self) -> ast.TypeOf:
        """`typeof(type, ...)` or `typeof(schema)`."""
        start = self.expect("typeof").start
        parenthesized = self.peek().text == "(" and self.text == "("
        if parenthesized or self.peek(2).text == ":" or self.peek().text == "*":
            return self.row_schema(start)
        types = self.parenthesized_list_of(self.type_name)
        return ast.TypeOf(self.span_from(start), types)

    def row_schema(self, start: int) -> ast.TypeOf:
        """`(*, name: type, ...)`, with a second pair of parentheses allowed."""
        self.expect("(")
        doubled = self.accept("(")
        star = self.accept("*")
        if star:
            self.accept(",")
        columns = () if self.text == ")" else self.list_of(self.column_declaration, until=(")",))
        self.expect(")")
        if doubled:
            self.expect(")")
        return ast.TypeOf(self.span_from(start), (), columns, star)

    def parameter(self) -> ast.Parameter:
        """`name = value`, or `hint.name = value`."""
        start = self.token.start
        name = self.advance().text
        if name == "hint":
            self.expect(".")
            name = f"hint.{self.advance().text}"
        self.expect("=")
        value = self._parameter_value()
        return ast.Parameter(self.span_from(start), name, value)

    def _parameter_value(self) -> str:
        if self.token.kind == STRING:
            return string_value(self.query, self.advance())
        if self.at_quoted_name():
            return self.name().value
        if self.token.kind not in {NAME, LONG}:
            raise self.error("the value of a parameter")
        return self.advance().text

    def _number(self, token: Token) -> ast.Literal:
        span = ast.Span(token.start, token.end)
        if token.kind == REAL:
            return ast.Literal(span, "real", float(token.text))
        is_long = token.kind == LONG
        value = long_value(token.text) if is_long else timespan_value(token.text)
        kind = "long" if is_long else "timespan"
        if value is None:
            hint = "the smallest long is long(-9223372036854775808)" if is_long else ""
            raise self.error_at(token.start, f"{token.text} does not fit in a {kind}", hint)
        return ast.Literal(span, kind, value)

    def _typed(self, token: Token) -> ast.Expression:
        spelling, _, rest = token.text.partition("(")
        kind, text = TYPES[spelling], rest[:-1].strip()
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1].strip()
        span = ast.Span(token.start, token.end)
        if text == "null" or (not text and kind != "datetime"):
            return ast.Literal(span, kind, None)
        value = typed_value(kind, text)
        if value is not None:
            return ast.Literal(span, kind, value)
        if kind == "datetime" and (relative := self._clock_datetime(span, text)):
            return relative
        hint = f"{kind}(...) holds {_FORMATS[kind]}"
        raise self.error_at(token.start, f"'{text}' does not read as {kind}", hint)

    def _clock_datetime(self, span: ast.Span, text: str) -> ast.Expression | None:
        now = ast.Call(span, "now", ())
        if text in ("now", ""):
            return now
        ticks = time_of_day_value(text)
        if ticks is None:
            return None
        return ast.Binary(
            span, "+", ast.Call(span, "startofday", (now,)), ast.Literal(span, "timespan", ticks)
        )

    def _dynamic(self) -> ast.Literal:
        start = self.advance().start
        self.expect("(")
        value = self._json()
        self.expect(
            ")", "a dynamic literal is JSON; build a value from columns with bag_pack() or pack_array()"
        )
        return ast.Literal(self.span_from(start), "dynamic", value)

    def _json(self) -> ast.DynamicValue:
        self.enter()
        try:
            if self.accept("["):
                return self._json_array()
            if self.accept("{"):
                return self._json_object()
            return self._json_scalar()
        finally:
            self.depth -= 1

    def _large_number(self) -> int | float:
        """A number of JSON that is no positive long: the smallest long, or a real."""
        sign = self.advance().text if self.text in {"-", "+"} else ""
        token = self.advance()
        value = long_value(sign + token.text) if token.kind == LONG else None
        if value is not None:
            return value
        number = float(sign + token.text)
        if not isfinite(number):
            raise self.error_at(token.start, f"{token.text} does not fit in a real")
        return number

    def _json_array(self) -> list[ast.DynamicValue]:
        items = [] if self.text == "]" else list(self.list_of(self._json))
        self.expect("]")
        return items

    def _json_object(self) -> dict[str, ast.DynamicValue]:
        pairs = () if self.text == "}" else self.list_of(self._json_pair)
        self.expect("}")
        return dict(pairs)

    def _json_pair(self) -> tuple[str, ast.DynamicValue]:
        if self.token.kind != STRING:
            raise self.error("a string as key", 'keys are quoted: dynamic({"name": 1})')
        key = string_value(self.query, self.advance())
        self.expect(":")
        return key, self._json()

    def _json_scalar(self) -> ast.DynamicValue:
        if self.accept("null"):
            return None
        number = self.peek() if self.text in {"-", "+"} else self.token
        is_large = number.kind == LONG and number.text.isdigit() and long_value(number.text) is None
        if is_large or number.kind == REAL:
            return self._large_number()
        literal = self.signed_literal()
        if not isinstance(literal, ast.Literal):
            raise self.error_at(literal.span.start, "a dynamic literal must be constant")
        if literal.type in _JSON_TYPES and not isinstance(literal.value, Decimal | UUID):
            return literal.value
        return literal
