"""Functions of Kusto that are valid and not built here: a query with one is refused, not called wrong."""

from __future__ import annotations

_PREFIXES = ("series_", "geo_", "hll", "tdigest", "punycode_", "unicode_", "current_", "ipv6_", "format_", "parse_")

_NAMES = frozenset(
    """
    array_sort_asc array_sort_desc asin assert atan2 bag_set_key bag_zip base64_decode_toarray base64_decode_toguid
    base64_encode_fromarray base64_encode_fromguid beta_cdf beta_inv beta_pdf bin_auto binary_all_and buildschema
    column_names_of convert_angle convert_energy convert_force convert_length convert_mass convert_speed
    convert_temperature convert_volume covariance covarianceif covariancep covariancepif cursor_after cursor_before_or_at
    cursor_current dcount_hll dcount_intersect datetime_list_timezones datetime_local_to_utc datetime_utc_to_local erf
    erfc estimate_data_size extent_id extent_tags external_table extract_json extractjson gettype gzip_compress_to_base64_string
    gzip_decompress_from_base64_string has_any_index has_any_ipv4 has_any_ipv4_prefix has_ipv4 has_ipv4_prefix hash
    hash_combine hash_many indexof_regex ingestion_time jaccard_index make_string merge_tdigest new_guid next pack_all
    percentile_array_tdigest percentile_tdigest percentilesw percentilew percentilesw_array percentiles_array
    percentrank_tdigest prev rank_tdigest replace_strings row_cumsum row_number row_rank_dense row_rank_min
    row_window_session set_equals string_size toscalar to_utf8 translate treepath trim_ws tdigest_merge url_encode
    variancepif stdevpif week_of_year weekofyear welch_test zip zlib_compress_to_base64_string
    zlib_decompress_from_base64_string around make_dictionary iscolumnexists isnotnull database cluster
    """.split()
)


def is_known_function(name: str) -> bool:
    """Whether Kusto has a function of this name."""
    return name in _NAMES or name.startswith(_PREFIXES)
