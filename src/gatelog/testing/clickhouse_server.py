"""A ClickHouse server for tests: its HTTP interface, answered by an embedded engine in a process of its own.

    with ClickHouseServer(directory) as server:
        Store.open(server.dsn)

It speaks what clickhouse-connect says over HTTP: statements in the body or in `?query=`, inserts with their
block behind the statement, settings and `param_…` as URL parameters, compressed bodies both ways, and errors
with X-ClickHouse-Exception-Code. https://clickhouse.com/docs/interfaces/http
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame  # type: ignore[import-untyped]  # it has no stubs
import zstandard

USER, PASSWORD = "gatelog", "secret of the test"

# URL parameters that are the interface's own; all others are settings.
_OWN_PARAMETERS = frozenset(
    {
        "query",
        "database",
        "user",
        "password",
        "session_id",
        "session_check",
        "session_timeout",
        "query_id",
        "quota_key",
        "role",
        "buffer_size",
        "compress",
        "decompress",
        "wait_end_of_query",
        "default_format",
        "client_protocol_version",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "send_progress_in_http_headers",
        "cancel_http_readonly_queries_on_client_close",
    }
)
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)[ \t]*\n", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"Code:\s*(\d+)")


class Statement(NamedTuple):
    """One request: SQL, a block to insert (None = no insert) and its format, and what the URL says."""

    sql: str
    block: bytes | None
    block_format: str
    parameters: Mapping[str, str]


def read_statement(target: str, body: bytes) -> Statement:
    """Take a request apart."""
    parameters = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    in_url = parameters.get("query", "")
    whole = f"{in_url}\n".encode() + body if in_url else body
    match = _INSERT.match(whole)
    if match is None:
        return Statement(whole.decode(), None, "", parameters)
    return Statement(match[1].decode(), whole[match.end() :], match[2].decode(), parameters)


def run_statement(path: str, statement: Statement) -> bytes:
    """Run it on the engine at `path`; the answer in the format that the SQL (or default_format) names."""
    connection = chdb.connect(path)
    try:
        if database := statement.parameters.get("database"):
            connection.query(f"USE `{database}`")
        for name, value in statement.parameters.items():
            if name not in _OWN_PARAMETERS and not name.startswith("param_"):
                connection.query(f"SET {name} = {_quoted(value)}")
        if statement.block is not None:
            _insert(connection, statement)
            return b""
        bound = {name[6:]: value for name, value in statement.parameters.items() if name.startswith("param_")}
        default = statement.parameters.get("default_format", "TabSeparated")
        answer: bytes = connection.query(statement.sql, default, params=bound).bytes()
        return answer
    finally:
        connection.close()


def _insert(connection: chdb.state.sqlitelike.Connection, statement: Statement) -> None:
    with tempfile.NamedTemporaryFile(suffix=".block") as file:
        file.write(statement.block or b"")
        file.flush()
        connection.query(
            f"{statement.sql} FROM INFILE {_quoted(file.name)} COMPRESSION 'none'"
            f" FORMAT {statement.block_format}"
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _decompressed(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "lz4":
            return bytes(lz4.frame.decompress(body))
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        case "gzip":
            return gzip.decompress(body)
        case _:
            return body


def _compressed(body: bytes, accepted: str) -> tuple[bytes, str]:
    """In the first encoding that the client names and we know."""
    for encoding in (name.strip() for name in accepted.split(",")):
        match encoding:
            case "lz4":
                return lz4.frame.compress(body), encoding
            case "zstd":
                return zstandard.ZstdCompressor().compress(body), encoding
            case "gzip":
                return gzip.compress(body, 1), encoding
    return body, ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    path_of_engine: str

    def do_GET(self) -> None:
        """A statement in the URL."""
        self._answer()

    def do_POST(self) -> None:
        """A statement in the body, or data for one in the URL."""
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        raw = self._read_body()
        if not self._signed_in():
            self._send(401, b"Code: 516. DB::Exception: wrong user or password", code="516")
            return
        try:
            # A client that fails while it makes a block sends words instead: they do not decompress.
            body = _decompressed(raw, self.headers.get("content-encoding", ""))
            statement = read_statement(self.path, body)
            answer = run_statement(self.path_of_engine, statement)
        except (RuntimeError, ValueError) as error:
            # The engine may cut its text inside a character; a server sends the bytes as they are.
            said = error.object if isinstance(error, UnicodeDecodeError) else str(error).encode()
            match = _CODE.search(said.decode(errors="replace"))
            self._send(500, said, code=match[1] if match else "1001")
            return
        self._send(200, answer, compress=statement.parameters.get("enable_http_compression") == "1")

    def _signed_in(self) -> bool:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return scheme == "Basic" and b64decode(value) == f"{USER}:{PASSWORD}".encode()

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, status: int, body: bytes, *, code: str = "", compress: bool = False) -> None:
        encoding = ""
        if compress:
            body, encoding = _compressed(body, self.headers.get("accept-encoding", ""))
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-clickhouse-timezone", "UTC")
        self.send_header("x-clickhouse-summary", json.dumps({"read_rows": "0", "written_rows": "0"}))
        if encoding:
            self.send_header("content-encoding", encoding)
        if code:
            self.send_header("x-clickhouse-exception-code", code)
        self.end_headers()
        self.wfile.write(body)


class ClickHouseServer:
    """The server as a child process, on a free port of this machine; its data in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def dsn(self) -> str:
        """What a configuration would say."""
        return f"http://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/"

    def __enter__(self) -> ClickHouseServer:
        command = [sys.executable, "-m", __name__, str(self._directory), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own module
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it at once; entering again starts it on the same port and data."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main(directory: str, port: str) -> None:
    """Serve until killed; the port is the first line of output."""
    handler = type("Handler", (_Handler,), {"path_of_engine": directory})
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
    engine = chdb.connect(directory)  # stays open: connections of requests share it
    print(server.server_port, flush=True)
    try:
        server.serve_forever()
    finally:
        engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
