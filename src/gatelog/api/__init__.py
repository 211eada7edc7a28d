"""The hub: spools into the store, questions answered over HTTP."""

from gatelog.api.answer import Answer, answer_query
from gatelog.api.auth import TOKEN_FILE
from gatelog.api.data_directory import open_store
from gatelog.api.hub import Hub

__all__ = ["TOKEN_FILE", "Answer", "Hub", "answer_query", "open_store"]
