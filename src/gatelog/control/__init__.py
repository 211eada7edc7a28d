"""Control data: what users keep beside the record. SQLite, one writer, below the data directory."""

from gatelog.control.database import CONTROL_FILE, open_control
from gatelog.control.functions import Functions, StoredFunction

__all__ = ["CONTROL_FILE", "Functions", "StoredFunction", "open_control"]
