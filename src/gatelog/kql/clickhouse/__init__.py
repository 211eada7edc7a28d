"""ClickHouse's SQL: its expressions as trees, and their text.

nodes      the kinds of node that statements are full of
sql        small words for building them
replacing  expressions with other values in the place of their columns
shapes     expressions of one value that every query has alike, written once
formula    formulas of the engine written as text
ticks      datetimes and timespans, by their ticks of 100 ns
scale      how large an expression is for the engine
length     whether an expression is long, without writing it
dialect    the engine's SQL, as this room parses and writes it
writer     a SELECT as text
"""
