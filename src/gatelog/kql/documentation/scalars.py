"""Scalar functions of single values: conversions, conditions, texts, numbers, times, rows.

Source: learn.microsoft.com/kusto/query/scalar-functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.entry import Entry, entries

CONVERSIONS: Mapping[str, Entry] = entries("""
    tostring(value) — The value as text.
    toint(value) — The value as a whole number of 32 bits, or null.
    tolong(value) — The value as a whole number of 64 bits, or null.
    toreal(value) — The value as a real number, or null.
    todouble(value) — The same as toreal.
    todecimal(value) — The value as a decimal number, or null.
    tobool(value) — The value as a bool, or null.
    toboolean(value) — The same as tobool.
    todatetime(value) — The value as a time, or null.
    totimespan(value) — The value as a length of time, or null.
    totime(value) — The same as totimespan.
    toguid(text) — The text as a guid, or null.
    bool(value) — A literal bool; bool(null).
    int(number) — A literal whole number of 32 bits; int(null).
    long(number) — A literal whole number of 64 bits; long(null).
    real(number) — A literal real number; real(nan), real(+inf), real(null).
    decimal(number) — A literal decimal number; decimal(null).
    guid(text) — A literal guid; guid(null).
    dynamic(json) — A literal of JSON.
    datetime(text) — A literal time, UTC.
    timespan(text) — A literal length of time.
    gettype(value) — The name of the value's type.
    tohex(number [, length]) — The number in hexadecimal digits.
    format_bytes(size [, digits [, unit]]) — A number of bytes as people read it: 10.1 KB.
    iff(condition, then, else) — One of two values.
    iif(condition, then, else) — The same as iff.
    case(condition, value, ..., else) — The value behind the first condition that is true.
    coalesce(value, ...) — The first value that is not null.
    not(condition) — The opposite of a condition.
    isnull(value) — Whether the value is null.
    isnotnull(value) — Whether the value is not null.
    notnull(value) — The same as isnotnull.
    isempty(value) — Whether the value is empty or null.
    isnotempty(value) — Whether the value is neither empty nor null.
    notempty(value) — The same as isnotempty.
    isascii(text) — Whether the text has ASCII characters only.
    isutf8(text) — Whether the text is valid UTF-8.
    assert(condition, message) — Ends the query with the message unless the condition is true.
    max_of(value, ...) — The largest of some values.
    min_of(value, ...) — The smallest of some values.
    column_ifexists(name, default) — A column if the table has it, else the default.
    columnifexists(name, default) — The same as column_ifexists.
    column_names_of(table) — The names of a table's columns, as an array.
    toscalar(table) — The first column of the first row, as a value.
    new_guid() — A new guid.
    convert_angle(value, from, to) — An angle in another unit.
    convert_energy(value, from, to) — An energy in another unit.
    convert_force(value, from, to) — A force in another unit.
    convert_length(value, from, to) — A length in another unit.
    convert_mass(value, from, to) — A mass in another unit.
    convert_speed(value, from, to) — A speed in another unit.
    convert_temperature(value, from, to) — A temperature in another unit.
    convert_volume(value, from, to) — A volume in another unit.
""")

TEXTS: Mapping[str, Entry] = entries("""
    strlen(text) — The number of characters.
    string_size(text) — The number of bytes in UTF-8.
    tolower(text) — The text in small letters.
    toupper(text) — The text in capital letters.
    reverse(text) — The text backwards.
    strcat(value, ...) — The values as one text.
    strcat_delim(delimiter, value, ...) — The values as one text, with the delimiter between them.
    strrep(value, times [, delimiter]) — The value repeated, 67,108,864 times at most.
    strcat_array(array, delimiter) — The elements as one text, with the delimiter between them.
    array_strcat(array, delimiter) — The same as strcat_array.
    substring(text, start [, length]) — A part of the text; places count from 0.
    indexof(text, lookup [, start, length, occurrence]) — Where the lookup begins; -1 if it does not occur.
    indexof_regex(text, pattern [, start, length, occurrence]) — Where a match begins; -1 if there is none.
    split(text, delimiter [, index]) — The parts between delimiters, as an array.
    strcmp(left, right) — -1, 0 or 1, as left is before, at or behind right.
    replace_string(text, lookup, replacement) — The text with every lookup replaced.
    replace_strings(text, lookups, replacements) — The text with several lookups replaced.
    replace_regex(text, pattern, replacement) — The text with every match replaced; \\1 stands for a group.
    replace(pattern, replacement, text) — The old form of replace_regex.
    translate(from, to, text) — The text with characters exchanged one by one.
    trim(pattern, text) — The text without matches at its ends.
    trim_start(pattern, text) — The text without a match at its beginning.
    trim_end(pattern, text) — The text without a match at its end.
    countof(text, search [, kind]) — How often the search occurs; kind is normal or regex.
    regex_quote(text) — The text as a regular expression that matches it.
    extract(pattern, group, text [, typeof(type)]) — A group of the first match.
    extract_all(pattern [, groups], text) — The groups of all matches, as an array.
    extractall(pattern [, groups], text) — The same as extract_all.
    extract_json(path, text [, typeof(type)]) — The value at a JSON path of a text.
    extractjson(path, text [, typeof(type)]) — The same as extract_json.
    base64_encode_tostring(text) — The text in Base64.
    base64_encodestring(text) — The same as base64_encode_tostring.
    base64_decode_tostring(text) — The text that was written in Base64.
    base64_decodestring(text) — The same as base64_decode_tostring.
    base64_encode_fromguid(guid) — The bytes of a guid in Base64.
    base64_decode_toguid(text) — The guid whose bytes were written in Base64.
    base64_encode_fromarray(array) — The bytes of an array in Base64.
    base64_decode_toarray(text) — The bytes that were written in Base64, as an array.
    hash(value [, modulus]) — A hash of the value: xxHash64.
    hash_xxhash64(value [, modulus]) — The xxHash64 of the value.
    hash_sha256(value) — The SHA-256 of the value, in hexadecimal digits.
    hash_sha1(value) — The SHA-1 of the value, in hexadecimal digits.
    hash_md5(value) — The MD5 of the value, in hexadecimal digits.
    unicode_codepoints_from_string(text) — The code points of the characters, as an array.
    unicode_codepoints_to_string(value, ...) — The text of some code points.
    make_string(value, ...) — The text of some code points.
    to_utf8(text) — The code points of the characters, as an array.
    punycode_from_string(text) — The text in Punycode.
    punycode_to_string(text) — The text that was written in Punycode.
    punycode_domain_from_string(domain) — The domain name that was written in ASCII, `xn--...`.
    punycode_domain_to_string(domain) — A domain name in its ASCII form, `xn--...`.
    parse_path(path) — The parts of a file path, as a bag.
    parse_xml(text) — A text of XML as a dynamic value; null if it is none.
    gzip_compress_to_base64_string(text) — A constant text compressed by gzip, in Base64.
    gzip_decompress_from_base64_string(text) — The text that was; empty if it is none.
    zlib_compress_to_base64_string(text) — A constant text compressed by zlib, in Base64.
    zlib_decompress_from_base64_string(text) — The text that was; empty if it is none.
    parse_version(text) — A version such as 1.2.3.4 as a number that compares rightly.
    parse_csv(text) — The fields of one record of comma-separated values.
    parse_command_line(text, "windows") — The arguments of a command line.
    url_encode(text) — Percent-encoded, blanks as plus signs.
    has_any_index(text, array) — The place of the first element that is a term of the text; -1 if none is.
""")

NUMBERS: Mapping[str, Entry] = entries("""
    abs(number) — The number without its sign.
    ceiling(number) — The smallest whole number not below it.
    floor(value, size) — The same as bin.
    bin(value, size) — The value rounded down to a multiple of the size.
    bin_at(value, size, point) — The value rounded down, with bins counted from a fixed point.
    round(number [, digits]) — The number rounded.
    sign(number) — -1, 0 or 1.
    exp(number) — e to the power of the number.
    exp2(number) — 2 to the power of the number.
    exp10(number) — 10 to the power of the number.
    log(number) — The natural logarithm.
    log2(number) — The logarithm to base 2.
    log10(number) — The logarithm to base 10.
    sqrt(number) — The square root.
    pow(base, exponent) — The base to the power of the exponent.
    power(base, exponent) — The same as pow.
    sin(radians) — The sine.
    cos(radians) — The cosine.
    tan(radians) — The tangent.
    cot(radians) — The cotangent.
    asin(number) — The angle whose sine it is.
    acos(number) — The angle whose cosine it is.
    atan(number) — The angle whose tangent it is.
    atan2(y, x) — The angle of a point.
    degrees(radians) — An angle in degrees.
    radians(degrees) — An angle in radians.
    pi() — The number π.
    gamma(number) — The gamma function.
    loggamma(number) — The logarithm of the gamma function.
    erf(number) — The error function.
    erfc(number) — 1 less the error function.
    beta_pdf(x, alpha, beta) — The density of the beta distribution.
    beta_cdf(x, alpha, beta) — The beta distribution up to x.
    isnan(number) — Whether it is no number.
    isinf(number) — Whether it is infinite.
    isfinite(number) — Whether it is neither infinite nor NaN.
    rand() — A random number from 0 to 1.
    binary_and(left, right) — The bits that both have.
    binary_or(left, right) — The bits that at least one has.
    binary_xor(left, right) — The bits that one of the two has.
    binary_not(number) — All bits turned over.
    binary_shift_left(number, places) — The bits moved to the left.
    binary_shift_right(number, places) — The bits moved to the right.
    bitset_count_ones(number) — How many bits are 1.
    around(value, center, delta) — Whether a value is that near to another.
    beta_inv(probability, alpha, beta) — The inverse of beta_cdf.
    welch_test(mean1, variance1, count1, mean2, variance2, count2) — The p-value of Welch's t-test.
    bin_auto(value) — A bin of the width that `set query_bin_auto_size` gives.
    dcount_hll(estimate) — The number of distinct values in an estimate of hll.
    percentile_tdigest(estimate, percent [, typeof(type)]) — A percentile of an estimate of tdigest.
    percentiles_array_tdigest(estimate, percent, ...) — Several percentiles of an estimate, as an array.
    percentile_array_tdigest(estimate, percent, ...) — The same as percentiles_array_tdigest.
    rank_tdigest(estimate, value) — How many values of an estimate are not larger.
    percentrank_tdigest(estimate, value) — What share of the values of an estimate is not larger, in percent.
""")

TIMES: Mapping[str, Entry] = entries("""
    now([offset]) — The time of the query, UTC.
    ago(timespan) — The time of the query less a timespan.
    datetime_add(part, amount, datetime) — A time moved by parts: year, month, day, hour, ...
    datetime_diff(part, later, earlier) — How many borders of a part lie between two times.
    datetime_part(part, datetime) — A part of a time, as a number.
    datepart(part, datetime) — The same as datetime_part.
    dayofweek(datetime) — The time since the last Sunday, in whole days.
    dayofmonth(datetime) — The day of the month.
    dayofyear(datetime) — The day of the year.
    hourofday(datetime) — The hour of the day.
    monthofyear(datetime) — The month of the year.
    getmonth(datetime) — The month of the year.
    getyear(datetime) — The year.
    week_of_year(datetime) — The week of the year, ISO 8601.
    weekofyear(datetime) — The week of the year, from Sunday; the first has the first Wednesday.
    startofday(datetime [, offset]) — The beginning of the day.
    startofweek(datetime [, offset]) — The beginning of the week, a Sunday.
    startofmonth(datetime [, offset]) — The beginning of the month.
    startofyear(datetime [, offset]) — The beginning of the year.
    endofday(datetime [, offset]) — The last moment of the day.
    endofweek(datetime [, offset]) — The last moment of the week.
    endofmonth(datetime [, offset]) — The last moment of the month.
    endofyear(datetime [, offset]) — The last moment of the year.
    make_datetime(year, month, day [, hour, minute, second]) — A time of its parts.
    make_timespan([day,] hour, minute [, second]) — A length of time of its parts.
    format_datetime(datetime, format) — A time as text: yyyy-MM-dd HH:mm:ss.
    format_timespan(timespan, format) — A length of time as text.
    datetime_utc_to_local(datetime, zone) — A time of UTC in a zone.
    datetime_local_to_utc(datetime, zone) — A time of a zone in UTC.
    unixtime_seconds_todatetime(seconds) — The time so many seconds after 1970.
    unixtime_milliseconds_todatetime(milliseconds) — The time so many milliseconds after 1970.
    unixtime_microseconds_todatetime(microseconds) — The time so many microseconds after 1970.
    unixtime_nanoseconds_todatetime(nanoseconds) — The time so many nanoseconds after 1970.
    datetime_list_timezones() — The names of all time zones.
""")

ROWS: Mapping[str, Entry] = entries("""
    row_number([start [, restart]]) — The place of the row in the order.
    row_cumsum(value [, restart]) — The sum up to this row.
    row_rank_dense(value [, restart]) — The rank of the value; equal neighbours share one.
    row_rank_min(value [, restart]) — The rank of the value; ranks skip shared ones.
    row_window_session(value, longest, gap [, restart]) — The value that began the session of the row.
    prev(column [, offset [, default]]) — The value some rows before.
    next(column [, offset [, default]]) — The value some rows after.
    estimate_data_size(column, ...) — About how many bytes the values of a row have; `*` for all.
    current_database() — The name of the database that is asked.
    current_principal_is_member_of(group, ...) — Always false: groups are not known here.
    ingestion_time() — When the row of a table came; of a call, when it had ended. Null of groups and unions.
    iscolumnexists(name) — Whether the table has a column of this name.
""")
