"""The configuration file → Config, or every problem in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from gatelog.config import rules
from gatelog.config.reader import Reader
from gatelog.config.schema import Config
from gatelog.errors import ConfigError, ConfigProblem

FILE_BYTES_MAX = 4 * 2**20
"""Some ten thousand subscriptions; a larger file is a mistake."""


def load(path: Path, *, data: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a file. `data`, where given, takes the place of the file's own. Raises ConfigError."""
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
    config = parse(text, environ, path.absolute().parent)
    return config if data is None else msgspec.structs.replace(config, data=data.absolute())


def parse(text: str, environ: Mapping[str, str], base: Path) -> Config:
    """Read the text of a configuration; relative paths in it start at `base`. Raises ConfigError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError([_syntax(error)]) from None
    if node is None:
        raise ConfigError([ConfigProblem("(file)", "is empty", "start from the example in docs/reference")])
    reader = Reader(environ, base)
    config: Config = reader.read(Config, node, "")
    problems = reader.problems + list(rules.check(config))
    if problems:
        raise ConfigError(problems)
    return msgspec.structs.replace(config, data=base / config.data)


def _syntax(error: yaml.YAMLError) -> ConfigProblem:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
    what = getattr(error, "problem", None) or "cannot be read"
    return ConfigProblem(
        "(file)", f"is not YAML: {what}{place}", "check indentation, colons and quotes there"
    )


def _unusable(path: Path, what: str, hint: str) -> ConfigError:
    return ConfigError([ConfigProblem(str(path), what, hint)])
