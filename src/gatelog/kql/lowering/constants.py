"""Which columns of an answer have the same value in all rows, so that the engine keeps it once.

    range n from 1 to 500000 step 1 | extend text = strrep('x', 1000)    half a gigabyte; the engine has 1 KB

The limits of an answer see what the engine has, and readers get the whole.
"""

from __future__ import annotations

from gatelog.kql.clickhouse.sql import columns_read
from gatelog.kql.relations import Aggregate, Compute, Join, Relation, Stage, Union


def constant_columns(relation: Relation) -> frozenset[str]:
    """The SQL names of those that are computed from constants, on one side of a join or in one branch of
    a union at least.
    """
    stages: list[Stage] = []
    while isinstance(relation, Stage):
        stages.append(relation)
        relation = relation.input
    names: set[str] = set()
    if isinstance(relation, Union):
        names = _of_union(relation)
    elif isinstance(relation, Join):
        names = {*constant_columns(relation.left), *constant_columns(relation.right)}
    for stage in reversed(stages):
        if isinstance(stage, Aggregate):
            names = {key.field.sql_name for key in stage.keys if key.reads <= names}
        elif isinstance(stage, Compute):
            names.update(one.field.sql_name for one in stage.computed if one.reads <= names)
    return frozenset(names)


def _of_union(union: Union) -> set[str]:
    names: set[str] = set()
    for branch in union.branches:
        constant = constant_columns(branch.input)
        columns = zip(union.fields, branch.columns, strict=True)
        names.update(field.sql_name for field, value in columns if columns_read(value) <= constant)
    return names
