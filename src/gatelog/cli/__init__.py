"""The commands. Thin: each reads its options, calls one room, and prints."""

from gatelog.cli.main import main

__all__ = ["main"]
