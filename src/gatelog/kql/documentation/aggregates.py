"""Aggregate functions, plugins, and functions that give tables.

Source: learn.microsoft.com/kusto/query/aggregation-functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

AGGREGATES: Mapping[str, Entry] = entries("""
    count() — The number of rows.
    countif(condition) — The number of rows for which the condition is true.
    sum(value) — The sum.
    sumif(value, condition) — The sum of the rows for which the condition is true.
    avg(value) — The average; nulls do not count.
    avgif(value, condition) — The average of the rows for which the condition is true.
    min(value) — The smallest value.
    minif(value, condition) — The smallest value of the rows for which the condition is true.
    max(value) — The largest value.
    maxif(value, condition) — The largest value of the rows for which the condition is true.
    dcount(value [, accuracy]) — About how many distinct values there are.
    dcountif(value, condition [, accuracy]) — The same, of the rows for which the condition is true.
    count_distinct(value) — How many distinct values there are, exactly.
    count_distinctif(value, condition) — The same, of the rows for which the condition is true.
    percentile(value, percent) — The value below which so many percent lie.
    percentiles(value, percent, ...) — Several percentiles, a column each.
    percentilew(value, weight, percent) — A percentile of weighted values.
    percentilesw(value, weight, percent, ...) — Several percentiles of weighted values, a column each.
    percentiles_array(value, percent, ...) — Several percentiles, as an array.
    percentilesw_array(value, weight, percent, ...) — Several percentiles of weighted values, as an array.
    arg_max(value, column, ...) — Columns of the row in which the value is largest; `*` for all.
    arg_min(value, column, ...) — Columns of the row in which the value is smallest; `*` for all.
    argmax(value, column, ...) — The old form of arg_max.
    argmin(value, column, ...) — The old form of arg_min.
    take_any(column, ...) — Columns of any row; `*` for all.
    take_anyif(column, condition) — The column of any row for which the condition is true.
    any(column, ...) — The old form of take_any.
    anyif(column, condition) — The old form of take_anyif.
    make_list(value [, most]) — The values as an array.
    makelist(value [, most]) — The old form of make_list: 128 values unless more are asked for.
    make_list_if(value, condition [, most]) — The values of the rows for which the condition is true.
    make_list_with_nulls(value) — The values as an array, nulls included.
    make_set(value [, most]) — The distinct values as an array.
    makeset(value [, most]) — The old form of make_set: 128 values unless more are asked for.
    make_set_if(value, condition [, most]) — The distinct values of the rows for which the condition is true.
    make_bag(bag [, most]) — One bag of all bags.
    make_dictionary(bag [, most]) — The old name of make_bag; 128 pairs unless more are asked for.
    make_bag_if(bag, condition [, most]) — One bag of the rows for which the condition is true.
    stdev(value) — The standard deviation of a sample.
    stdevif(value, condition) — The same, of the rows for which the condition is true.
    stdevp(value) — The standard deviation of a population.
    stdevpif(value, condition) — The same, of the rows for which the condition is true.
    variance(value) — The variance of a sample.
    varianceif(value, condition) — The same, of the rows for which the condition is true.
    variancep(value) — The variance of a population.
    variancepif(value, condition) — The same, of the rows for which the condition is true.
    covariance(x, y) — The covariance of a sample.
    covarianceif(x, y, condition) — The same, of the rows for which the condition is true.
    covariancep(x, y) — The covariance of a population.
    covariancepif(x, y, condition) — The same, of the rows for which the condition is true.
    binary_all_and(value) — The bits that all values have.
    binary_all_or(value) — The bits that at least one value has.
    binary_all_xor(value) — The bits that an odd number of values has.
    buildschema(value) — The schema of dynamic values.
    hll(value [, accuracy]) — An estimate of distinct values that can be merged later.
    hll_if(value, condition [, accuracy]) — The same, of the rows for which the condition is true.
    hll_merge(estimate) — Merges estimates of distinct values.
    tdigest(value [, weight]) — An estimate of percentiles that can be merged later.
    tdigest_merge(estimate) — Merges estimates of percentiles.
    merge_tdigest(estimate) — The same as tdigest_merge.
""")

PLUGINS: Mapping[str, Entry] = entries("""
    bag_unpack(column [, prefix, conflict, ignored]) — A column for each key of a bag.
    pivot(column [, aggregate, columns]) — A column for each value of a column.
    narrow() — A row for each cell: row, column, value.
    preview(number) — So many rows, and how many there are: two answers, which end a query.
    ipv4_lookup(table, address, network [, ...]) — Adds the row of the network that an address lies in.
    ipv6_lookup(table, address, network [, ...]) — Adds the row of the network that an address lies in.
    active_users_count(id, time, start, end, lookback, period, active, bin, ...) — Users active often enough.
    activity_counts_metrics(id, time, start, end, window [, ...]) — Counts and new values in windows of time.
    activity_engagement(id, time [, start, end], inner, outer [, ...]) — Ids of a day beside those of a month.
    activity_metrics(id, time [, start, end], window [, ...]) — How many values came back window by window.
    autocluster([size weight, weight column, seeds, wildcard, ...]) — Few patterns that sum up many rows.
    basket([threshold, weight column, dimensions, wildcard, ...]) — The values that many rows have in common.
    diffpatterns(column, value, value [, weight column, threshold, ...]) — What sets two sets of rows apart.
    funnel_sequence(id, time, start, end, step window, bin, state, states) — Who came from where, and went on.
    funnel_sequence_completion(id, time, start, end, bin, state, states, periods) — Who got how far, how soon.
    new_activity_metrics(id, time, start, end, window [, cohort, ...]) — What becomes of new values later.
    rolling_percentile(value, percent, index, bin, bins [, ...]) — A percentile of the last bins.
    rows_near(condition, rows [, after]) — The rows that are near to one where the condition is true.
    dcount_intersect(estimate, estimate [, ...]) — How many distinct values several estimates share.
    sequence_detect(time, step, span, name = condition, ..., dimension, ...) — Events that follow each other.
    session_count(id, time, start, end, bin, lookback [, ...]) — Sessions that were active in windows of time.
    sliding_window_counts(id, time, start, end, window, bin, ...) — Counts in windows that slide over time.
    schema_merge([preserve_order]) — Several answers of getschema as one.
    geo_polygon_lookup(table, shape, longitude, latitude [, radius]) — Adds the polygons that a place lies in.
    geo_line_lookup(table, shape, longitude, latitude, radius) — Adds the lines that are near a place.
""")

TABLE_FUNCTIONS: Mapping[str, Entry] = entries("""
    datatable(column: type, ...) [values] — A table written in the query.
    externaldata(column: type, ...) [uris] — A table at another place; not read here.
    materialize(table) — A table that is read once, however often it is used.
    table(name) — The table of a name that is a constant text.
""")
