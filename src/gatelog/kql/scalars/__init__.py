"""Scalar expressions: from syntax tree to term, that is to SQL that knows its KQL type.

expressions       every kind of expression
in_lists          in, in~, has_any, has_all
chains            long chains of comparisons with one column, as lists
shared_arguments  calls within calls that a function would say several times
kusto_names       functions that are valid and not built here: refused, not called wrong
"""
