"""The exchange itself: identify, choose, forward, record. Knows the spool; knows nothing of what reads it."""

from gatelog.gateway.gateway import Gateway, spool_directory

__all__ = ["Gateway", "spool_directory"]
