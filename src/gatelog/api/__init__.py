"""The hub: spools into the store, questions answered over HTTP."""

from gatelog.api.answer import Answer
from gatelog.api.auth import TOKEN_FILE
from gatelog.api.data_directory import open_store
from gatelog.api.encodings import Format
from gatelog.api.hub import Hub
from gatelog.api.principal import LOCAL
from gatelog.api.questions import Question, answer_query, open_questions

__all__ = [
    "LOCAL",
    "TOKEN_FILE",
    "Answer",
    "Format",
    "Hub",
    "Question",
    "answer_query",
    "open_questions",
    "open_store",
]
