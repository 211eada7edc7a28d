"""Searches of texts: has, contains, startswith, endswith and their relatives.

text_search     the operators
term_borders    where a term begins and ends, as patterns
glance          a quick look first: has the text the needle's letters at all?
indexed_search  what an index of words can say before or instead of reading the text
origin_search   what the letters of a needle say of the JSON that a value is read from
"""
