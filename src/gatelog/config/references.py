"""`${env:NAME}` and `${file:PATH}` inside values: secrets stay out of the configuration file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

REFERENCED_FILE_BYTES_MAX = 64 * 2**10
"""A secret, not a document."""

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}")


class InvalidValueError(Exception):
    """One value cannot be used. Says what is wrong and what to do, never the value itself."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def expand(text: str, environ: Mapping[str, str], base: Path) -> str:
    """Put in what the references name; `$${` stands for a literal `${`. Raises InvalidValueError."""

    def replacement(match: re.Match[str]) -> str:
        return "${" if match[1] is None else _resolve(match[1], environ, base)

    return _REFERENCE.sub(replacement, text)


def _resolve(reference: str, environ: Mapping[str, str], base: Path) -> str:
    scheme, _, name = reference.partition(":")
    if scheme == "env" and name:
        return _from_environment(name, environ)
    if scheme == "file" and name:
        return _from_file(name, base)
    raise InvalidValueError(
        f"${{{reference}}} is not a reference",
        f"write ${{env:{name or scheme or 'NAME'}}} or ${{file:PATH}}; a literal ${{ is written $${{",
    )


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise InvalidValueError(
            f"environment variable {name} is not set", f"set {name} before starting gatelog"
        )
    return environ[name]


def _from_file(name: str, base: Path) -> str:
    path = base / name
    try:
        with path.open("rb") as file:
            raw = file.read(REFERENCED_FILE_BYTES_MAX + 1)
        text = raw.decode()
    except OSError as error:
        raise InvalidValueError(
            f"file {path} cannot be read ({error.strerror})", "check the path and its permissions"
        ) from None
    except UnicodeDecodeError:
        raise InvalidValueError(f"file {path} is not UTF-8 text", "store the value as plain text") from None
    if len(raw) > REFERENCED_FILE_BYTES_MAX:
        raise InvalidValueError(
            f"file {path} is over {REFERENCED_FILE_BYTES_MAX} bytes", "name a file that holds one value"
        )
    return text.removesuffix("\n").removesuffix("\r")
