"""Management commands: what begins with a dot.

grammar     the text, read from left to right          session   who gives a command, on what it works
databases · tables_shown · schemas                     `.show …`
tables · columns · mappings · policies · retention     tables of the users' own
functions                                              saved functions
inline · from_query · ingestion_properties             rows for a table
records · extents                                      rows that go
changes_shown                                          commands that were given
queries · plan                                         what is asked of the hub; what would be done for it
principals · cluster                                   what clients ask of themselves and of the hub
script                                                 several commands
absent · refused                                       what there is none of, and why
dispatch    the words of a command → what does it      piped · shown_rows     a result as a query's source
"""

from gatelog.api.kusto.commands.dispatch import Commands
from gatelog.api.kusto.commands.piped import is_command, pipe_of
from gatelog.api.kusto.commands.session import Scene, Session
from gatelog.api.kusto.commands.shown_rows import Source

__all__ = ["Commands", "Scene", "Session", "Source", "is_command", "pipe_of"]
