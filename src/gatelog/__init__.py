"""gatelog: a complete, provable record of every model call, and KQL over it."""

__version__ = "0.1.0"
