"""Every word of the language that is offered says what it does."""

from __future__ import annotations

from gatelog.kql import documentation, known_functions, known_operators
from gatelog.kql.completion import vocabulary
from gatelog.kql.parser.tables import JOIN_KINDS
from gatelog.kql.stages.join import KINDS


def test_every_function_and_operator_is_documented() -> None:
    offered = (*known_functions(), *known_operators())
    assert len(offered) > 400
    assert [one.name for one in offered if not one.documentation] == []


def test_a_form_begins_with_the_name() -> None:
    assert [one.name for one in known_functions() if not one.signature.startswith(f"{one.name}(")] == []
    assert [one.name for one in known_operators() if one.signature.split()[0] != one.name] == []


def test_every_comparison_that_is_offered_is_an_operator() -> None:
    from gatelog.kql.parser.expressions import binding_power

    words = [name.split()[0] for name in documentation.BETWEEN_VALUES]
    assert [word for word in words if not binding_power(word)] == []


def test_every_kind_of_join_that_is_offered_exists() -> None:
    assert set(documentation.PARAMETER_VALUES["join", "kind"]) <= set(JOIN_KINDS)
    assert vocabulary.AGGREGATE_NAMES


def test_every_word_that_a_parameter_may_be_says_what_it_does() -> None:
    values = documentation.PARAMETER_VALUES
    assert [(place, word) for place, words in values.items() for word in words if not words[word].text] == []
    assert set(values["join", "kind"]) == set(KINDS)
    assert {place[0] for place in values} <= {*documentation.OPERATORS}
