r"""Regular expressions: read as Kusto reads them (Rust's syntax), written for RE2, which the engine has.

regexes        the way in: a pattern of the query as the engine takes it
syntax         groups, repetitions, alternatives, flags
characters     one character of a pattern, or a class of them
classes        what a pattern says of one character: `\w`, `\p{Letter}`, `[a-z&&[^aeiou]]`
code_points    sets of characters as ranges
scripts        the scripts of Unicode that RE2 knows
borders        `\b` of words in all scripts
empty_matches  replacing what may match nothing
"""
