"""What every word of the language means: one line each, for the reference page and the completion menu."""

from gatelog.kql.documentation.aggregates import PLUGINS
from gatelog.kql.documentation.entry import Entry
from gatelog.kql.documentation.functions import FUNCTIONS
from gatelog.kql.documentation.operators import (
    BETWEEN_VALUES,
    CHART_PROPERTIES,
    CHARTS,
    OPERATORS,
    PARAMETER_VALUES,
    PARAMETERS,
    SET_OPTIONS,
    STATEMENTS,
    TYPES,
    WORDS,
)

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
