"""The scalar types of KQL, how ClickHouse holds them, and which type two of them make together.

    KQL        ClickHouse                        null
    bool       Nullable(Bool)                    NULL
    int        Nullable(Int32)                   NULL
    long       Nullable(Int64)                   NULL
    real       Nullable(Float64)                 NULL (NaN is a value)
    decimal    Nullable(Decimal(76, 34))         NULL
    string     String                            never: '' instead
    datetime   Nullable(DateTime64(7, 'UTC'))    NULL
    timespan   Nullable(Int64), ticks of 100 ns  NULL
    guid       Nullable(UUID)                    NULL
    dynamic    Nullable(String), JSON text       NULL

A value known not to be null may come without the Nullable.
"""

from __future__ import annotations

from enum import StrEnum


class KqlType(StrEnum):
    """A scalar type; the value is its name in KQL."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"


DECIMAL_SCALE = 34
"""Digits after the point: Kusto's decimal has 34 significant digits."""

DECIMAL_DIGITS = 76 - DECIMAL_SCALE
"""Digits before the point, which ClickHouse has left."""

CLICKHOUSE_TYPES = {
    KqlType.BOOL: "Bool",
    KqlType.INT: "Int32",
    KqlType.LONG: "Int64",
    KqlType.REAL: "Float64",
    KqlType.DECIMAL: f"Decimal(76, {DECIMAL_SCALE})",
    KqlType.STRING: "String",
    KqlType.DATETIME: "DateTime64(7, 'UTC')",
    KqlType.TIMESPAN: "Int64",
    KqlType.GUID: "UUID",
    KqlType.DYNAMIC: "String",
}

NUMBERS = (KqlType.INT, KqlType.LONG, KqlType.REAL, KqlType.DECIMAL)
"""The numeric types, narrowest first: an operation on two of them happens in the wider one."""

INTEGERS = (KqlType.INT, KqlType.LONG)

DOTNET_TYPES = {
    KqlType.BOOL: "System.SByte",
    KqlType.INT: "System.Int32",
    KqlType.LONG: "System.Int64",
    KqlType.REAL: "System.Double",
    KqlType.DECIMAL: "System.Data.SqlTypes.SqlDecimal",
    KqlType.STRING: "System.String",
    KqlType.DATETIME: "System.DateTime",
    KqlType.TIMESPAN: "System.TimeSpan",
    KqlType.GUID: "System.Guid",
    KqlType.DYNAMIC: "System.Object",
}
"""What `getschema` shows as DataType."""


def clickhouse_type(kql_type: KqlType, *, nullable: bool) -> str:
    """The ClickHouse type of a column of `kql_type`."""
    name = CLICKHOUSE_TYPES[kql_type]
    return f"Nullable({name})" if nullable and kql_type is not KqlType.STRING else name


def wider(left: KqlType, right: KqlType) -> KqlType:
    """The wider of two numeric types."""
    return NUMBERS[max(NUMBERS.index(left), NUMBERS.index(right))]


def common_type(types: list[KqlType]) -> KqlType | None:
    """The type that holds values of all `types` (branches of iff, coalesce, arrays); None when there is none.

    Numbers widen; a dynamic beside other types makes the whole dynamic.
    """
    distinct = set(types)
    if len(distinct) == 1:
        return types[0]
    if distinct <= set(NUMBERS):
        return max(distinct, key=NUMBERS.index)
    if KqlType.DYNAMIC in distinct:
        return KqlType.DYNAMIC
    return None
