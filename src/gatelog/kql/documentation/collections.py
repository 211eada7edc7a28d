"""Scalar functions of arrays, sets, bags and series.

Source: learn.microsoft.com/kusto/query/scalar-functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

ARRAYS: Mapping[str, Entry] = entries("""
    array_length(array) — The number of elements.
    arraylength(array) — The same as array_length.
    array_sum(array) — The sum of the elements.
    array_index_of(array, value [, start, length, occurrence]) — Where the value is; -1 if it is not there.
    array_slice(array, start, end) — The elements from start to end, both included.
    array_reverse(array) — The elements backwards.
    array_rotate_left(array, places) — The elements moved to the left; what falls out comes back right.
    array_rotate_right(array, places) — The elements moved to the right; what falls out comes back left.
    array_shift_left(array, places [, default]) — The elements moved to the left, filled up on the right.
    array_shift_right(array, places [, default]) — The elements moved to the right, filled up on the left.
    array_concat(array, ...) — The elements of all arrays.
    array_iff(conditions, then, else) — For each condition one of two elements.
    array_iif(conditions, then, else) — The same as array_iff.
    array_split(array, places) — The array cut at some places.
    array_sort_asc(array, ...) — The elements from small to large; further arrays in the same order.
    array_sort_desc(array, ...) — The elements from large to small; further arrays in the same order.
    pack_array(value, ...) — An array of some values.
    range(start, end [, step]) — An array of equally spaced values.
    repeat(value, times) — An array of one value repeated.
    zip(array, ...) — Arrays of the elements at the same place.
    set_has_element(array, value) — Whether the value is an element.
    set_union(array, ...) — The distinct elements of all arrays.
    set_intersect(array, ...) — The distinct elements that all arrays have.
    set_difference(array, ...) — The distinct elements of the first array that no other has.
    set_equals(left, right) — Whether two arrays have the same distinct elements.
    jaccard_index(left, right) — The share of the elements of two sets that both have.
""")

BAGS: Mapping[str, Entry] = entries("""
    parse_json(text) — The value that a JSON text holds.
    parsejson(text) — The same as parse_json.
    todynamic(text) — The same as parse_json.
    toobject(text) — The same as parse_json.
    dynamic_to_json(value) — A value as JSON text, its keys sorted.
    bag_pack(key, value, ...) — A bag of keys and values.
    pack(key, value, ...) — The same as bag_pack.
    pack_dictionary(key, value, ...) — The same as bag_pack.
    pack_all() — A bag of all columns of the row.
    bag_merge(bag, ...) — One bag of several; the first value of a key counts.
    bag_zip(keys, values) — A bag of two arrays.
    bag_keys(bag) — The keys, as an array.
    bag_remove_keys(bag, keys) — The bag without some keys.
    bag_has_key(bag, key) — Whether the bag has the key.
    bag_set_key(bag, key, value) — The bag with a key set.
    treepath(value) — The paths of all values inside a dynamic.
    bag_pack_columns(column, ...) — A bag of some columns under their names.
""")

SERIES: Mapping[str, Entry] = entries("""
    series_add(left, right) — Sums, element by element.
    series_subtract(left, right) — Differences, element by element.
    series_multiply(left, right) — Products, element by element.
    series_divide(left, right) — Quotients, element by element.
    series_pow(base, exponent) — Powers, element by element.
    series_equals(left, right) — Whether elements are equal.
    series_not_equals(left, right) — Whether elements differ.
    series_less(left, right) — Whether elements of the left are less.
    series_less_equals(left, right) — Whether elements of the left are less or equal.
    series_greater(left, right) — Whether elements of the left are greater.
    series_greater_equals(left, right) — Whether elements of the left are greater or equal.
    series_abs(series) — The elements without their signs.
    series_sign(series) — The signs of the elements.
    series_ceiling(series) — The elements rounded up.
    series_floor(series) — The elements rounded down.
    series_exp(series) — e to the power of the elements.
    series_log(series) — The natural logarithms of the elements.
    series_sin(series) — The sines of the elements.
    series_cos(series) — The cosines of the elements.
    series_tan(series) — The tangents of the elements.
    series_asin(series) — The angles whose sines the elements are.
    series_acos(series) — The angles whose cosines the elements are.
    series_atan(series) — The angles whose tangents the elements are.
    series_sum(series) — The sum of the elements.
    series_product(series) — The product of the elements.
    series_magnitude(series) — The length of the vector.
    series_dot_product(left, right) — The dot product of two vectors.
    series_cosine_similarity(left, right [, magnitudes]) — The cosine of the angle of two vectors.
    series_pearson_correlation(left, right) — The correlation of two series.
    series_fill_const(series, value [, missing]) — Missing elements replaced by a value.
    series_fill_forward(series [, missing]) — Missing elements replaced by the one before.
    series_fill_backward(series [, missing]) — Missing elements replaced by the one after.
    series_fill_linear(series [, missing, edges, constant]) — Missing elements on a line between neighbours.
    series_fir(series, filter [, normalize, center]) — A finite impulse response filter: moving averages.
    fir(series, filter [, normalize, center]) — The same as series_fir.
    series_iir(series, numerators, denominators) — An infinite impulse response filter.
    series_stats(series [, ignore]) — Smallest, largest, average, deviation, variance, as columns.
    series_stats_dynamic(series [, ignore]) — Smallest, largest, average, deviation, variance, as a bag.
    series_fit_line(series) — The straight line that fits best, as columns.
    series_fit_line_dynamic(series) — The straight line that fits best, as a bag.
    series_fit_2lines(series) — The two straight lines that fit best, as columns.
    series_fit_2lines_dynamic(series) — The two straight lines that fit best, as a bag.
    series_fit_poly(series [, x, degree]) — The polynomial that fits best.
    series_outliers(series [, kind, ...]) — How far each element is from what is usual.
    series_seasonal(series [, period]) — The seasonal part of a series.
    series_decompose(series [, seasonality, trend, ...]) — Base, season, trend and what is left.
    series_decompose_anomalies(series [, threshold, ...]) — Elements that season and trend do not explain.
    series_decompose_forecast(series, points [, ...]) — The last points as season and trend foretell them.
    series_periods_detect(series, low, high, count) — The strongest periods of a series.
    series_periods_validate(series, period, ...) — How well given periods fit.
    series_fft(real [, imaginary]) — The fast Fourier transform.
    series_ifft(real [, imaginary]) — The inverse Fourier transform.
""")
