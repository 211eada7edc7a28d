"""Where the cursor stands: the constructs that are open there, outermost first, and what may follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from gatelog.kql import ast


class Want(Enum):
    """What the parser was about to read when it came to the cursor."""

    NOTHING = auto()  # a new name, a literal, or text that could not be followed
    STATEMENT = auto()
    OPERATOR = auto()
    TABLE = auto()
    EITHER = auto()  # a table or a value: what let binds
    ITEM = auto()  # a value, or a table of values: what stands in the list of `in`
    VALUE = auto()
    LITERAL = auto()
    COLUMN = auto()
    MEMBER = auto()
    FUNCTION = auto()  # of the author's own, behind invoke
    PLUGIN = auto()
    CHART = auto()
    CHART_PROPERTY = auto()
    PROPERTY_VALUE = auto()
    TYPE = auto()


@dataclass(slots=True)
class Stage:
    """An operator that is being read: its clause so far and the tables and expanded columns in it."""

    name: str
    clause: str = ""
    tables: list[ast.Expression] = field(default_factory=list)
    expanded: list[ast.ExpandedColumn] = field(default_factory=list)


@dataclass(slots=True)
class OpenStatements:
    """Statements that were read, those of the query or of a function's body; its parameters stand alone."""

    parameters: list[ast.ColumnDeclaration | ast.TabularParameter] = field(default_factory=list)
    done: list[ast.Statement] = field(default_factory=list)


@dataclass(slots=True)
class OpenPipeline:
    """A pipeline whose first operators were read. `implied`: its input is that of the pipeline around it."""

    implied: bool
    source: ast.Expression | ast.Operator | None = None
    operators: list[ast.Operator] = field(default_factory=list)
    stage: Stage | None = None


Frame: TypeAlias = OpenStatements | OpenPipeline


class Operand(NamedTuple):
    """An expression that ends at the cursor: of `a and b ⌶` both `b` and the whole.

    An operator that may follow it binds tighter than `above`; one that binds tighter than the operand before
    it in the list says is that one's.
    """

    expression: ast.Expression
    above: int


@dataclass(slots=True)
class Place:
    """What the parser found at the cursor.

    `words` are keywords it would have taken, `parameters` the parameters of the operator, `calls` the
    functions whose arguments are being written. `operands` are the expressions that end at the cursor, the
    innermost first, `operand_want` is what was wanted there. `subject` is the base of a member, or the name
    of the property whose value is wanted.
    """

    want: Want = Want.NOTHING
    frames: tuple[Frame, ...] = ()
    words: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    calls: tuple[str, ...] = ()
    operands: list[Operand] = field(default_factory=list)
    operand_want: Want = Want.NOTHING
    subject: ast.Expression | str | None = None
    in_parentheses: bool = True

    @property
    def stage(self) -> Stage | None:
        """The innermost operator around the cursor: an argument that is no pipeline yet has none itself."""
        for frame in reversed(self.frames):
            if isinstance(frame, OpenPipeline) and (frame.stage or frame.operators or frame.implied):
                return frame.stage
        return None
