"""Hostile HTTP/1.1 requests: what two parsers may read differently, or what no honest client sends.

    HOSTILE_HEADS    complete heads, with the status that refuses them
    HOSTILE_CHUNKS   chunked bodies, to follow the head CHUNKED
    UNFINISHED       beginnings of heads that cannot become good ones
    SMUGGLED         a whole good request, to be sent behind any of them

The messages ask for `/` of host `x`. `aimed` turns one into a call that a gateway would forward, were it not
hostile. Sources: RFC 9112 sections 2 to 7 and 11.2; llhttp's and h1spec's cases; CVEs of HTTP parsers.
"""

from __future__ import annotations

H = b"Host: x\r\n"
LINE = b"POST / HTTP/1.1\r\n"
CHUNKED = LINE + H + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET / HTTP/1.1\r\n" + H + b"\r\n"


def get(target: bytes = b"/", headers: bytes = H) -> bytes:
    """A GET request without a body."""
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (target, headers)


def with_header(line: bytes) -> bytes:
    """A POST request with one more header line."""
    return LINE + H + line + b"\r\n\r\n"


def aimed(message: bytes, path: bytes, headers: bytes) -> bytes:
    """The message with `path` for its `/`, and with more header lines behind each harmless Host."""
    return message.replace(b" / ", b" %b " % path).replace(H, H + headers)


HOSTILE_HEADS: dict[str, tuple[bytes, int]] = {
    # request line
    "two spaces before the target": (b"GET  / HTTP/1.1\r\n" + H + b"\r\n", 400),
    "two spaces behind the target": (b"GET /  HTTP/1.1\r\n" + H + b"\r\n", 400),
    "tab for a space": (b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n", 400),
    "space at the start": (b" GET / HTTP/1.1\r\n" + H + b"\r\n", 400),
    "space at the end": (b"GET / HTTP/1.1 \r\n" + H + b"\r\n", 400),
    "lower-case method": (b"get / HTTP/1.1\r\n" + H + b"\r\n", 400),
    "no method": (b"/ HTTP/1.1\r\n" + H + b"\r\n", 400),
    "unknown method": (b"FOO / HTTP/1.1\r\n" + H + b"\r\n", 501),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1\r\n" + H + b"\r\n", 501),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + H + b"\r\n", 501),
    "RTSP method": (b"SETUP / RTSP/1.0\r\n" + H + b"\r\n", 400),
    "RTSP version": (b"OPTIONS / RTSP/1.0\r\n" + H + b"\r\n", 400),
    "ICE": (b"SOURCE / ICE/1.0\r\n" + H + b"\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\n", 505),
    "HTTP/0.9 without a version": (b"GET /\r\n\r\n", 400),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + H + b"\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n" + H + b"\r\n", 505),
    "HTTP/1.10": (b"GET / HTTP/1.10\r\n" + H + b"\r\n", 505),
    "lower-case protocol": (b"GET / http/1.1\r\n" + H + b"\r\n", 400),
    "two empty lines first": (b"\r\n\r\n" + get(), 400),
    "bare LF first": (b"\n" + get(), 400),
    # target
    "fragment": (get(b"/a#b"), 400),
    "not ASCII": (get(b"/\xc3\xa9"), 400),
    "control character": (get(b"/a\x01"), 400),
    "NUL": (get(b"/a\x00"), 400),
    "DEL": (get(b"/a\x7f"), 400),
    "no slash": (get(b"a"), 400),
    "asterisk for GET": (get(b"*"), 400),
    "authority form": (get(b"x:80"), 400),
    "another scheme": (get(b"ftp://x/"), 400),
    "another host": (get(b"http://y/"), 400),
    "user information": (get(b"http://me@x/"), 400),
    # paths that a backend may read otherwise
    "dot segments": (get(b"/a/../b"), 400),
    "dot segment at the end": (get(b"/a/.."), 400),
    "single dot segment": (get(b"/a/./b"), 400),
    "encoded dot segments": (get(b"/a/%2e%2E/b"), 400),
    "half-encoded dot segments": (get(b"/a/.%2e/b"), 400),
    "dot segments twice encoded": (get(b"/a/%252e%252e/b"), 400),
    "dot segments behind an encoded slash": (get(b"/a%2f..%2fb"), 400),
    "dot segments in the absolute form": (get(b"http://x/a/../b"), 400),
    "dot segment with a parameter": (get(b"/a/..;x=y/b"), 400),
    "backslash": (get(b"/a\\b"), 400),
    "encoded backslash": (get(b"/a%5cb"), 400),
    "encoded NUL": (get(b"/a%00b"), 400),
    "encoded line end": (get(b"/a%0d%0ab"), 400),
    "broken percent encoding": (get(b"/a%zzb"), 400),
    "percent at the end": (get(b"/a%2"), 400),
    # headers
    "bare LF ends a line": (LINE + b"Host: x\nA: b\r\n\r\n", 400),
    "bare CR in a value": (with_header(b"A: b\rc"), 400),
    "folded line": (with_header(b"A: b\r\n c"), 400),
    "folded line with a tab": (with_header(b"A: b\r\n\tc"), 400),
    "folded first line": (LINE + b" " + H + b"\r\n", 400),
    "NUL in a value": (with_header(b"A: b\x00c"), 400),
    "control character in a value": (with_header(b"A: b\x1fc"), 400),
    "DEL in a value": (with_header(b"A: b\x7fc"), 400),
    "space before the colon": (with_header(b"A : b"), 400),
    "empty name": (with_header(b": b"), 400),
    "no colon": (with_header(b"Ab"), 400),
    "name not a token": (with_header(b"A(b): c"), 400),
    "name not ASCII": (with_header(b"A\xe9: c"), 400),
    "name with NUL": (with_header(b"A\x00: c"), 400),
    # Host
    "no Host": (get(headers=b"A: b\r\n"), 400),
    "two Hosts": (get(headers=H + H), 400),
    "two different Hosts": (get(headers=H + b"hOST: y\r\n"), 400),
    "empty Host": (get(headers=b"Host:\r\n"), 400),
    "Host with a path": (get(headers=b"Host: x/?y=z\r\n"), 400),
    "Host with user information": (get(headers=b"Host: me@x\r\n"), 400),
    "Host with a space": (get(headers=b"Host: x y\r\n"), 400),
    "Host with a list": (get(headers=b"Host: x, y\r\n"), 400),
    "Host with a bad port": (get(headers=b"Host: x:8o\r\n"), 400),
    "Host with a port beyond all ports": (get(headers=b"Host: x:65536\r\n"), 400),
    "bad Host in HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400),
    # length and coding
    "length and chunked": (with_header(b"Content-Length: 1\r\nTransfer-Encoding: chunked"), 400),
    "chunked and length": (with_header(b"Transfer-Encoding: chunked\r\nContent-Length: 1"), 400),
    "length twice": (with_header(b"Content-Length: 1\r\nContent-Length: 1"), 400),
    "two lengths": (with_header(b"Content-Length: 1\r\nContent-Length: 2"), 400),
    "list of lengths": (with_header(b"Content-Length: 1, 1"), 400),
    "signed length": (with_header(b"Content-Length: +1"), 400),
    "negative length": (with_header(b"Content-Length: -1"), 400),
    "hexadecimal length": (with_header(b"Content-Length: 0x1"), 400),
    "length with underscore": (with_header(b"Content-Length: 1_0"), 400),
    "length with a space": (with_header(b"Content-Length: 1 1"), 400),
    "empty length": (with_header(b"Content-Length:"), 400),
    "length beyond 64 bits": (with_header(b"Content-Length: 99999999999999999999"), 400),
    "length of many zeros": (with_header(b"Content-Length: " + b"0" * 40 + b"1"), 400),
    "length over the limit": (with_header(b"Content-Length: 999999999999"), 413),
    "identity coding": (with_header(b"Transfer-Encoding: identity"), 400),
    "gzip before chunked": (with_header(b"Transfer-Encoding: gzip, chunked"), 400),
    "chunked before gzip": (with_header(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked twice": (with_header(b"Transfer-Encoding: chunked, chunked"), 400),
    "two codings": (with_header(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400),
    "coding with x": (with_header(b"Transfer-Encoding: xchunked"), 400),
    "coding with a parameter": (with_header(b"Transfer-Encoding: chunked;q=1"), 400),
    "coding in quotes": (with_header(b'Transfer-Encoding: "chunked"'), 400),
    "coding after a vertical tab": (with_header(b"Transfer-Encoding: \x0bchunked"), 400),
    "empty coding": (with_header(b"Transfer-Encoding:"), 400),
    "coding with space before the colon": (with_header(b"Transfer-Encoding : chunked"), 400),
    "coding folded": (with_header(b"Transfer-Encoding:\r\n chunked"), 400),
    "coding in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n", 400),
    "length with a space behind it": (with_header(b"Content-Length: 1 "), 400),
    "length in a name with a space": (with_header(b"Content Length: 1"), 400),
    "coding with a space behind it": (with_header(b"Transfer-Encoding: chunked "), 400),
    "coding with a tab behind it": (with_header(b"Transfer-Encoding: chunked\t"), 400),
    "length in tabs": (with_header(b"Content-Length: 1\t1"), 400),
    "length in full-width digits": (with_header("Content-Length: １".encode()), 400),
    "length with a point": (with_header(b"Content-Length: 1.0"), 400),
    "length with an underscore name": (with_header(b"Content_Length: 1"), 400),
    "coding with an underscore name": (with_header(b"Transfer_Encoding: chunked"), 400),
    "chunked with a comma": (with_header(b"Transfer-Encoding: chunked,"), 400),
    "chunked before an empty coding": (with_header(b"Transfer-Encoding: , chunked"), 400),
    "chunked and identity": (with_header(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400),
    "coding with a NUL": (with_header(b"Transfer-Encoding: chunked\x00"), 400),
    "coding behind a bare LF": (with_header(b"A: b\nTransfer-Encoding: chunked"), 400),
    "length behind a bare CR": (with_header(b"A: b\rContent-Length: 1"), 400),
    # others
    "too many headers": (get(headers=H + b"A: b\r\n" * 101), 431),
    "headers too large": (get(headers=H + b"A: " + b"b" * 70_000 + b"\r\n"), 431),
    "target too long": (get(b"/" + b"a" * 20_000), 414),
    "unknown expectation": (with_header(b"Expect: 200-ok"), 417),
    "expectation behind another": (with_header(b"Expect: x 100-continue\r\nContent-Length: 1"), 417),
    "expectation folded": (with_header(b"Expect:\r\n 100-continue\r\nContent-Length: 1"), 400),
}

HOSTILE_CHUNKS: dict[str, bytes] = {
    "bare LF behind the size": b"1\nx\r\n0\r\n\r\n",
    "bare LF behind the data": b"1\r\nx\n0\r\n\r\n",
    "bare LF behind the last size": b"1\r\nx\r\n0\n\r\n",
    "bare LF at the end": b"1\r\nx\r\n0\r\n\n",
    "bare CR behind the size": b"1\rx\r\n0\r\n\r\n",
    "0x size": b"0x1\r\nx\r\n0\r\n\r\n",
    "signed size": b"+1\r\nx\r\n0\r\n\r\n",
    "negative size": b"-1\r\nx\r\n0\r\n\r\n",
    "space before the size": b" 1\r\nx\r\n0\r\n\r\n",
    "space behind the size": b"1 \r\nx\r\n0\r\n\r\n",
    "tab behind the size": b"1\t\r\nx\r\n0\r\n\r\n",
    "underscore in the size": b"1_0\r\nx\r\n0\r\n\r\n",
    "no size": b"\r\nx\r\n0\r\n\r\n",
    "size is no number": b"g\r\nx\r\n0\r\n\r\n",
    "only an extension": b";a=b\r\nx\r\n0\r\n\r\n",
    "size beyond 64 bits": b"f" * 17 + b"\r\nx",
    "more data than said": b"1\r\nxy\r\n0\r\n\r\n",
    "less data than said": b"3\r\nx\r\n0\r\n\r\n1",
    "LF in an extension": b"1;a\nb\r\nx\r\n0\r\n\r\n",
    "LF for an extension": b"1;\nx\r\n0\r\n\r\n",
    "two CRs behind the size": b"1\r\r\nx\r\n0\r\n\r\n",
    "other bytes for the end of a chunk": b"1\r\nxXY0\r\n\r\n",
    "CR in an extension": b"1;a\rb\r\nx\r\n0\r\n\r\n",
    "NUL in an extension": b"1;a\x00\r\nx\r\n0\r\n\r\n",
    "line end in a quoted extension": b'1;a="\r\n"\r\nx\r\n0\r\n\r\n',
    "long extension": b"1;" + b"a" * 20_000 + b"\r\nx\r\n0\r\n\r\n",
    "long trailers": b"1\r\nx\r\n0\r\n" + b"a: b\r\n" * 4000 + b"\r\n",
    "length as a trailer": b"0\r\nContent-Length: 1\r\n\r\n",
    "coding as a trailer": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "trailer without a colon": b"0\r\nAb\r\n\r\n",
}

UNFINISHED: dict[str, bytes] = {
    "bare LF lines": b"GET / HTTP/1.1\nHost: x\n\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: x\r\n\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: x\r\n\rA",
    "TLS on the plain port": b"\x16\x03\x01\x02\x00",
    "NUL": b"GET /\x00",
    "bad request line": b"GET / HTTP/3\r\nHo",
    "line without a version": b"GET /\r\n",
}
