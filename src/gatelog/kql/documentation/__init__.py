"""What every word of the language means: one line each, for the reference page and the completion menu.

entry        what is said of a word
functions    all functions by name
scalars · collections · places     scalar functions: of single values, of arrays and series, of addresses
aggregates   aggregate functions, plugins, functions that give tables
operators    operators of pipelines and between values, statements, parameters, charts, types
values       what a parameter of an operator may be
"""

from gatelog.kql.documentation.aggregates import PLUGINS
from gatelog.kql.documentation.entry import Entry
from gatelog.kql.documentation.functions import FUNCTIONS
from gatelog.kql.documentation.operators import (
    BETWEEN_VALUES,
    CHART_PROPERTIES,
    CHARTS,
    OPERATORS,
    PARAMETERS,
    SET_OPTIONS,
    STATEMENTS,
    TYPES,
    WORDS,
)
from gatelog.kql.documentation.values import PARAMETER_VALUES

__all__ = [
    "BETWEEN_VALUES",
    "CHARTS",
    "CHART_PROPERTIES",
    "FUNCTIONS",
    "OPERATORS",
    "PARAMETERS",
    "PARAMETER_VALUES",
    "PLUGINS",
    "SET_OPTIONS",
    "STATEMENTS",
    "TYPES",
    "WORDS",
    "Entry",
]
