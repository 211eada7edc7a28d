"""The line where a query is written: colours, completion, when Enter runs it, history.

Enter       runs a command (`.help`), and a query that ends with `;` or an empty line; else it begins a line
Alt-Enter   runs what is there
Tab         completes
Ctrl-C      drops what is there          Ctrl-D   on an empty line leaves
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer
from prompt_toolkit.completion import Completion as MenuEntry
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import TabsProcessor
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from gatelog.cli.shell.commands import begun_word, is_command
from gatelog.kql import Catalog, Suggestion, complete, ends_in_query, pieces

PROMPT: Final = "kql> "
CONTINUATION: Final = "...> "
TAB_CHARACTERS: Final = 4
"""Width of a tab in a query that was pasted."""

MENU_ENTRIES_MAX: Final = 200
"""Suggestions in the menu: nobody scrolls on."""

STYLE: Final = Style.from_dict(
    {
        "kql.operator": "ansibrightblue bold",
        "kql.keyword": "ansibrightblue",
        "kql.function": "ansicyan",
        "kql.type": "ansicyan",
        "kql.string": "ansigreen",
        "kql.number": "ansiyellow",
        "kql.comment": "ansibrightblack",
        "kql.invalid": "ansired underline",
        "prompt": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)


class QueryLexer(Lexer):
    """Colours from the tokens of the language; a command has none."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Fragments by line."""
        if is_command(document.text):
            return lambda number: [("", document.lines[number])]
        lines: list[StyleAndTextTuples] = [[]]
        for style, text in pieces(document.text):
            for place, part in enumerate(text.split("\n")):
                if place:
                    lines.append([])
                lines[-1].append((f"class:kql.{style}", part))
        return lambda number: lines[number] if number < len(lines) else []


class QueryCompleter(Completer):
    """Suggestions of the language; of commands in a text that begins with a dot."""

    def __init__(
        self, catalog: Callable[[], Catalog], commands: Callable[[str], Iterable[Suggestion]]
    ) -> None:
        self._catalog = catalog
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[MenuEntry]:
        """Entries of the menu; while typing only once a word has begun."""
        before = document.text_before_cursor
        if is_command(before):
            for one in self._commands(before):
                yield _entry(one, -len(begun_word(before)))
            return
        found = complete(document.text, document.cursor_position, self._catalog())
        start = found.start - document.cursor_position
        if not start and not complete_event.completion_requested:
            return
        word = before[found.start :]
        if [one.text for one in found.suggestions[:1]] == [word] and not complete_event.completion_requested:
            return
        for one in islice(found.suggestions, MENU_ENTRIES_MAX):
            yield _entry(one, start)


def _entry(one: Suggestion, start: int) -> MenuEntry:
    said = " — ".join(filter(None, (one.signature, one.documentation))) or one.kind.value
    return MenuEntry(one.text, start, display=one.name, display_meta=said)


def runs_at_enter(document: Document) -> bool:
    """Whether Enter at the cursor runs the text: the one rule that people have to know."""
    text = document.text.strip()
    if not text or (is_command(text) and "\n" not in text):
        return True
    if document.text_after_cursor.strip():
        return False
    done = text.endswith(";") or not document.current_line.strip()
    return done and (is_command(text) or ends_in_query(text))


def _bindings() -> KeyBindings:
    bindings = KeyBindings()
    choosing = has_completions & Condition(
        lambda: (
            (state := get_app().current_buffer.complete_state) is not None
            and state.current_completion is not None
        )
    )

    @bindings.add("enter", filter=choosing)
    def _take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @bindings.add("enter", filter=~choosing)
    def _enter(event: KeyPressEvent) -> None:
        if runs_at_enter(event.current_buffer.document):
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.newline(copy_margin=True)

    @bindings.add("escape", "enter")
    def _run(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return bindings


def _continued(_width: int, _line: int, wraps: int) -> StyleAndTextTuples:
    """What stands before a further line; before the rest of a line that was too long, blanks."""
    return [("class:prompt", " " * len(CONTINUATION) if wraps else CONTINUATION)]


def editor(
    completer: QueryCompleter,
    toolbar: Callable[[], str],
    *,
    history: History,
    input: Input | None = None,
    output: Output | None = None,
) -> PromptSession[str]:
    """A prompt for queries."""
    return PromptSession(
        [("class:prompt", PROMPT)],
        multiline=True,
        lexer=QueryLexer(),
        completer=completer,
        complete_while_typing=True,
        history=history,
        key_bindings=_bindings(),
        prompt_continuation=_continued,
        input_processors=[TabsProcessor(tabstop=TAB_CHARACTERS, char1=" ", char2=" ")],
        bottom_toolbar=toolbar,
        style=STYLE,
        input=input,
        output=output,
    )
