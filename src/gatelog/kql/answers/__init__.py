"""The answers, and the way back.

exports  the answer of a query with types that file formats know
cells    text to cells, for data that comes from outside
"""
