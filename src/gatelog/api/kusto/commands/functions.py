"""Saved functions.

.create function [ifnotexists] [with (…)] F(parameters) { body }
.create-or-alter function · .alter function · .alter function F docstring 'text' · folder 'text'
.drop function F [ifexists] · .drop functions (F, …) · .show functions · .show function F

https://learn.microsoft.com/azure/data-explorer/kusto/management/functions
"""

from __future__ import annotations

from collections.abc import Iterable

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.principals import principals
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import conflict, not_found
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.control import StoredFunction
from gatelog.kql import SavedFunction

_COLUMNS = columns_of("Name:string,Parameters:string,Body:string,Folder:string,DocString:string")


def create(text: CommandText, scene: Scene) -> CommandTable:
    """`.create function`: fails if it is there, or with `ifnotexists` leaves it as it is."""
    keep = text.accept_word("ifnotexists")
    function, validate = _declaration(text)
    existing = scene.functions.find(function.name)
    if existing is not None and not keep:
        raise conflict(f"Function '{function.name}' already exists; use .create-or-alter function")
    return _shown([existing.function if existing else _saved(scene, function, validate)])


def create_or_alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.create-or-alter function`."""
    return _shown([_saved(scene, *_declaration(text))])


def alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter function`, whole, or its docstring or folder."""
    start, name = text.position, "" if text.words()[:1] == ["with"] else text.entity("a function")
    for note in ("docstring", "folder"):
        if text.accept_word(note):
            value = text.text_value()
            text.end()
            _existing(scene, name)
            by = scene.session.principal.name
            return _shown([scene.functions.describe(name, by=by, **{note: value}).function])
    text.go_to(start)
    function, validate = _declaration(text)
    _existing(scene, function.name)
    return _shown([_saved(scene, function, validate)])


def drop(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop function F [ifexists]`."""
    return _dropped(text, scene, [text.entity("a function")])


def drop_several(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop functions (F, …) [ifexists]`."""
    return _dropped(text, scene, text.parenthesized_list_of(lambda: text.entity("a function")))


def show_functions(text: CommandText, scene: Scene) -> CommandTable:
    """`.show functions`: those that the caller's queries may name."""
    text.end()
    return _shown(scene.catalog.saved.values())


def show_function(text: CommandText, scene: Scene) -> CommandTable:
    """`.show function F [principals]`."""
    name = text.entity("a function")
    who = text.accept_word("principals")
    text.end()
    function = scene.catalog.saved.get(name)
    if function is None:
        raise not_found("ExpressionFunction", name)
    return principals(scene) if who else _shown([function])


def _declaration(text: CommandText) -> tuple[SavedFunction, bool]:
    """`[with (…)] F(parameters) { body }`: parameters and body are kept as they are written."""
    properties = text.properties()
    name = text.entity("a function")
    parameters, body = text.bracketed("(", ")"), text.bracketed("{", "}")
    text.end()
    function = SavedFunction(
        name,
        parameters,
        body,
        properties.get("docstring", ""),
        properties.get("folder", ""),
        properties.get("view", "").lower() == "true",
    )
    return function, properties.get("skipvalidation", "").lower() != "true"


def _saved(scene: Scene, function: SavedFunction, validate: bool) -> SavedFunction:
    if scene.user_tables.find(function.name) is not None:  # perhaps one that the caller may not see
        raise conflict(f"'{function.name}' is a table: choose another name")
    by = scene.session.principal.name
    return scene.functions.save(function, scene.catalog, by=by, validate=validate).function


def _existing(scene: Scene, name: str) -> StoredFunction:
    stored = scene.functions.find(name)
    if stored is None:
        raise not_found("ExpressionFunction", name)
    return stored


def _dropped(text: CommandText, scene: Scene, names: Iterable[str]) -> CommandTable:
    forgiving = text.accept_word("ifexists")
    text.end()
    wanted = [name for name in names if scene.functions.find(name) is not None or not forgiving]
    existing = [_existing(scene, name) for name in wanted]
    for stored in existing:
        scene.functions.drop(stored.function.name)
    return _shown([stored.function for stored in existing])


def _shown(functions: Iterable[SavedFunction]) -> CommandTable:
    rows = [[f.name, f.parameters, f.body, f.folder, f.docstring] for f in functions]
    return CommandTable(_COLUMNS, rows)


SHOW_COMMANDS: dict[str, Command] = {"show functions": show_functions, "show function": show_function}
"""By the words that name them."""

CHANGE_COMMANDS: dict[str, Command] = {
    "create function": create,
    "create-or-alter function": create_or_alter,
    "alter function": alter,
    "drop function": drop,
    "drop functions": drop_several,
}
"""By the words that name them."""
