"""The configuration file → Config, or every problem in it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from gatelog.config import rules
from gatelog.config.address import Address
from gatelog.config.reader import WHOLE, Reader
from gatelog.config.schema import Config, HubConfig
from gatelog.errors import ConfigError, ConfigProblem

_NULL = "tag:yaml.org,2002:null"

FILE_BYTES_MAX = 4 * 2**20
"""Some ten thousand subscriptions; a larger file is a mistake."""


class HubPlace(NamedTuple):
    """Where a hub is, for its clients: its data directory, its address, and whether it speaks TLS."""

    data: Path
    listen: Address
    tls: bool


_NOT_OF_PLACE = {field.name for field in msgspec.structs.fields(Config)} - {"data", "hub"}
_NOT_OF_HUB_PLACE = {field.name for field in msgspec.structs.fields(HubConfig)} - {"listen"}
"""The settings whose values a HubPlace does without."""


def load(path: Path, *, data: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a file. `data`, where given, takes the place of the file's own. Raises ConfigError."""
    with _named(path):
        config = parse(_text(path), environ, path.absolute().parent)
    return config if data is None else msgspec.structs.replace(config, data=data.absolute())


def load_hub_place(path: Path, *, environ: Mapping[str, str] = os.environ) -> HubPlace:
    """Read of a file where its hub is, and nothing else: a client need not have the variables and files of a
    gateway. Raises ConfigError."""
    with _named(path):
        return _hub_place(_text(path), environ, path.absolute().parent)


def _hub_place(text: str, environ: Mapping[str, str], base: Path) -> HubPlace:
    node = _without(_composed(text), _NOT_OF_PLACE)
    hub = _child(node, "hub")
    tls = _child(hub, "tls") if hub is not None else None
    if hub is not None:
        hub.value = _without(hub, _NOT_OF_HUB_PLACE).value
    reader = Reader(environ, base)
    config: Config = reader.read(Config, node, "")
    if reader.problems:
        raise ConfigError(reader.problems)
    return HubPlace(base / config.data, config.hub.listen, tls is not None)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Problems of the text as a whole are told with the name of its file."""
    try:
        yield
    except ConfigError as error:
        named = [one._replace(path=str(path)) if one.path == WHOLE else one for one in error.problems]
        raise ConfigError(named) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        text = raw.decode()
    except OSError as error:
        raise _unusable(
            path, f"cannot be read ({error.strerror})", "name an existing file with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise _unusable(path, f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    if len(raw) > FILE_BYTES_MAX:
        raise _unusable(path, f"is over {FILE_BYTES_MAX} bytes", "name a gatelog configuration")
    return text


def parse(text: str, environ: Mapping[str, str], base: Path) -> Config:
    """Read the text of a configuration; relative paths in it start at `base`. Raises ConfigError."""
    node = _composed(text)
    reader = Reader(environ, base)
    config: Config = reader.read(Config, node, "")
    problems = reader.problems + list(rules.check(config))
    if problems:
        raise ConfigError(problems)
    return msgspec.structs.replace(config, data=base / config.data)


def _composed(text: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(error)]) from None
    except RecursionError:
        problem = ConfigProblem(WHOLE, "is nested too deeply", "look for brackets that nobody closed")
        raise ConfigError([problem]) from None
    if node is None:
        hint = "start from the example in docs/reference/configuration.md"
        raise ConfigError([ConfigProblem(WHOLE, "is empty", hint)])
    return node


def _child(node: yaml.Node, name: str) -> yaml.Node | None:
    """The value of `name` in a section; None where it has none, or null."""
    children = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in children if key.value == name and value.tag != _NULL), None)


def _without(node: yaml.Node, names: Collection[str]) -> yaml.Node:
    """A section without the children of `names`."""
    if not isinstance(node, yaml.MappingNode):
        return node
    kept = [(key, value) for key, value in node.value if str(key.value) not in names]
    return yaml.MappingNode(node.tag, kept, node.start_mark, node.end_mark)


def _syntax(error: yaml.YAMLError) -> ConfigProblem:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    what = getattr(error, "problem", None) or "cannot be read"
    return ConfigProblem(WHOLE, f"is not YAML: {what}{place}", "check indentation, colons and quotes there")


def _unusable(path: Path, what: str, hint: str) -> ConfigError:
    return ConfigError([ConfigProblem(str(path), what, hint)])
