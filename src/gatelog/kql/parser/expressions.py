"""Scalar expressions: operators by precedence climbing, then calls and paths.

binds loosest   or
                and
                == != <>   in !in in~ !in~ has_any has_all   between !between
                < <= > >=
                + -
                * / %
                =~ !~ has contains startswith endswith matches regex ... and their kin, :
binds tightest  sign, then .name [index] (arguments)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from gatelog.kql import ast
from gatelog.kql.parser.literals import LiteralParser
from gatelog.kql.text.foreign_words import argument_hint, function_hint, name_hint
from gatelog.kql.text.tokens import LONG, NAME, REAL, RESERVED_WORDS, STRING, TEXT_OPERATORS, TIMESPAN

_OR, _AND, EQUALITY, _RELATION, _SUM, _PRODUCT, _TEXT = range(1, 8)
_LIST_OPERATORS: Final = ("in", "!in", "in~", "!in~", "has_any", "has_all")
_POWERS: Final = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("==", "!=", "<>", "between", "!between", *_LIST_OPERATORS), EQUALITY),
    **dict.fromkeys(("<", "<=", ">", ">="), _RELATION),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%"), _PRODUCT),
    **dict.fromkeys(("=~", "!~", ":", "matches", "like", "notlike", "likecs", "notlikecs"), _TEXT),
    **dict.fromkeys(("containscs", "notcontains", "notcontainscs"), _TEXT),
    **{sign + operator: _TEXT for operator in TEXT_OPERATORS for sign in ("", "!")},
}
"""How tightly each binary operator binds; what is not here ends an expression."""

_BETWEEN: Final = "between (low .. high)"

_SPELLINGS: Final = {
    "<>": "!=",
    "containscs": "contains_cs",
    "notcontains": "!contains",
    "notcontainscs": "!contains_cs",
}


def binding_power(operator: str) -> int:
    """How tightly a binary operator binds; 0 for what is none."""
    return _POWERS.get(operator, 0)


class ExpressionParser(LiteralParser, ABC):
    """Rules for expressions; a table may stand in parentheses and in arguments, hence `pipeline`."""

    @abstractmethod
    def pipeline(self) -> ast.Expression:
        """A pipeline; a plain expression when there is no operator in it."""

    def expression(self, above: int = 0) -> ast.Expression:
        """An expression made of operators that bind tighter than `above`."""
        depth = self.depth
        self.enter()
        left = self._operand()
        while (power := _POWERS.get(self.text, 0)) > above:
            if power <= _AND:
                left = self._logical(left, power)
            else:
                self.enter()
                left = self._binary(left, power)
        self.depth = depth
        return left

    def _logical(self, first: ast.Expression, power: int) -> ast.Expression:
        operator = self.text
        operands = [first]
        while self.accept(operator):
            operands.append(self.expression(power))
        return _balanced(operator, operands)

    def _binary(self, left: ast.Expression, power: int) -> ast.Expression:
        operator = self.advance().text
        if operator in _LIST_OPERATORS:
            if self.text != "(":
                raise self.error("'('", f"{operator} takes a list in parentheses")
            items = self._items()
            return ast.InList(self.span_from(left.span.start), operator, left, items)
        if operator in {"between", "!between"}:
            return self._between(left, negated=operator == "!between")
        if operator == "matches":
            self.expect("regex", "text matches regex 'pattern'")
            operator = "matches regex"
        right = self.expression(power)
        span = ast.Span(left.span.start, right.span.end)
        return ast.Binary(span, _SPELLINGS.get(operator, operator), left, right)

    def _items(self) -> tuple[ast.Expression, ...]:
        return self.parenthesized_list_of(self.pipeline)

    def _between(self, operand: ast.Expression, *, negated: bool) -> ast.Between:
        self.expect("(", _BETWEEN)
        low = self.expression()
        self.expect("..", _BETWEEN)
        high = self.expression()
        self.expect(")")
        return ast.Between(self.span_from(operand.span.start), negated, operand, low, high)

    def _operand(self) -> ast.Expression:
        if self.text not in {"-", "+"}:
            return self.path(self.primary())
        if self.peek().kind in {LONG, REAL, TIMESPAN}:
            return self.signed_number()
        sign = self.advance()
        operand = self.path(self.primary())
        return ast.Unary(ast.Span(sign.start, operand.span.end), sign.text, operand)

    def primary(self) -> ast.Expression:
        """A literal, a name, a call, or what stands in parentheses."""
        literal = self.literal()
        if literal is not None:
            return literal
        if self.token.kind == NAME:
            return self._word()
        if self.text == "(":
            return self._parenthesized()
        if self.at_quoted_name():
            name = self.name()
            return self.call(name) if self.text == "(" else name
        if self.text == "*":
            token = self.advance()
            return ast.Star(ast.Span(token.start, token.end))
        raise self.error("an expression", self._operand_hint())

    def _operand_hint(self) -> str:
        if self.text == "|":
            return "a query begins with a table: Table | ..."
        if self.text == "[":
            return "a name with odd characters is written ['name'], a list dynamic([...])"
        if self.text == "{":
            return "a bag is written dynamic({...})"
        before = self.tokens[self.position - 1].text if self.adjacent() else ""
        if self.text == "=" and before in {":", "+", "-", "*", "/"}:
            return "a column is given its value by =, as in x = x + 1"
        if self.text in {"=", ">", "<"} and before:
            return "comparisons are == != < <= > >="
        if self.text == ":" == before:
            return "a value is converted by a function: tostring(), tolong(), todatetime()"
        if self.text == "." and self.peek().kind == LONG:
            return f"a number begins with a digit: 0.{self.peek().text}"
        if self.text in {"==", "!=", "<", "<=", ">", ">="}:
            return "each condition has both sides: x == 1 or x == 2, or x in (1, 2)"
        return ""

    def _word(self) -> ast.Expression:
        word, following = self.text, self.peek().text
        if word == "typeof" and following == "(":
            return self.type_of()
        if word == "datatable" and following != "=":
            return self._data_table()
        if word in {"externaldata", "external_data"} and following == "(":
            return self._external_data()
        if word == "inline_external_table" and following == "(":
            return self._inline_external_table()
        if following == "(" and word not in RESERVED_WORDS:
            return self.call(self.word("the name of a function"))
        if word in {"toscalar", "totable"} and following == "kind":
            return self._unoptimized_call()
        if word == "not":
            raise self.error("an expression", "not is a function: not(...)")
        return self.reference("an expression")

    def _parenthesized(self) -> ast.Expression:
        start = self.expect("(").start
        inner = self.pipeline()
        self.expect(")", "" if self.text == ")" else self._unclosed_hint(start))
        return inner

    def _unclosed_hint(self, start: int) -> str:
        if self.text == ",":
            return "several values are a list behind in, has_any or has_all"
        place = ast.Span(start, start).place(self.query)
        return f"the bracket at {place.line}:{place.column} is not closed"

    def path(self, base: ast.Expression) -> ast.Expression:
        """What may follow a primary expression: members, indexes, methods."""
        depth = self.depth
        while True:
            if self.text == "[":
                base = self._index(base)
            elif self.text == "." and not self._at_stray_dot():
                base = self._member(base)
            else:
                self.depth = depth
                return base
            self.enter()

    def _at_stray_dot(self) -> bool:
        following = self.peek()
        return following.kind != NAME and following.text != "["

    def _index(self, base: ast.Expression) -> ast.Index:
        self.expect("[")
        index = self.expression()
        self.expect("]")
        return ast.Index(self.span_from(base.span.start), base, index)

    def _member(self, base: ast.Expression) -> ast.Expression:
        self.expect(".")
        if self.text == "[" and self.peek().kind != STRING:
            return self._index(base)
        if self.text == "[":
            name = self.name()
        else:
            token = self.advance()
            name = ast.Name(ast.Span(token.start, token.end), token.text)
        if self.text == "(":
            return self.call(name, qualifier=base)
        return ast.Member(self.span_from(base.span.start), base, name.value)

    def call(self, function: ast.Name, qualifier: ast.Expression | None = None) -> ast.Call:
        """`(arguments)` after the name of a function."""
        start = function.span.start if qualifier is None else qualifier.span.start
        self.expect("(", f"arguments stand in parentheses: {function.value}(...)")
        arguments = () if self.text == ")" else self.list_of(self.argument)
        if self.text != ")":
            raise self.error("',' or ')'", self._argument_hint(function.value))
        self.advance()
        return ast.Call(self.span_from(start), function.value, arguments, qualifier)

    def _argument_hint(self, function: str) -> str:
        before = self.tokens[self.position - 1].text
        if before.isdecimal() and (hint := name_hint(before + self.text)):
            return hint
        foreign = function_hint(function) if self.text == "as" else argument_hint(before)
        return foreign or f"the call of {function}() is not closed"

    def argument(self) -> ast.Expression:
        """An argument of a call: a value, `*`, `name = value`, or a table."""
        if self.peek().text == "=" and self.token.kind == NAME:
            start = self.token.start
            name = self.advance().text
            self.advance()
            value = self.pipeline()
            return ast.NamedArgument(self.span_from(start), name, value)
        return self.pipeline()

    def _unoptimized_call(self) -> ast.Call:
        name = self.name()
        self.expect("kind")
        self.expect("=")
        self.expect("nooptimization")
        return self.call(name)

    def _data_table(self) -> ast.DataTable:
        start = self.expect("datatable").start
        columns = self.parenthesized_list_of(self.column_declaration)
        self.expect("[")
        self.accept(",")
        values = () if self.text == "]" else self.list_of(self.signed_literal, until=("]",))
        if self.text != "]":
            raise self.error("',' or ']'", "the values of a datatable are literals")
        self.advance()
        return ast.DataTable(self.span_from(start), columns, values)

    def _external_data(self) -> ast.ExternalData:
        start = self.advance().start
        columns = self.parenthesized_list_of(self.column_declaration)
        self.expect("[")
        uris = self.list_of(self.string, until=("]",))
        self.expect("]")
        properties = self.parenthesized_list_of(self.property) if self.accept("with") else ()
        return ast.ExternalData(self.span_from(start), columns, uris, properties)

    def _inline_external_table(self) -> ast.ExternalData:
        start = self.advance().start
        columns = self.parenthesized_list_of(self.column_declaration)
        parameters = []
        while self.text in {"kind", "dataformat"}:
            parameters.append(self.parameter())
        uris = self.parenthesized_list_of(self.string)
        properties = self.parenthesized_list_of(self.property) if self.accept("with") else ()
        return ast.ExternalData(self.span_from(start), columns, uris, properties, tuple(parameters))

    def property(self) -> ast.NamedExpression:
        """`name = value` of a `with (...)`."""
        name = self.word("the name of a property")
        self.expect("=")
        value = self.expression()
        return ast.NamedExpression(self.span_from(name.span.start), (name,), value)


def _balanced(operator: str, operands: list[ast.Expression]) -> ast.Expression:
    """One tree over all operands, as flat as can be: chains of a thousand `or` are found in real queries."""
    if len(operands) == 1:
        return operands[0]
    middle = len(operands) // 2
    left, right = _balanced(operator, operands[:middle]), _balanced(operator, operands[middle:])
    return ast.Binary(ast.Span(left.span.start, right.span.end), operator, left, right)
