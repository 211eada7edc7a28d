"""A field's type taken apart: `Annotated[Path | None, Setting(…)]` → Path, the setting, optional."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from gatelog.config.schema import Setting
from gatelog.config.units import Unit


class Annotation:
    """One field of the schema: `plain` type, `setting`, whether `None` is allowed, and its key in `KINDS`."""

    __slots__ = ("kind_key", "optional", "plain", "setting")

    def __init__(self, annotation: Any) -> None:
        marks: tuple[Any, ...] = ()
        if get_origin(annotation) is Annotated:
            annotation, *rest = get_args(annotation)
            marks = tuple(rest)
        arms = get_args(annotation) if get_origin(annotation) in (types.UnionType, Union) else ()
        self.optional = types.NoneType in arms
        self.plain = next(arm for arm in arms if arm is not types.NoneType) if self.optional else annotation
        self.setting = next((mark for mark in marks if isinstance(mark, Setting)), Setting(""))
        self.kind_key = next((mark for mark in marks if isinstance(mark, Unit)), self.plain)

    @property
    def is_section(self) -> bool:
        """A struct, not a single value."""
        return isinstance(self.plain, type) and issubclass(self.plain, msgspec.Struct)
