"""`python -m gatelog`."""

from gatelog.cli import main

main()
