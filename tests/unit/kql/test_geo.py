"""geo_* functions: what must hold whatever the place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog.testing.kql import run

LONGITUDES = st.floats(-180, 180, allow_nan=False).map(lambda value: round(value, 6))
LATITUDES = st.floats(-89, 89, allow_nan=False).map(lambda value: round(value, 6))


@settings(max_examples=6, deadline=None, derandomize=True)
@given(LONGITUDES, LATITUDES, st.integers(1, 30))
def test_an_s2_cell_is_the_cell_of_its_centre(lng: float, lat: float, level: int) -> None:
    _, rows = run(
        f"print cell = geo_point_to_s2cell({lng}, {lat}, {level})"
        " | extend at = geo_s2cell_to_central_point(cell).coordinates | where cell =="
        f" geo_point_to_s2cell(toreal(at[0]), toreal(at[1]), {level}) | project level = {level}"
    )
    assert rows == [[level]]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(LONGITUDES, LATITUDES, st.integers(1, 18))
def test_a_geohash_is_the_geohash_of_its_centre(lng: float, lat: float, size: int) -> None:
    _, rows = run(
        f"print cell = geo_point_to_geohash({lng}, {lat}, {size})"
        " | extend at = geo_geohash_to_central_point(cell).coordinates | where cell =="
        f" geo_point_to_geohash(toreal(at[0]), toreal(at[1]), {size}) | project size = strlen(cell)"
    )
    assert rows == [[size]]


@settings(max_examples=4, deadline=None, derandomize=True)
@given(LONGITUDES, LATITUDES)
def test_a_cell_holds_its_point_and_not_the_antipode(lng: float, lat: float) -> None:
    opposite = f"{lng - 180 if lng > 0 else lng + 180}, {-lat}"
    _, rows = run(
        f"print shape = geo_s2cell_to_polygon(geo_point_to_s2cell({lng}, {lat}, 3))"
        f" | project away = geo_distance_point_to_polygon({lng}, {lat}, shape) < 1,"
        f" opposite = geo_point_in_polygon({opposite}, shape)"
    )
    assert rows == [[True, False]]
