"""Multipart forms as clients write them, and as nobody should."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.provider.form import CONTROLS_MAX, HEAD_BYTES_MAX, PARTS_MAX, is_form, read_form

TYPE = "multipart/form-data; boundary=x"
PICTURE = b"\x89PNG\r\n\x1a\n\r\n\r\n--y\0\xff"


def part(disposition: str, content: bytes, *further: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *further, "", ""]
    return b"--x\r\n" + "\r\n".join(lines).encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--x--\r\n"


def described(content: bytes, filename: str = "", kind: str = "") -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"filename": filename, "type": kind, "bytes": len(content), "sha256": digest}


def test_fields_are_texts_and_files_are_described() -> None:
    data = form(
        part('name="model"', b"gpt-image-1"),
        part('name="prompt"', "Zoë,\r\nblue".encode()),
        part('name="image"; filename="a.png"', PICTURE, "Content-Type: image/png"),
    )
    assert read_form(TYPE, data) == {
        "model": "gpt-image-1",
        "prompt": "Zoë,\r\nblue",
        "image": described(PICTURE, "a.png", "image/png"),
    }


def test_a_name_that_comes_again_or_ends_in_brackets_has_a_list() -> None:
    data = form(
        part('name="image[]"; filename="a.png"', b"a"),
        part('name="image[]"; filename="b.png"', b"b"),
        part('name="include[]"', b"logprobs"),
        part('name="tag"', b"1"),
        part('name="tag"', b"2"),
        part('name="tag"', b"3"),
    )
    assert read_form(TYPE, data) == {
        "image": [described(b"a", "a.png"), described(b"b", "b.png")],
        "include": ["logprobs"],
        "tag": ["1", "2", "3"],
    }


def test_a_part_as_aiohttp_writes_it() -> None:
    """The type goes before the disposition there, and the name may be quoted or not."""
    head = b"Content-Type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=a"
    data = form(b"--x\r\n" + head + b"\r\n\r\n1\r\n")
    assert read_form(TYPE, data) == {"a": "1"}


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="f"; filename="a \\"b\\".txt"', 'a "b".txt'),
        ('name="f"; filename="ü; name=z.txt"', "ü; name=z.txt"),
        ("name=\"f\"; filename*=utf-8''%C3%BC.txt", "ü.txt"),
        ('filename=""; NAME = f', ""),
    ],
)
def test_names_of_files_as_clients_write_them(disposition: str, filename: str) -> None:
    assert read_form(TYPE, form(part(disposition, b"1"))) == {"f": described(b"1", filename)}


@pytest.mark.parametrize(
    "content_type",
    ['multipart/form-data; boundary="x"', "Multipart/Form-Data;charset=utf-8;BOUNDARY=x", TYPE],
)
def test_the_boundary_may_be_quoted_and_come_last(content_type: str) -> None:
    assert is_form(content_type)
    assert read_form(content_type, form(part('name="a"', b"1"))) == {"a": "1"}


def test_bytes_that_are_no_text_are_described_even_without_a_file_name() -> None:
    assert read_form(TYPE, form(part('name="a"', PICTURE))) == {"a": described(PICTURE)}


def test_of_a_form_that_breaks_off_the_whole_parts_are_read() -> None:
    data = form(part('name="model"', b"whisper-1"), part('name="file"; filename="a"', b"sound"))
    assert read_form(TYPE, data[: data.index(b"sound") + 3]) == {"model": "whisper-1"}


def test_a_form_may_have_empty_parts() -> None:
    data = form(part('name="a"', b""), b"--x\r\n\r\nnameless\r\n", part('name="b"', b"1"))
    assert read_form(TYPE, data) == {"a": "", "b": "1"}


@pytest.mark.parametrize("preamble", [b"\r\n", b"preamble\r\n", b"as --x says\r\n", b"--y--x\r\n\r\n1\r\n"])
def test_what_stands_around_a_form_is_none_of_it(preamble: bytes) -> None:
    epilogue = b"\r\n" + form(part('name="a"', b"2"), part('name="b"', b"2"))
    assert read_form(TYPE, preamble + form(part('name="a"', b"1")) + epilogue) == {"a": "1"}


@pytest.mark.parametrize(
    "flawed",
    [
        b"--x\r\n",
        b"--x\r\nno head\r\n",
        part(f'name="a"; filename="{"a" * HEAD_BYTES_MAX}"', b"1"),
        b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n",
    ],
    ids=["empty", "no head", "long head", "no form-data"],
)
def test_a_flawed_part_hides_no_other(flawed: bytes) -> None:
    data = form(flawed, part('name="prompt"', b"blue"), flawed, part('name="n"', b"2"))
    assert read_form(TYPE, data) == {"prompt": "blue", "n": "2"}


@pytest.mark.parametrize("charset", ["utf-8", "ISO-8859-1", "windows-1252"])
def test_a_field_may_name_its_charset(charset: str) -> None:
    """Apache's HttpClient for Java sends Latin-1 unless it is told otherwise."""
    content = "für Zoë".encode(charset)
    data = form(part('name="prompt"', content, f"Content-Type: text/plain; charset={charset}"))
    assert read_form(TYPE, data) == {"prompt": "für Zoë"}


def test_a_charset_does_not_hide_what_a_field_says() -> None:
    data = form(part('name="prompt"', b"blue", "Content-Type: text/plain; charset=utf-16"))
    assert read_form(TYPE, data) == {"prompt": "blue"}


def test_what_json_would_make_six_times_as_long_is_no_text() -> None:
    silence = bytes(CONTROLS_MAX + 1)
    data = form(part('name="a"', silence), part('name="b"', b"blue\x1b[0m"), part('name="c"', b"\r\n" * 9999))
    assert read_form(TYPE, data) == {"a": described(silence), "b": "blue\x1b[0m", "c": "\r\n" * 9999}


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        (TYPE, b""),
        (TYPE, b"--x"),
        (TYPE, b"--x--"),
        (TYPE, b"--x\r\n"),
        (TYPE, b"{}"),
        ("multipart/form-data; boundary=", form(part('name="a"', b"1"))),
        ("multipart/form-data; boundary=\u20ac", form(part('name="a"', b"1"))),
        (TYPE, form(part(f'name="a"; filename="{"a" * HEAD_BYTES_MAX}"', b"1"))),
        (TYPE, form(b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n")),
    ],
)
def test_what_is_no_form_has_no_fields(content_type: str, data: bytes) -> None:
    assert read_form(content_type, data) == {}


@pytest.mark.parametrize(
    "content_type", ["multipart/mixed; boundary=x", "multipart/form-data", "", "text/plain"]
)
def test_other_types_are_no_forms(content_type: str) -> None:
    assert not is_form(content_type)


def test_a_form_of_very_many_parts_is_read_up_to_the_limit() -> None:
    fields = read_form(TYPE, form(*(part(f'name="{number}"', b"") for number in range(PARTS_MAX + 10))))
    assert list(fields) == [str(number) for number in range(PARTS_MAX)]


@pytest.mark.parametrize("head", [';a="', ';a="\\', ';a="\\"', "; a = ;", "\r\ncontent-disposition:"])
def test_hostile_heads_cost_no_more_than_their_length(head: str) -> None:
    parts = part((head * HEAD_BYTES_MAX)[: HEAD_BYTES_MAX - 200], b"1") * PARTS_MAX
    began = time.process_time()
    read_form(TYPE, form(parts))
    assert time.process_time() - began < 2


@given(st.text(max_size=40), st.binary(max_size=300))
def test_nothing_raises(content_type: str, data: bytes) -> None:
    read_form(content_type, data)
    read_form(TYPE, b"--x\r\nContent-Disposition: form-data;" + data)
    read_form(TYPE, form(part('name="a"', b"1"), b"--x" + data, part('name="b"', b"2")))


@given(st.binary(max_size=300).filter(lambda content: b"\r\n--x" not in b"\r\n" + content))
def test_any_content_of_a_file_is_read_to_its_last_byte(content: bytes) -> None:
    data = form(part('name="a"; filename="b"', content), part('name="c"', b"1"))
    assert read_form(TYPE, data) == {"a": described(content, "b"), "c": "1"}


@given(st.dictionaries(st.text("abc_", min_size=1, max_size=5), st.text(max_size=50), max_size=5))
def test_what_httpx_writes_is_read_back(fields: dict[str, str]) -> None:
    httpx2 = pytest.importorskip("httpx2")
    request = httpx2.Request("POST", "http://a", data=fields, files={"file": ("n.bin", PICTURE)})
    read = read_form(request.headers["content-type"], request.read())
    assert read.pop("file")["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert read == fields
