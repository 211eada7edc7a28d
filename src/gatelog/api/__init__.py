"""The hub: spools into the store, questions answered over HTTP."""

from gatelog.api.answer import Answer
from gatelog.api.auth import TOKEN_FILE
from gatelog.api.data_directory import open_store
from gatelog.api.hub import Hub
from gatelog.api.questions import answer_query, open_document

__all__ = ["TOKEN_FILE", "Answer", "Hub", "answer_query", "open_document", "open_store"]
