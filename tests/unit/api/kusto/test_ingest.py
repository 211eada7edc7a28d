"""Data in its formats to rows, through streaming ingestion, inline ingestion and mappings."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelog.api.held_bodies import HeldBodies, HeldBody
from gatelog.api.kusto.faults import KustoError
from gatelog.api.kusto.ingest import find_format, text_of
from gatelog.api.kusto.ingest.cells import cell_of
from gatelog.api.kusto.ingest.formats import MalformedDataError
from gatelog.api.kusto.ingest.json_path import follow, parse_path
from gatelog.api.kusto.ingest.mapping import by_mapping
from gatelog.api.kusto.ingest.rows import INGEST_BYTES_MAX
from gatelog.errors import UserTableChangedError
from gatelog.kql import Column, KqlType

from .conftest import Kusto


@pytest.fixture(autouse=True)
def events(kusto: Kusto) -> Iterator[None]:
    """An empty table `E` for each test."""
    kusto.command(".create table E (name: string, n: long, at: datetime, more: dynamic)")
    yield
    kusto.command(".drop table E")


ROWS = [["a", 1, "2024-01-01T00:00:00.0000000Z", {"x": 1}], ["b,c", None, None, None]]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("csv", 'a,1,2024-01-01,"{""x"":1}"\r\n"b,c",,,\n'),
        ("Csv", '\ufeffa,1,2024-01-01,"{""x"":1}"\n\n"b,c",x,never,null'),
        ("tsv", 'a\t1\t2024-01-01\t"{""x"":1}"\nb,c\t\t\t\n'),
        ("psv", 'a|1|2024-01-01|"{""x"":1}"\nb,c|||\n'),
        ("scsv", 'a;1;2024-01-01;"{""x"":1}"\nb,c;;;\n'),
        ("sohsv", 'a\x011\x012024-01-01\x01"{""x"":1}"\nb,c\x01\x01\x01\n'),
        ("tsve", 'a\t1\t2024-01-01\t{"x":1}\nb,c\t\t\t\n'),
        ("json", '{"name":"a","n":1,"at":"2024-01-01","more":{"x":1}}\n\n{"name":"b,c","other":5}\n'),
        ("multijson", '[{"name":"a","n":1,"at":"2024-01-01","more":{"x":1}},\n{"name":"b,c","n":"no"}]'),
        ("multijson", '{"name":"a","n":1,\n"at":"2024-01-01","more":{"x":1}} {"name":"b,c"}'),
    ],
)
def test_the_same_rows_come_in_every_format(kusto: Kusto, form: str, data: str) -> None:
    answer = kusto.ingest("E", data.encode(), streamFormat=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["Tables"][0]["Rows"][0][0] == 2
    assert kusto.rows("E | sort by name asc") == ROWS


def test_single_values_and_lines_are_records_too(kusto: Kusto) -> None:
    kusto.ingest("E", b'{"name":\n"one"}', streamFormat="singlejson")
    kusto.ingest("E", b"two, as it is\n\nthree", streamFormat="txt")
    kusto.ingest("E", b"four\nlines", streamFormat="raw")
    assert sorted(row[0] for row in kusto.rows("E")) == ["four\nlines", "one", "three", "two, as it is"]


@pytest.mark.parametrize("form", ["txt", "tsve"])
def test_only_the_ends_of_lines_end_a_line(kusto: Kusto, form: str) -> None:
    text = "one\u2028two\x0bthree\x85four\x1cfive\r\nsix"
    assert kusto.ingest("E", text.encode(), streamFormat=form).status_code == 200
    assert sorted(row[0] for row in kusto.rows("E")) == ["one\u2028two\x0bthree\x85four\x1cfive", "six"]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("csv", "{0},1\r\n{0},2\n"),
        ("tsv", "{0}\t1\n{0}\t2"),
        ("json", '{{"name":"{0}","n":1}}\n{{"name":"{0}","n":2}}\n'),
        ("multijson", '[{{"name":"{0}","n":1}},{{"name":"{0}","n":2}}]'),
    ],
)
def test_separators_of_unicode_end_no_record(kusto: Kusto, form: str, data: str) -> None:
    """JSON has them in a string as they are (RFC 8259), and RFC 4180 knows no other end than CR LF."""
    said = "one\u2028two\u2029three\x85four"
    assert kusto.ingest("E", data.format(said).encode(), streamFormat=form).status_code == 200
    assert [row[:2] for row in kusto.rows("E | sort by n asc")] == [[said, 1], [said, 2]]


@pytest.mark.parametrize("number", ["१", "１", "1_0", "²"])
def test_what_python_takes_for_a_number_and_the_service_does_not_is_null(kusto: Kusto, number: str) -> None:
    assert kusto.ingest("E", f"a,{number},{number}".encode(), streamFormat="csv").status_code == 200
    assert kusto.rows("E | project n, at") == [[None, None]]


def test_packed_data_is_known_by_its_first_bytes(kusto: Kusto) -> None:
    packed = gzip.compress(b"a,1") + gzip.compress(b"\nb,2")
    for data in (packed, b"c,3"):
        answer = kusto.client.post(
            "/v1/rest/ingest/gatelog/E?streamFormat=csv",
            content=data,
            headers={"authorization": "Bearer writer", "content-encoding": "gzip"},
        )
        assert answer.status_code == 200, answer.text
    assert [row[0] for row in kusto.rows("E | sort by name asc")] == ["a", "b", "c"]


def test_another_coding_of_data_is_undone_or_refused(kusto: Kusto) -> None:
    """It has no first bytes that would say so: as it came it would be a row."""

    def ingest(coding: str, data: bytes) -> Any:
        headers = {"authorization": "Bearer writer", "content-encoding": coding}
        return kusto.client.post("/v1/rest/ingest/gatelog/E?streamFormat=csv", content=data, headers=headers)

    assert ingest("deflate", zlib.compress(b"d,4")).status_code == 200
    assert ingest("br", b"e,5").status_code == 415
    assert ingest("deflate", b"f,6").status_code == 400
    assert [row[0] for row in kusto.rows("E")] == ["d"]


@pytest.mark.parametrize(
    ("form", "data", "part"),
    [
        ("json", b'{"name":', "BadRequest_NoRecordsOrWrongFormat; line 1: "),
        ("multijson", b'[{"name":"a"}', "BadRequest_InvalidBlob"),
        ("singlejson", b'{"name":"a"', "BadRequest_InvalidBlob"),
        ("csv", b'a,1\n"b,2', "line 2"),
        ("csv", b"a,1\nb", "Stream_WrongNumberOfFields"),
        ("csv", b"", "empty after processing"),
        ("json", b"\n \n", "empty after processing"),
        ("csv", b"\xff\xfe,1", "not UTF-8"),
        ("csv", gzip.compress(b"a,1")[:-9], "gzip"),
        ("csv", b"\x1f\x8bnothing", "damaged"),
        ("json", b"[" * 100_000, "line 1"),
        ("json", b'\n[{"name":"b"}]', "line 2: a record is an object"),
        ("multijson", b'[{"name":"a"}, 1]', "a record is an object"),
        ("singlejson", b'[{"name":"a"}]', "has the format multijson"),
    ],
)
def test_malformed_data_is_refused_whole(kusto: Kusto, form: str, data: bytes, part: str) -> None:
    answer = kusto.ingest("E", data, streamFormat=form)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["@type"] == "Kusto.DataNode.Exceptions.StreamingIngestionRequestException"
    assert error["@message"].startswith("Bad streaming ingestion request to gatelog.E : ")
    assert part in error["@message"]
    assert kusto.rows("E") == []


@pytest.mark.parametrize(
    "malformed",
    ['{"name":', "{'name': 'b}", '{"name":"b"} /* ', "[1]", "7", '{"name":"b"} {"name":"c"}', "[" * 100_000],
)
def test_lines_that_are_no_record_are_left_out_and_said(
    kusto: Kusto, caplog: pytest.LogCaptureFixture, malformed: str
) -> None:
    data = f'{{"name":"a"}}\n{malformed}\n{{"name":"z"}}\n'
    answer = kusto.ingest("E", data.encode(), streamFormat="json")
    assert answer.json()["Tables"][0]["Rows"][0][0] == 2
    assert [row[0] for row in kusto.rows("E | sort by name asc")] == ["a", "z"]
    [said] = [record for record in caplog.records if record.message == "malformed records ignored"]
    assert (said.table, said.records) == ("E", 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("form", "part"),
    [
        ("singlejson", "not singlejson: a number has 5000 digits, and at most 4000 are read"),
        ("multijson", "not multijson: character 0: a number has 5000 digits, and at most 4000 are read"),
        ("json", "line 1: a number has 5000 digits, and at most 4000 are read"),
    ],
)
def test_a_number_of_thousands_of_digits_is_refused_in_our_own_words(
    kusto: Kusto, form: str, part: str
) -> None:
    answer = kusto.ingest("E", b'{"n": %b}' % (b"9" * 5000), streamFormat=form)
    assert answer.status_code == 400
    assert part in answer.json()["error"]["@message"]


def test_a_number_with_as_many_digits_as_are_read_is_one(kusto: Kusto) -> None:
    kusto.ingest("E", b'{"name": "a", "more": %b}' % (b"9" * 4000), streamFormat="json")
    assert kusto.rows("E | project strlen(tostring(more))") == [[4000]]


def test_a_comment_without_an_end_is_said_to_be_one(kusto: Kusto) -> None:
    answer = kusto.ingest("E", b'{"name": "a"} /* ', streamFormat="json")
    assert "line 1: the JSON is malformed: unterminated comment" in answer.json()["error"]["@message"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("{'name': 'a'}", "a"),
        ("""{'name': 'it\\'s "so" \\\\ \\n'}""", 'it\'s "so" \\ \n'),
        ("""{"name": "don't // not /* this */"}""", "don't // not /* this */"),
        ("""{"name": /* which */ "a"} // said by 'x""", "a"),
    ],
)
def test_lines_of_json_may_have_comments_and_single_quotes(kusto: Kusto, line: str, value: str) -> None:
    assert kusto.ingest("E", line.encode(), streamFormat="json").status_code == 200
    assert kusto.rows("E | project name") == [[value]]


@pytest.mark.parametrize("character", ["x", "é", "語", "🦆"])
def test_a_text_is_cut_at_a_mebibyte_and_a_larger_dynamic_value_is_null(kusto: Kusto, character: str) -> None:
    fits = character * (2**20 // len(character.encode()))
    records = [{"name": fits, "more": fits[:-2]}, {"name": "z" + fits, "more": fits + "zzzz"}]
    data = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert kusto.ingest("E", data.encode(), streamFormat="json").status_code == 200
    cut = ("z" + fits).encode()[: 2**20].decode(errors="ignore")
    [first, second] = kusto.rows("E | project name, isnull(more) | sort by Column1 asc", notruncation=True)
    assert (first, second) == ([fits, False], [cut, True])


@pytest.mark.parametrize(
    ("table", "parameters", "code"),
    [
        ("Nope", {"streamFormat": "csv"}, "BadRequest_EntityNotFound"),
        ("Calls", {"streamFormat": "csv"}, "General_BadRequest"),
        ("E", {"streamFormat": "avro"}, "BadRequest_FormatNotSupported"),
        ("E", {}, "BadRequest_FormatNotSupported"),
        ("E", {"streamFormat": "json", "mappingName": "m"}, "BadRequest_MappingReferenceWasNotFound"),
        ("E", {"streamFormat": "csv", "sourceKind": "uri"}, "General_BadRequest"),
    ],
)
def test_requests_that_cannot_be_served_have_the_services_code(
    kusto: Kusto, table: str, parameters: dict[str, str], code: str
) -> None:
    answer = kusto.ingest(table, b"a", **parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_rows_come_into_a_table_that_is_changed_meanwhile(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their columns are looked for again; the first attempt is for a column that is gone, or a table."""
    changes = iter([".drop column E.more", ".rename column E.n to m", ""])
    check = kusto.store.user_tables.rows.check_room

    def changing(*arguments: Any, **options: Any) -> None:
        check(*arguments, **options)
        if change := next(changes):
            kusto.command(change)

    monkeypatch.setattr(kusto.store.user_tables.rows, "check_room", changing)
    answer = kusto.ingest("E", b'{"name":"a","n":1,"m":2,"more":[]}', streamFormat="json")
    assert answer.status_code == 200, answer.text
    assert kusto.rows("E") == [["a", 2, None]]


def test_a_table_that_never_rests_is_tried_again_later(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(*_: Any) -> None:
        raise UserTableChangedError("the table E was changed meanwhile")

    monkeypatch.setattr(kusto.store.user_tables.rows, "insert", changed)
    answer = kusto.ingest("E", b"a,1", streamFormat="csv")
    error = answer.json()["error"]
    assert (answer.status_code, error["@permanent"]) == (503, False)
    assert "send it again" in error["@message"]


def test_a_header_row_is_left_out_where_that_is_said(kusto: Kusto) -> None:
    data = b"\xef\xbb\xbfname,n\r\na,1\r\n"
    kusto.ingest("E", data, streamFormat="csv", ignoreFirstRecord="true")
    assert kusto.rows("E | project name, n") == [["a", 1]]
    kusto.ingest("E", data, streamFormat="csv")
    assert kusto.rows("E | project name, n | sort by name asc") == [["a", 1], ["a", 1], ["name", None]]


@pytest.mark.parametrize("form", ["json", "multijson", "singlejson"])
def test_decimals_of_json_keep_all_their_digits(kusto: Kusto, form: str) -> None:
    kusto.command(".create table Prices (price: decimal, more: dynamic)")
    price = "1234567.891234567890123456789"
    kusto.ingest("Prices", f'{{"price":{price},"more":{{"rate":0.25}}}}'.encode(), streamFormat=form)
    assert kusto.rows("Prices") == [[price, {"rate": 0.25}]]
    kusto.command(".drop table Prices")


def test_a_web_page_cannot_bring_data(kusto: Kusto) -> None:
    answer = kusto.client.post(
        "/v1/rest/ingest/gatelog/E?streamFormat=csv",
        content=b"a,1",
        headers={"authorization": "Bearer writer", "origin": "https://evil.example"},
    )
    assert answer.status_code == 403


def test_packed_data_has_its_limit_unpacked() -> None:
    bomb = gzip.compress(bytes(INGEST_BYTES_MAX + 1), compresslevel=1)
    with pytest.raises(KustoError) as caught:
        text_of(bomb, "gatelog", "E", HeldBody(HeldBodies()))
    assert caught.value.fault.status == 413


def test_data_nested_as_deep_as_can_be_is_read_or_refused(kusto: Kusto) -> None:
    """What can just be read may be too deep to be written again, or to be answered."""
    statuses = set()
    for depth in range(950, 1000):
        data = b'{"more":' + b"[" * depth + b"]" * depth + b"}"
        statuses.add(kusto.ingest("E", data, streamFormat="multijson").status_code)
    assert statuses == {200, 400}
    assert kusto.post("/v1/rest/query", "E").status_code == 200


def test_a_list_is_no_unix_time() -> None:
    """It was repeated ten million times: a record of a kilobyte took all of the memory."""
    mapping = '[{"column": "at", "path": "$.at", "transform": "DateTimeFromUnixSeconds"}]'
    [pick] = by_mapping("json", mapping, [Column("at", KqlType.DATETIME)])
    assert pick({"at": "1700000000"}, 1) == "2023-11-14T22:13:20.0000000Z"
    assert pick({"at": [0] * 10**6}, 1) is None
    assert [pick({"at": text}, 1) for text in ("1_700_000_000", "१", "nan", "inf")] == [None] * 4


def test_mappings_are_made_shown_used_and_dropped(kusto: Kusto) -> None:
    mapping = json.dumps(
        [
            {"column": "name", "path": "$['the name']"},
            {"Column": "n", "Properties": {"Path": "$.deep.list[1]"}},
            {"Column": "at", "Properties": {"path": "$.ms", "transform": "DateTimeFromUnixMilliseconds"}},
            {"column": "more", "Properties": {"Path": "$"}},
        ]
    )
    create = f".create table E ingestion json mapping 'm' ```{mapping}```"
    [row] = kusto.command(create)
    assert row[:3] == ["m", "Json", mapping]
    assert "already exists" in kusto.refusal(create)[2]
    kusto.command(create.replace(".create", ".create-or-alter"))
    assert len(kusto.command(".show table E ingestion mappings")) == 1
    assert kusto.command(".show table E ingestion json mapping 'm'")[0][0] == "m"
    assert kusto.command(".show table E ingestion csv mappings") == []
    record = {"the name": "x", "deep": {"list": [1, 2]}, "ms": 1704067200123}
    data = json.dumps(record).encode()
    assert kusto.ingest("E", data, streamFormat="json", mappingName="m").status_code == 200
    assert kusto.rows("E") == [["x", 2, "2024-01-01T00:00:00.1230000Z", record]]
    assert kusto.command(".drop table E ingestion json mapping 'm'") == []
    assert kusto.refusal(".show table E ingestion json mapping 'm'")[1] == "BadRequest_EntityNotFound"


def test_a_csv_mapping_goes_by_ordinals_and_constants(kusto: Kusto) -> None:
    mapping = (
        '[{"Column":"n","Properties":{"Ordinal":"0"}},{"Column":"name","Properties":{"ConstValue":"k"}}]'
    )
    kusto.command(f".create table E ingestion csv mapping 'm' '{mapping}'")
    kusto.ingest("E", b"7,x\n8,y", streamFormat="psv".replace("psv", "csv"), mappingName="m")
    assert sorted(kusto.rows("E | project name, n")) == [["k", 7], ["k", 8]]


@pytest.mark.parametrize(
    "mapping",
    [
        "{",
        "{}",
        '[{"Column":"nope","Path":"$.a"}]',
        '[{"Column":"name"}]',
        '[{"Column":"name","Path":"$.a["}]',
        '[{"Column":"name","Path":"$.a","Transform":"Encrypt"}]',
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_when_it_is_made(kusto: Kusto, mapping: str) -> None:
    command = f".create table E ingestion json mapping 'm' '{mapping}'"
    assert kusto.refusal(command)[1] == "BadRequest_InvalidMapping"


@pytest.mark.parametrize("ordinal", ['"x"', '"-1"', "true", "1.5", "[]", '"٣"'])
def test_an_ordinal_that_is_no_number_is_named(kusto: Kusto, ordinal: str) -> None:
    mapping = f'[{{"Column":"n","Properties":{{"Ordinal":{ordinal}}}}}]'
    refused = kusto.refusal(f".create table E ingestion csv mapping 'bad' '{mapping}'")
    assert "column 'n': the Ordinal" in refused[2]
    assert "is no number that counts from 0" in refused[2]


def test_inline_data_follows_a_mark_or_stands_in_brackets(kusto: Kusto) -> None:
    kusto.command('.ingest inline into table E <|\na,1,2024-01-01,"{""x"":1}"\n"b,c",,,')
    assert kusto.rows("E | sort by name asc") == ROWS
    kusto.command('.ingest inline into table E [a,1,2024-01-01,"{""x"":1}"]\n ["b,c",,,]')
    assert kusto.rows("E | count") == [[4]]
    with_format = "with (format='json', ignoreFirstRecord=true)"
    kusto.command(f'.ingest inline into table E {with_format} <| {{"name":"no"}}\n{{"name":"z | <| y"}}')
    assert kusto.rows("E | where name startswith 'z' | project name") == [["z | <| y"]]
    assert kusto.refusal(".ingest inline into table E")[0] == 400
    assert kusto.refusal(".ingest inline into table E nothing")[0] == 400


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("long", "12", 12),
        ("long", " 12 ", 12),
        ("long", 12.0, 12),
        ("long", 12.5, None),
        ("long", "9223372036854775808", None),
        ("int", "2147483648", None),
        ("long", True, 1),
        ("bool", "TRUE", True),
        ("bool", 0, False),
        ("bool", "maybe", None),
        ("real", "1e3", 1000.0),
        ("string", None, ""),
        ("string", 1.5, "1.5"),
        ("string", {"a": [1, None]}, '{"a":[1,null]}'),
        ("string", True, "true"),
        ("dynamic", "not json", '"not json"'),
        ("dynamic", '{"a": 1}', '{"a": 1}'),
        ("dynamic", [1, "ü"], '[1,"ü"]'),
        ("dynamic", "", None),
        ("dynamic", ["\ud800"], '["\ufffd"]'),
        ("string", "a\ud800b", "a\ufffdb"),
        ("string", "\U0001f600", "\U0001f600"),
        ("timespan", "1.00:00:01", 864_010_000_000),
        ("datetime", "2024-01-01 10:11", 17_041_038_600_000_000),
        ("datetime", "31/31/2024", None),
        ("guid", "no", None),
        ("decimal", "1.5", "1.5"),
        ("decimal", "1" + "0" * 60, None),
    ],
)
def test_values_convert_as_the_service_converts_them_or_become_null(kind: str, value: Any, cell: Any) -> None:
    found = cell_of(KqlType(kind), value)
    assert (str(found) if kind == "decimal" and found is not None else found) == cell


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("$.['with space']", ("with space",)),
        ("$['it\\'s'][0].c", ("it's", 0, "c")),
        ('$["a.b"]', ("a.b",)),
    ],
)
def test_paths_are_read(path: str, steps: tuple[str | int, ...]) -> None:
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", ["", "a", "$a", "$.", "$[", "$['a]", "$[-1]", "$[१]", "$..a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


def test_a_path_that_leads_nowhere_finds_nothing() -> None:
    assert follow(("a", 0, "b"), {"a": [{"b": 5}]}) == 5
    assert follow(("a", 1), {"a": [1]}) is None
    assert follow(("a",), [1]) is None


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5))
def test_what_a_csv_writer_writes_is_read_back(records: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(records)
    assert list(find_format("csv").read(text.getvalue())) == records


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60), st.sampled_from(["csv", "tsve", "json", "multijson", "singlejson", "txt"]))
def test_no_text_whatsoever_is_a_defect(text: str, form: str) -> None:
    found = find_format(form)
    with suppress(MalformedDataError):
        for record in found.read(text):
            for kind in KqlType:
                cell_of(kind, record if found.mapping_kind == "json" else record[0])
