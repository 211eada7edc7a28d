"""convert_*: a value of one unit in another. The factors are those of UnitsNet, the library behind Kusto."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

REAL, STRING = KqlType.REAL, KqlType.STRING


class Unit(NamedTuple):
    """A unit in terms of the base unit: base = value * factor + offset."""

    factor: float
    offset: float = 0.0


_PREFIXES = {
    "Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 1e-1, "Deca": 1e1, "Hecto": 1e2,
    "Kilo": 1e3, "Mega": 1e6, "Giga": 1e9, "Tera": 1e12,
}  # fmt: skip  # a table


def _units(plain: Mapping[str, float], prefixed: Mapping[str, str] | None = None) -> Mapping[str, Unit]:
    """Units by name; `prefixed` gives for a unit the prefixes that it is used with."""
    units = {name: Unit(factor) for name, factor in plain.items()}
    for name, prefixes in (prefixed or {}).items():
        base = name[0].lower() + name[1:]
        for prefix in prefixes.split():
            units[prefix + base] = Unit(plain[name] * _PREFIXES[prefix])
    return units


_ANGLES = _units(
    {
        "Degree": 1, "Arcminute": 1 / 60, "Arcsecond": 1 / 3600, "Gradian": 0.9, "NatoMil": 360 / 6400,
        "Radian": 180 / math.pi, "Revolution": 360,
    },
    {"Degree": "Nano Micro Milli", "Radian": "Nano Micro Milli Centi Deci"},
)  # fmt: skip  # a table
_TILT = "Tilt"
_THERM = {"ThermEc": 1.05505585262e8, "ThermImperial": 1.05505585257348e8, "ThermUs": 1.054804e8}
_ENERGIES = _units(
    {
        "Joule": 1, "BritishThermalUnit": 1055.05585262, "Calorie": 4.184, "ElectronVolt": 1.602176565e-19,
        "Erg": 1e-7, "FootPound": 1.355817948, "HorsepowerHour": 2.6845195377e6, "WattDay": 86_400,
        "WattHour": 3_600, **_THERM,
    },
    {
        "Joule": "Milli Kilo Mega Giga", "BritishThermalUnit": "Kilo Mega Giga", "Calorie": "Kilo Mega",
        "ElectronVolt": "Kilo Mega Giga Tera", "WattDay": "Kilo Mega Giga Tera",
        "WattHour": "Kilo Mega Giga Tera", **dict.fromkeys(_THERM, "Deca"),
    },
)  # fmt: skip  # a table
_FORCES = _units(
    {
        "Newton": 1, "Dyn": 1e-5, "KilogramForce": 9.80665, "KiloPond": 9.80665,
        "OunceForce": 0.27801385095378125,
        "Poundal": 0.13825502798973, "PoundForce": 4.4482216152605, "ShortTonForce": 8896.443230521,
        "TonneForce": 9806.65,
    },
    {"Newton": "Micro Milli Deca Kilo Mega", "PoundForce": "Kilo"},
)  # fmt: skip  # a table
_LENGTHS = _units(
    {
        "Meter": 1, "Angstrom": 1e-10, "AstronomicalUnit": 1.495978707e11, "Chain": 20.1168,
        "DataMile": 1828.8,
        "DtpPica": 0.0254 / 6, "DtpPoint": 0.0254 / 72, "Fathom": 1.8288, "Foot": 0.3048, "Hand": 0.1016,
        "Inch": 0.0254, "LightYear": 9.46073047258e15, "Mil": 2.54e-5, "Mile": 1609.344, "NauticalMile": 1852,
        "Parsec": 3.08567758128e16, "PrinterPica": 12 * 0.0254 / 72.27, "PrinterPoint": 0.0254 / 72.27,
        "Shackle": 27.432, "SolarRadius": 6.9551e8, "Twip": 0.0254 / 1440, "UsSurveyFoot": 1200 / 3937,
        "Yard": 0.9144,
    },
    {
        "Meter": "Nano Micro Milli Centi Deci Deca Hecto Kilo", "Inch": "Micro", "LightYear": "Kilo Mega",
        "Parsec": "Kilo Mega",
    },
)  # fmt: skip  # a table
_MASSES = _units(
    {
        "Gram": 1e-3, "EarthMass": 5.9722e24, "Grain": 6.479891e-5, "LongHundredweight": 50.80234544,
        "LongTon": 1016.0469088, "Ounce": 0.028349523125, "Pound": 0.45359237,
        "ShortHundredweight": 45.359237,
        "ShortTon": 907.18474, "Slug": 14.593902937206365, "SolarMass": 1.98947e30, "Stone": 6.35029318,
        "Tonne": 1_000,
    },
    {"Gram": "Nano Micro Milli Centi Deci Deca Hecto Kilo", "Pound": "Kilo Mega", "Tonne": "Kilo Mega"},
)  # fmt: skip  # a table
_PACES = {
    "CentimeterPer": 1e-2, "DecimeterPer": 1e-1, "FootPer": 0.3048, "InchPer": 0.0254, "KilometerPer": 1e3,
    "MeterPer": 1, "MicrometerPer": 1e-6, "MilePer": 1609.344, "MillimeterPer": 1e-3, "NanometerPer": 1e-9,
    "UsSurveyFootPer": 1200 / 3937, "YardPer": 0.9144,
}  # fmt: skip  # a table
_SPEEDS = _units(
    {
        "Knot": 1852 / 3600,
        **{
            f"{pace}{time}": metres / seconds
            for pace, metres in _PACES.items()
            for time, seconds in (("Second", 1), ("Minute", 60), ("Hour", 3600))
        },
    }
)
_TEMPERATURES = {
    "Kelvin": Unit(1),
    "DegreeCelsius": Unit(1, 273.15),
    "MillidegreeCelsius": Unit(1e-3, 273.15),
    "DegreeDelisle": Unit(-2 / 3, 373.15),
    "DegreeFahrenheit": Unit(5 / 9, 459.67 * 5 / 9),
    "DegreeNewton": Unit(100 / 33, 273.15),
    "DegreeRankine": Unit(5 / 9),
    "DegreeReaumur": Unit(5 / 4, 273.15),
    "DegreeRoemer": Unit(40 / 21, 273.15 - 7.5 * 40 / 21),
    "SolarTemperature": Unit(5778),
}
_CUBIC_METRES = {
    "CubicMeter": 1, "CubicCentimeter": 1e-6, "CubicDecimeter": 1e-3, "CubicHectometer": 1e6,
    "CubicKilometer": 1e9, "CubicMicrometer": 1e-18, "CubicMillimeter": 1e-9,
}  # fmt: skip  # a table
_VOLUMES = _units(
    {
        **_CUBIC_METRES, "Liter": 1e-3, "AcreFoot": 1 / 0.000810714, "AuTablespoon": 2e-5,
        "BoardFoot": 0.002359737216, "CubicFoot": 0.028316846592, "CubicInch": 1.6387064e-5,
        "CubicMile": 4.16818182544058e9, "CubicYard": 0.764554857984, "ImperialBeerBarrel": 0.16365924,
        "ImperialGallon": 0.00454609, "ImperialOunce": 2.84130625e-5, "ImperialPint": 5.6826125e-4,
        "MetricCup": 2.5e-4, "MetricTeaspoon": 5e-6, "OilBarrel": 0.158987294928, "UkTablespoon": 1.5e-5,
        "UsBeerBarrel": 0.117347765304, "UsCustomaryCup": 2.365882365e-4, "UsGallon": 0.003785411784,
        "DecausGallon": 0.03785411784,
        "DeciusGallon": 0.0003785411784, "HectousGallon": 0.3785411784,
        "UsLegalCup": 2.4e-4, "UsOunce": 2.95735295625e-5, "UsPint": 4.73176473e-4, "UsQuart": 9.46352946e-4,
        "UsTablespoon": 1.478676478125e-5, "UsTeaspoon": 4.92892159375e-6,
    },
    {
        "Liter": "Micro Milli Centi Deci Deca Hecto Kilo Mega", "UsGallon": "Kilo Mega",
        "CubicFoot": "Hecto Kilo Mega", "CubicMeter": "Hecto Kilo", "ImperialGallon": "Kilo Mega",
    },
)  # fmt: skip  # a table


def _conversion(quantity: str, units: Mapping[str, Unit]) -> Function:
    """`convert_quantity(value, from, to)`; null for a unit that there is not."""

    def build(arguments: Sequence[Term]) -> Term:
        value, source, target = map(accept, arguments, (REAL, STRING, STRING))
        known = [units.get(str(unit.constant.value)) if unit.constant else None for unit in (source, target)]
        if known[0] is not None and known[1] is not None:
            return finished(REAL, _converted(value.sql, known[0], known[1]), [value])
        by_name = _tilted if quantity == "angle" else _converted_by_name
        node = by_name(value.sql, source.sql, target.sql, units)
        return finished(REAL, node, [value], may_fail=True)

    return Function(f"convert_{quantity}", 3, 3, build)


_BY_NAME = """
(value * transform(source, names, factors, NULL) + transform(source, names, offsets, NULL)
    - transform(target, names, offsets, NULL)) / transform(target, names, factors, NULL)
"""


def _converted_by_name(value: Sql, source: Sql, target: Sql, units: Mapping[str, Unit]) -> Sql:
    """The same for units that only the row names; NULL for one that there is not."""
    names = sql.array([sql.literal(name) for name in units])
    factors = sql.array([_number(unit.factor) for unit in units.values()])
    offsets = sql.array([_number(unit.offset) for unit in units.values()])
    return formula(
        _BY_NAME, value=value, source=source, target=target, names=names, factors=factors, offsets=offsets
    )


def _tilted(value: Sql, source: Sql, target: Sql, units: Mapping[str, Unit]) -> Sql:
    """Angles, among them a tilt, which is the sine of one."""

    def in_degrees(unit: Sql) -> Sql:
        return sql.if_(sql.eq(unit, _TILT), "Degree", unit)

    angle = sql.if_(sql.eq(source, _TILT), formula("degrees(asin(value))", value=value), value)
    return sql.with_value(
        _converted_by_name(angle, in_degrees(source), in_degrees(target), units),
        "angle",
        lambda found: sql.if_(sql.eq(target, _TILT), formula("sin(radians(angle))", angle=found), found),
    )


def _number(value: float) -> Sql:
    return sql.call("toFloat64", repr(value))


def _converted(value: Sql, source: Unit, target: Unit) -> Sql:
    factor, offset = source.factor / target.factor, (source.offset - target.offset) / target.factor
    scaled = sql.times(value, _number(factor))
    return sql.plus(scaled, _number(offset)) if offset else scaled


UNITS: tuple[Function, ...] = tuple(
    _conversion(quantity, units)
    for quantity, units in {
        "angle": _ANGLES,
        "energy": _ENERGIES,
        "force": _FORCES,
        "length": _LENGTHS,
        "mass": _MASSES,
        "speed": _SPEEDS,
        "temperature": _TEMPERATURES,
        "volume": _VOLUMES,
    }.items()
)
"""The rows of this table."""
