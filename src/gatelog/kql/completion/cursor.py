"""The tokens up to the cursor: what the parser asks for there is noted, and what is open there is kept.

The text before the cursor ends with a token that is no word of any rule. Wherever a rule asks for something
at that token, the question is noted; when it cannot go on, the parse is over.

    Calls | join (T) ⌶     open: a pipeline, in its stage `join`; the rule expects "on": a word for here
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Final

from gatelog.errors import KqlSyntaxError
from gatelog.kql.completion.place import Frame, OpenPipeline, Place, Stage, Want
from gatelog.kql.parser.statements import Parser
from gatelog.kql.text.tokens import NAME, TYPES, Token

CURSOR: Final = "\0"
"""The text of the token at the cursor: no query can spell it."""

_CLAUSES: Final = frozenset(
    ("by", "on", "of", "with", "where", "project", "as", "to", "from", "step", "declare")
)


class AtCursorError(Exception):
    """The parse came to the cursor and cannot go on: not a failure, the end of the job."""


class Cursor(Parser):
    """A parser that ends at the cursor. What is open there its subclass must tell, rule by rule."""

    def __init__(self, text: str) -> None:
        super().__init__(text, recovering=True)
        self.tokens[-1] = Token(NAME, CURSOR, len(text) + 1, len(text) + 1)
        self.token = self.tokens[self.position]
        self.text = self.token.text
        self.place = Place()
        self.frames: list[Frame] = []
        self.calls: list[str] = []
        self.wanted = Want.STATEMENT

    def read(self) -> Place:
        """Parse; the place is complete when the cursor is reached."""
        try:
            self.query_tree()
        except AtCursorError:
            self.place.words = list(dict.fromkeys(self.place.words))
        return self.place

    # the cursor

    @property
    def at_cursor(self) -> bool:
        """Whether nothing is left but the cursor."""
        return self.position == self.last

    def note(self, *words: str) -> None:
        """Words that may stand at the cursor."""
        self.place.words += words

    def settle(self) -> None:
        """Keep what is open now, unless it was kept before."""
        if not self.place.frames:
            self.place.frames, self.place.calls = tuple(map(copy, self.frames)), tuple(self.calls)

    def reach(self, want: Want = Want.NOTHING) -> AtCursorError:
        """The end of the parse, to be raised: at the cursor `want` is wanted."""
        self.settle()
        self.place.want = Want.NOTHING if self.calls and self.calls[-1] in TYPES else want
        return AtCursorError()

    def advance(self) -> Token:
        if self.at_cursor:
            raise self.reach()
        return super().advance()

    def move_to_end(self) -> None:
        raise self.reach()

    def error(self, expected: str, hint: str = "") -> KqlSyntaxError:
        if self.at_cursor:
            raise self.reach()
        return super().error(expected, hint)

    def accept(self, text: str) -> bool:
        if self.at_cursor:
            self.note(text)
        taken = super().accept(text)
        if taken and text in _CLAUSES:
            self._begin_clause(text)
        return taken

    def expect(self, text: str, hint: str = "") -> Token:
        if self.at_cursor:
            self.note(text)
        token = super().expect(text, hint)
        if text in _CLAUSES:
            self._begin_clause(text)
        return token

    def expect_one_of(self, *texts: str) -> str:
        if self.at_cursor:
            self.note(*texts)
        return super().expect_one_of(*texts)

    # what is open

    @contextmanager
    def opened(self, frame: Frame) -> Iterator[None]:
        """The construct of `frame` is open while the block runs."""
        self.frames.append(frame)
        try:
            yield
        finally:
            self.frames.pop()

    @contextmanager
    def wanting(self, want: Want) -> Iterator[None]:
        """What an operand of the block is wanted for."""
        before, self.wanted = self.wanted, want
        try:
            yield
        finally:
            self.wanted = before

    @contextmanager
    def in_stage(self, name: str) -> Iterator[None]:
        """The innermost pipeline is within the operator `name`."""
        frame = self.frames[-1]
        assert isinstance(frame, OpenPipeline)
        frame.stage = Stage(name)
        try:
            with self.wanting(Want.VALUE):
                yield
        finally:
            frame.stage = None

    def stage(self) -> Stage | None:
        """The operator that the cursor is in, if the innermost construct is a pipeline."""
        frame = self.frames[-1]
        return frame.stage if isinstance(frame, OpenPipeline) else None

    def _begin_clause(self, word: str) -> None:
        stage = self.stage()
        if stage is not None and not self.calls:
            stage.clause = word
