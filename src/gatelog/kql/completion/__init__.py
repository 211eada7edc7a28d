"""What may follow at the cursor, for any prefix of a query.

cursor         the tokens up to the cursor: what is asked for there, what is open
cursor_parser  the rules of the language, run up to the cursor: what they would have taken there
place          what it says: the open constructs, what was wanted, keywords
scope          the open constructs bound: columns with their types, names
names · vocabulary     suggestions of the author's names, and of the language's words
suggestion     what is suggested, and its documentation
complete       puts them together
outline        pieces of a text for highlighting; whether it ends in a query, and its chart
"""

from gatelog.kql.completion.complete import complete
from gatelog.kql.completion.names import spelled
from gatelog.kql.completion.suggestion import Completion, Suggestion, SuggestionKind
from gatelog.kql.completion.vocabulary import known_functions, known_operators

__all__ = [
    "Completion",
    "Suggestion",
    "SuggestionKind",
    "complete",
    "known_functions",
    "known_operators",
    "spelled",
]
