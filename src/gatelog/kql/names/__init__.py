"""What a name in a query stands for.

scope              what an expression can see while it is bound
bindings           what a name can stand for, other than a column
context            what all of one query shares while it is bound
tabular            which expressions are tables, from the syntax and the names in reach
databases          `database("name").T`, `workspace("name").T`
declared_patterns  `declare pattern`: a name for several tables
naming             the names that Kusto gives to unnamed columns, and how clashes are told apart
own_names          names that the compiler makes for itself
"""
