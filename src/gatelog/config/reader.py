"""YAML nodes → the schema's structs. Goes on after a mistake, so that one run names them all.

A value that cannot be read is reported and left out; the rest serves to look for further mistakes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import yaml

from gatelog.config.annotation import Annotation
from gatelog.config.kinds import KINDS, Kind
from gatelog.config.references import InvalidValueError, expand
from gatelog.config.schema import Setting
from gatelog.errors import ConfigProblem

NAME_CHARACTERS_MAX = 128
"""Names of backends, products and subscriptions; longer ones are unreadable in tables."""

WHOLE = "(file)"
"""The path of a problem that no single setting has."""

_UNREAD: Any = object()


class Reader:
    """Reads one document; `problems` grows as it goes."""

    def __init__(self, environ: Mapping[str, str], base: Path) -> None:
        self.problems: list[ConfigProblem] = []
        self._environ = environ
        self._base = base
        self._scalars = yaml.SafeLoader("")

    def read(self, annotation: Any, node: yaml.Node, path: str) -> Any:
        """The value of `node` as `annotation` wants it, or `_UNREAD` after reporting why not."""
        wanted = Annotation(annotation)
        origin = get_origin(wanted.plain)
        if wanted.is_section:
            return self._section(wanted.plain, node, path)
        if origin is dict:
            return self._named(get_args(wanted.plain)[1], node, path)
        if origin is tuple:
            return self._list(get_args(wanted.plain)[0], node, path)
        value = self._plain(node, path)
        if value is _UNREAD or (value is None and wanted.optional):
            return value
        if origin is Literal:
            return self._choice(get_args(wanted.plain), value, node, path)
        return self._scalar(KINDS[wanted.kind_key], wanted.setting, value, node, path)

    def report(self, path: str, node: yaml.Node, what: str, hint: str) -> None:
        """Note a problem, with the line of `node`."""
        self.problems.append(ConfigProblem(path, f"{what} (line {node.start_mark.line + 1})", hint))

    def _section(self, cls: type[msgspec.Struct], node: yaml.Node, path: str) -> Any:
        hints = get_type_hints(cls, include_extras=True)
        entries = self._entries(node, path)
        values: dict[str, Any] = {}
        for name, (key, value) in entries.items():
            if name not in hints:
                self.report(_join(path, name), key, "is not a setting", _suggestion(name, hints))
            elif (read := self.read(hints[name], value, _join(path, name))) is not _UNREAD:
                values[name] = read
        for field in msgspec.structs.fields(cls):
            if field.required and field.name not in values:
                wanted = Annotation(hints[field.name])
                if field.name not in entries:
                    self.report(
                        _join(path, field.name), node, "is missing", f"add it: {wanted.setting.meaning}"
                    )
                values[field.name] = () if get_origin(wanted.plain) is tuple else ""
        return cls(**values)

    def _named(self, item: Any, node: yaml.Node, path: str) -> dict[str, Any]:
        entries = self._entries(node, path)
        for name, (key, _) in entries.items():
            if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable() or name != name.strip():
                hint = f"use 1 to {NAME_CHARACTERS_MAX} printable characters"
                self.report(_join(path, name), key, "is not a name", hint)
        return {name: self.read(item, value, _join(path, name)) for name, (_, value) in entries.items()}

    def _entries(self, node: yaml.Node, path: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self.report(path or WHOLE, node, "is not a section", "write `key: value` lines")
            return {}
        entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.report(path or WHOLE, key, "has a name that is no text", "write `key: value` lines")
                continue
            name = str(key.value)
            if name in entries:
                first = entries[name][0].start_mark.line + 1
                self.report(
                    _join(path, name), key, "is given twice", f"keep one; the first is in line {first}"
                )
            entries.setdefault(name, (key, value))
        return entries

    def _list(self, item: Any, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.SequenceNode):
            self.report(path, node, "is not a list", "write it as [first, second]")
            return _UNREAD
        values = [self.read(item, value, f"{path}[{index}]") for index, value in enumerate(node.value)]
        return tuple(value for value in values if value is not _UNREAD)

    def _choice(self, choices: tuple[str, ...], value: Any, node: yaml.Node, path: str) -> Any:
        if value in choices:
            return value
        self.report(path, node, "is not one of its choices", f"write {' or '.join(choices)}")
        return _UNREAD

    def _scalar(self, kind: Kind, setting: Setting, value: Any, node: yaml.Node, path: str) -> Any:
        try:
            read = kind.read(value)
        except InvalidValueError as invalid:
            self.report(path, node, invalid.what, invalid.hint)
            return _UNREAD
        except ValueError:
            quoting = ", in quotes" if kind.reads_text and not isinstance(value, str) else ""
            self.report(path, node, f"is not a {kind.name}", f"write {kind.example}{quoting}")
            return _UNREAD
        if isinstance(read, int | float) and not setting.minimum <= read <= setting.maximum:
            self.report(path, node, "is out of bounds", _bounds(kind, setting))
        return self._located(kind, read, node, path) if isinstance(read, Path) else read

    def _located(self, kind: Kind, place: Path, node: yaml.Node, path: str) -> Path:
        place = self._base / place
        if kind.must_exist and not place.is_file():
            hint = "check the path; a relative one starts at the configuration file"
            self.report(path, node, f"there is no file {place}", hint)
        return place

    def _plain(self, node: yaml.Node, path: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            self.report(path, node, "is not a single value", "write one value, not a list or a section")
            return _UNREAD
        try:
            value = self._scalars.construct_object(node)
            return expand(value, self._environ, self._base) if isinstance(value, str) else value
        except InvalidValueError as invalid:
            self.report(path, node, invalid.what, invalid.hint)
        except (yaml.YAMLError, ValueError):
            self.report(path, node, "cannot be read", "put the value in quotes")
        return _UNREAD


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"known here: {', '.join(names)}"


def _bounds(kind: Kind, setting: Setting) -> str:
    low, high = kind.format(setting.minimum), kind.format(setting.maximum)
    return f"at least {low}" if setting.maximum == float("inf") else f"between {low} and {high}"
