"""Management commands: what begins with a dot.

grammar     the text, read from left to right          session   who gives a command, on what it works
databases · tables_shown · schemas                     `.show …`
tables · mappings · retention                          tables of the users' own
functions                                              saved functions
inline · from_query                                    rows for a table
queries                                                what is asked of the hub
script                                                 several commands
dispatch    the words of a command → what does it      piped     a result as the source of a query
"""

from gatelog.api.kusto.commands.dispatch import Commands
from gatelog.api.kusto.commands.piped import is_command, pipe_of
from gatelog.api.kusto.commands.session import Scene, Session

__all__ = ["Commands", "Scene", "Session", "is_command", "pipe_of"]
