"""Text to syntax tree: a recursive-descent parser, precedence climbing for expressions.

cursor       position in the tokens: accept, expect, names, lists, limits
values       the text of a literal to its value
literals     literals, types and schemas
expressions  scalar expressions, calls, paths
columns      named columns, sort keys, parameters of operators
rows · tables · nested · texts · graphs     the operators, by what they work on
pipelines    pipelines and the table of operators
statements   let, set, declare, ... and the whole query
"""

from gatelog.kql.parser.statements import parse, parse_recovering

__all__ = ["parse", "parse_recovering"]
