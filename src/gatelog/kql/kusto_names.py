"""Functions of Kusto that are valid and not built here: a query with one is refused, not called wrong."""

from __future__ import annotations

_PREFIXES = (
    "series_",
    "geo_",
    "hll",
    "tdigest",
    "punycode_",
    "unicode_",
    "current_",
    "ipv6_",
    "format_",
    "parse_",
)

_NAMES = frozenset(
    # one string, because a list of a hundred quoted words reads worse
    """
    around assert bag_set_key base64_decode_toarray base64_decode_toguid base64_encode_fromarray
    base64_encode_fromguid beta_cdf beta_inv beta_pdf bin_auto buildschema cluster
    convert_angle convert_energy convert_force convert_length convert_mass convert_speed convert_temperature
    convert_volume covariance covarianceif covariancep covariancepif cursor_after cursor_before_or_at
    cursor_current database datetime_list_timezones dcount_hll
    dcount_intersect erf erfc estimate_data_size extent_id extent_tags external_table
    gzip_compress_to_base64_string gzip_decompress_from_base64_string has_any_index
       hash hash_combine hash_many indexof_regex
    jaccard_index make_string merge_tdigest percentile_array_tdigest
    percentile_tdigest percentiles_array percentilesw percentilesw_array percentilew percentrank_tdigest
    rank_tdigest replace_strings row_window_session set_equals stdevpif tdigest_merge to_utf8 translate
    trim_ws url_encode variancepif welch_test zip zlib_compress_to_base64_string
    zlib_decompress_from_base64_string
    """.split()  # noqa: SIM905 # see above
)


def is_known_function(name: str) -> bool:
    """Whether Kusto has a function of this name."""
    return name in _NAMES or name.startswith(_PREFIXES)


_REASONS = {
    "Kusto does not document how it combines hashes: use hash(strcat(...))": ("hash_combine", "hash_many"),
    "there are no database cursors here: filter by a time column": (
        *("cursor_after", "cursor_before_or_at", "cursor_current"),
    ),
    "rows are not kept in extents here": ("extent_id", "extent_tags"),
    "a query is not told who asks, nor where": (
        *("current_principal", "current_principal_details", "current_cluster_endpoint"),
    ),
}


def reason_against(name: str) -> str:
    """Why a known function is not built, where there is more to say than that."""
    return next((reason for reason, names in _REASONS.items() if name in names), "")
