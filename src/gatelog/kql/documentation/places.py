"""Scalar functions of addresses: networks, URLs, the surface of the earth.

Source: learn.microsoft.com/kusto/query/scalar-functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

NETWORKS: Mapping[str, Entry] = entries("""
    parse_ipv4(address) — An IPv4 address as a number.
    ipv4_compare(left, right [, prefix]) — -1, 0 or 1, as the left address is before, at or behind the right.
    ipv4_is_match(left, right [, prefix]) — Whether two addresses have the same prefix.
    ipv4_is_in_range(address, range) — Whether an address lies in a range, 10.0.0.0/8.
    ipv4_is_in_any_range(address, range, ...) — Whether an address lies in one of the ranges.
    ipv4_is_private(address) — Whether an address is of a private network.
    ipv4_netmask_suffix(address) — The length of the prefix of an address.
    has_ipv4(text, address) — Whether the text holds the address.
    has_any_ipv4(text, address, ...) — Whether the text holds one of the addresses.
    has_ipv4_prefix(text, prefix) — Whether the text holds an address of the prefix.
    has_any_ipv4_prefix(text, prefix, ...) — Whether the text holds an address of one of the prefixes.
    parse_ipv6(address) — An IPv6 or IPv4 address in its long form.
    parse_ipv6_mask(address, prefix) — The prefix of an address in its long form.
    ipv6_compare(left, right [, prefix]) — -1, 0 or 1, as the left address is before, at or behind the right.
    ipv6_is_match(left, right [, prefix]) — Whether two addresses have the same prefix.
    ipv6_is_in_range(address, range) — Whether an address lies in a range.
    ipv6_is_in_any_range(address, range, ...) — Whether an address lies in one of the ranges.
    parse_url(url) — The parts of a URL, as a bag.
    parseurl(url) — The same as parse_url.
    parse_user_agent(text, target) — Browser, system, device of a User-Agent: 'browser', 'os', 'device'.
    parse_urlquery(query) — The parameters of a URL's query, as a bag.
    parseurlquery(query) — The same as parse_urlquery.
    url_decode(text) — The text with %20 and the like decoded.
    url_encode_component(text) — The text as a part of a URL.
    format_ipv4(address [, prefix]) — An IPv4 address as text, without the bits behind the prefix.
    format_ipv4_mask(address [, prefix]) — The same, with the length of the prefix.
    parse_ipv4_mask(address, prefix) — An IPv4 address with a prefix as a number.
    ipv4_range_to_cidr_list(first, last) — The networks that make up a range of addresses.
""")

EARTH: Mapping[str, Entry] = entries("""
    geo_distance_2points(lng1, lat1, lng2, lat2 [, use_spheroid]) — The distance of two points in metres.
    geo_azimuth(longitude1, latitude1, longitude2, latitude2) — The direction of one point from another.
    geo_point_in_circle(longitude, latitude, center longitude, center latitude, radius) — If it is inside.
    geo_line_length(line) — The length of a line in metres.
    geo_line_centroid(line) — The middle of a line.
    geo_line_interpolate_point(line, fraction) — The point at a part of a line's length.
    geo_line_locate_point(line, longitude, latitude [, use_spheroid]) — How far along a line the nearest is.
    geo_distance_point_to_line(longitude, latitude, line) — The distance of a point from a line in metres.
    geo_closest_point_on_line(longitude, latitude, line) — The point of a line nearest to another.
    geo_intersects_2lines(line1, line2) — Whether two lines meet.
    geo_polygon_area(polygon) — The area of a polygon in square metres.
    geo_polygon_perimeter(polygon) — The length of a polygon's border in metres.
    geo_polygon_centroid(polygon) — The middle of a polygon.
    geo_point_in_polygon(longitude, latitude, polygon) — Whether a point is inside of a polygon.
    geo_distance_point_to_polygon(longitude, latitude, polygon) — The distance of a point from a polygon.
    geo_closest_point_on_polygon(longitude, latitude, polygon) — The point of a polygon nearest to another.
    geo_intersects_2polygons(polygon1, polygon2) — Whether two polygons meet.
    geo_intersects_line_with_polygon(line, polygon) — Whether a line and a polygon meet.
    geo_intersection_2lines(line1, line2) — What two lines have in common.
    geo_intersection_2polygons(polygon1, polygon2) — What two polygons have in common.
    geo_intersection_line_with_polygon(line, polygon) — What a line and a polygon have in common.
    geo_point_to_geohash(longitude, latitude [, accuracy]) — The Geohash of a point.
    geo_geohash_to_central_point(geohash) — The middle of a Geohash cell.
    geo_geohash_to_polygon(geohash) — The border of a Geohash cell.
    geo_geohash_neighbors(geohash) — The cells around a Geohash cell.
    geo_point_to_h3cell(longitude, latitude [, resolution]) — The H3 cell of a point.
    geo_h3cell_level(cell) — The resolution of an H3 cell.
    geo_h3cell_parent(cell [, resolution]) — The larger cell around an H3 cell.
    geo_h3cell_children(cell [, resolution]) — The smaller cells inside of an H3 cell.
    geo_h3cell_neighbors(cell) — The cells around an H3 cell.
    geo_h3cell_rings(cell, distance) — The rings of cells around an H3 cell.
    geo_h3cell_to_central_point(cell) — The middle of an H3 cell.
    geo_h3cell_to_polygon(cell) — The border of an H3 cell.
    geo_point_to_s2cell(longitude, latitude [, level]) — The S2 cell of a point.
    geo_s2cell_to_central_point(cell) — The middle of an S2 cell.
    geo_s2cell_to_polygon(cell) — The border of an S2 cell.
    geo_s2cell_neighbors(cell) — The cells around an S2 cell.
    geo_line_to_s2cells(line [, level, radius]) — The S2 cells along a line.
    geo_polygon_to_s2cells(polygon [, level, radius]) — The S2 cells of a polygon.
    geo_polygon_to_h3cells(polygon [, resolution, radius]) — The H3 cells of a polygon.
    geo_from_wkt(text) — A shape in GeoJSON, of Well-Known Text.
    geo_line_buffer(line, radius [, tolerance]) — What lies within a distance of a line.
    geo_polygon_buffer(polygon, radius [, tolerance]) — What lies within a distance of a polygon.
    geo_line_densify(line [, tolerance, preserve]) — The line with more points.
    geo_polygon_densify(polygon [, tolerance, preserve]) — The polygon with more points.
    geo_line_simplify(line [, tolerance]) — A straight line without the points between; null if it is small.
    geo_polygon_simplify(polygon [, tolerance]) — Null for a polygon that is small; others are refused.
    geo_angle(lng1, lat1, lng2, lat2, lng3, lat3) — The angle between two lines, clockwise, in radians.
    geo_point_buffer(longitude, latitude, radius [, tolerance]) — A polygon around a circle.
    geo_union_polygons_array(array) — What several polygons cover.
    geo_union_lines_array(array) — Several lines as one.
    geo_simplify_polygons_array(array [, tolerance]) — Null for polygons that are small; others are refused.
""")
