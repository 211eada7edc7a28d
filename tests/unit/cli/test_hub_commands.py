"""`gatelog query` and `gatelog completeness`, asked of a hub that answers from a script."""

import io
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from gatelog.app.local_hubs import register

Gatelog = Callable[..., tuple[int, str, str]]

ANSWER = {
    "columns": [{"name": "Model", "type": "string"}, {"name": "Tokens", "type": "long"}],
    "rows": [["gpt-4o", 42], ["gpt-4o-mini", None]],
}
REPORT = {
    "complete": True,
    "accepted": 10,
    "recorded": 8,
    "unlogged": 1,
    "open": 1,
    "missing": 0,
    "duplicates": 0,
    "boots": [],
}


class Hub(BaseHTTPRequestHandler):
    """Gives `reply` to everything and keeps what it was asked."""

    reply: ClassVar[tuple[int, bytes]] = (200, b"")
    asked: ClassVar[list[tuple[str, str, str, Any]]] = []

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = self.headers.get("authorization", "")
        self.asked.append((self.command, self.path, token, json.loads(body) if body else None))
        status, answer = self.reply
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATELOG_TOKEN", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    Hub.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def reply(status: int, body: object) -> None:
    Hub.reply = (status, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_json_is_passed_on_as_the_hub_gave_it(gatelog: Gatelog, hub: str) -> None:
    reply(200, ANSWER)
    code, out, err = gatelog("query", "Calls", "--hub", hub, "--format", "json", "--timespan", "P1D")
    assert (code, err) == (0, "")
    assert json.loads(out) == ANSWER
    assert Hub.asked == [("POST", "/query", "", {"query": "Calls", "format": "json", "timespan": "P1D"})]


def test_json_has_an_option_of_its_own_as_with_all_commands(gatelog: Gatelog, hub: str) -> None:
    reply(200, ANSWER)
    assert json.loads(gatelog("query", "Calls", "--hub", hub, "--json").out) == ANSWER
    code, _, err = gatelog("query", "Calls", "--hub", hub, "--json", "--format", "csv")
    assert (code, "--json: --format says csv" in err) == (2, True)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_answer_goes_into_a_pipe_as_it_is_and_a_terminal_obeys_nothing_of_it(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    said = 'Said,\u65e5\r\n"a\x1b]0;b\x07\x9b2J\rc\td"\r\n'
    reply(200, said.encode())
    assert gatelog("query", "Calls", "--hub", hub, "--format", form).out.rstrip("\n") == said.rstrip("\n")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = gatelog("query", "Calls", "--hub", hub, "--format", form).out
    assert shown.rstrip("\n") == 'Said,\u65e5\n"a\u241b]0;b\u2407\ufffd2J\nc\td"'


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("Calls", "--format", "arrow"), "--output: arrow is not for a terminal: name a file"),
        (("--format", "parquet"), "a shell prints table, csv or json"),
        (("--output", "file.csv"), "a shell prints table, csv or json"),
        ((".show tables", "--format", "csv"), "--format: a management command answers as table or json"),
        ((".show tables", "--output", "file"), "--output: a management command prints its answer"),
        ((".tables",), "KQL: .tables is a command of the shell: run `gatelog query` without a query"),
        ((" .help summarize",), "KQL: .help is a command of the shell"),
    ],
)
def test_what_cannot_be_printed_so_is_refused_before_it_is_asked(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, err = gatelog("query", *arguments, "--hub", hub)
    assert (code, out, Hub.asked) == (2, "", [])
    assert says in err


def test_a_decimal_is_shown_with_all_its_digits(gatelog: Gatelog, hub: str) -> None:
    reply(200, b'{"columns":[{"name":"D","type":"decimal"}],"rows":[[12345678901234567.0123456789],[1.5]]}')
    assert [line.strip() for line in gatelog("query", "Calls", "--hub", hub).out.splitlines()[2:4]] == [
        "12345678901234567.0123456789",
        "1.5",
    ]


def test_a_query_from_standard_input_is_utf_8(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the locale says; editors of Windows begin it with a byte order mark, or write UTF-16."""
    reply(200, ANSWER)
    for data, code in ((b"\xef\xbb\xbfprint '\xe6\x97\xa5'", 0), ("print 1".encode("utf-16"), 2)):
        stdin = io.TextIOWrapper(io.BytesIO(data), encoding="ascii")
        monkeypatch.setattr("sys.stdin", stdin)
        left, _, err = gatelog("query", "--hub", hub, "-")
        assert left == code, err
    assert [question["query"] for *_, question in Hub.asked] == ["print '\u65e5'"]
    assert "standard input is not UTF-8 (byte 1): save the query as UTF-8" in err


def test_a_terminal_without_utf_8_shows_what_it_can(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply(200, {"columns": [{"name": "Said", "type": "string"}], "rows": [["\u65e5 gr\u00fcn"]]})
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding="latin-1", write_through=True))
    assert gatelog("query", "Calls", "--hub", hub).code == 0
    assert "? gr\u00fcn" in out.getvalue().decode("latin-1")


def test_a_shell_whose_history_cannot_be_kept_says_so_and_goes_on(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATELOG_HISTORY", str(tmp_path))  # a directory
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    reply(200, {"tables": [], "functions": []})
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text("exit\r")
        code, out, _ = gatelog("query", "--hub", hub)
    assert code == 0
    assert "history is not kept" in out
    assert "GATELOG_HISTORY names another file" in " ".join(out.split())


def test_no_error_is_obeyed_by_the_terminal(gatelog: Gatelog, hub: str) -> None:
    reply(400, {"error": {"message": "no\x1b[2J"}})
    assert gatelog("query", "Calls", "--hub", hub).err == "error: no\u241b[2J\n"


def test_the_hub_of_a_configuration_is_found_without_its_secrets(gatelog: Gatelog, hub: str) -> None:
    reply(200, ANSWER)
    Path("gatelog.yaml").write_text(
        f"hub: {{listen: {hub.removeprefix('http://')!r}}}\n"
        "backends: {east: {kind: openai, url: 'http://127.0.0.1:1', api_key: '${env:NOT_SET_HERE}'}}\n"
    )
    assert json.loads(gatelog("query", "Calls", "--config", "gatelog.yaml", "--json").out) == ANSWER


def test_an_answer_is_written_to_a_file_when_it_is_whole(gatelog: Gatelog, hub: str, tmp_path: Path) -> None:
    reply(200, b"Model,Tokens\r\n")
    file = tmp_path / "calls.csv"
    asked = ("query", "Calls", "--hub", hub, "--format", "csv", "--output", str(file))
    assert gatelog(*asked) == (0, "", "")
    assert file.read_bytes() == b"Model,Tokens\r\n"
    reply(503, {"error": {"message": "the store is away"}})
    assert gatelog(*asked)[0] == 1
    assert [one.name for one in tmp_path.iterdir()] == ["calls.csv"]


@pytest.mark.parametrize("place", ["missing/calls.csv", "file/calls.csv", "."])
def test_a_file_that_cannot_be_written_is_said_to_be_one(
    gatelog: Gatelog, hub: str, tmp_path: Path, place: str
) -> None:
    reply(200, b"Model,Tokens\r\n")
    (tmp_path / "file").touch()
    code, _, err = gatelog(
        "query", "Calls", "--hub", hub, "--format", "csv", "--output", str(tmp_path / place)
    )
    assert code == 2
    assert "cannot be written: " in err
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_management_command_writes_no_file(gatelog: Gatelog, hub: str) -> None:
    code, _, err = gatelog("query", ".show tables", "--hub", hub, "--output", "tables.json")
    assert (code, "prints its answer" in err) == (2, True)
    assert Hub.asked == []


def test_a_command_for_a_directory_goes_to_no_hub_that_has_another(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.drop table` would be carried out by whatever hub runs on this machine."""
    monkeypatch.setattr("gatelog.app.hub_client.DEFAULT_URL", hub)
    code, _, err = gatelog("query", ".drop table T", "--data", str(tmp_path))
    assert (code, "a management command needs a hub" in err) == (2, True)
    assert Hub.asked == []


def test_csv_is_asked_for_and_passed_on(gatelog: Gatelog, hub: str) -> None:
    reply(200, b"Model,Tokens\r\ngpt-4o,42\r\n")
    assert gatelog("query", "Calls", "--hub", hub, "--format", "csv").out == "Model,Tokens\r\ngpt-4o,42\r\n"
    assert Hub.asked[0][3]["format"] == "csv"


def test_a_table_aligns_numbers_to_the_right(gatelog: Gatelog, hub: str) -> None:
    reply(200, ANSWER)
    lines = [
        line.rstrip() for line in gatelog("query", "Calls", "--hub", hub).out.splitlines() if line.strip()
    ]
    assert lines == ["Model         Tokens", "─" * 20, "gpt-4o            42", "gpt-4o-mini", "2 rows"]


@pytest.mark.parametrize(
    ("status", "error", "code", "says"),
    [
        (
            400,
            {"message": "no table Cals", "line": 1, "column": 5, "hint": "Calls?"},
            2,
            "1:5: no table Cals (Calls?)",
        ),
        (413, {"message": "too many rows", "line": None, "column": None, "hint": None}, 2, "too many rows"),
        (
            403,
            {"message": "Request is invalid.", "@message": "it needs may_write"},
            2,
            "it needs may_write (give",
        ),
        (401, {"message": "a valid token is needed"}, 2, "a valid token is needed (give --config"),
        (503, {"message": "the store is away", "line": None}, 1, "the store is away"),
    ],
)
def test_the_hubs_refusals_are_errors(
    gatelog: Gatelog, hub: str, status: int, error: dict[str, Any], code: int, says: str
) -> None:
    reply(status, {"error": error})
    left, out, err = gatelog("query", "Cals", "--hub", hub)
    assert (left, out) == (code, "")
    assert err.startswith(f"error: {says}")


def test_an_answer_that_is_no_hubs_is_an_error(gatelog: Gatelog, hub: str) -> None:
    reply(502, b"<html>proxy</html>")
    assert gatelog("query", "Calls", "--hub", hub) == (1, "", "error: the hub answered 502\n")


def test_without_a_hub_the_error_says_what_to_do(gatelog: Gatelog) -> None:
    code, out, err = gatelog("query", "Calls", "--hub", "http://127.0.0.1:1")
    assert (code, out) == (1, "")
    assert "no hub answers at http://127.0.0.1:1" in err
    assert "gatelog run" in err


def test_a_certificate_that_is_not_trusted_is_said_to_be_that(gatelog: Gatelog) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        code, out, err = gatelog("query", "Calls", "--hub", url)
        thread.join()
    assert (code, out) == (1, "")
    assert f"{url} shows a certificate that is not trusted here" in err
    assert "SSL_CERT_FILE" in err


def test_a_hub_without_tls_is_said_to_be_that(gatelog: Gatelog, hub: str) -> None:
    code, out, err = gatelog("query", "Calls", "--hub", hub.replace("http://", "https://"))
    assert (code, out) == (1, "")
    assert "speaks no TLS" in err
    assert "begins with http://" in err


def test_the_local_token_of_the_data_directory_signs_in(gatelog: Gatelog, hub: str, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "hub.token").write_text("local-token\n")
    (tmp_path / "gatelog.yaml").write_text(f"data: kept\nhub: {{listen: '{hub.removeprefix('http://')}'}}")
    reply(200, ANSWER)
    assert gatelog("query", "Calls", "--config", "gatelog.yaml").code == 0
    assert gatelog("query", "Calls", "--hub", hub, "--data", "kept").code == 0
    assert [token for _, _, token, _ in Hub.asked] == ["Bearer local-token"] * 2


def test_a_hub_of_this_user_is_signed_in_to_by_its_url_alone(
    gatelog: Gatelog, hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "hub.token").write_text("found-by-port\n")
    register(int(hub.rpartition(":")[2]), tmp_path)
    reply(200, ANSWER)
    gatelog("query", "Calls", "--hub", hub)
    assert Hub.asked[0][2] == "Bearer found-by-port"


def test_a_token_in_the_environment_comes_first(
    gatelog: Gatelog, hub: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATELOG_TOKEN", "from-the-environment")
    reply(200, ANSWER)
    gatelog("query", "Calls", "--hub", hub)
    assert Hub.asked[0][2] == "Bearer from-the-environment"


def test_a_complete_record_exits_with_0(gatelog: Gatelog, hub: str) -> None:
    reply(200, REPORT)
    code, out, _ = gatelog("completeness", "--hub", hub, "--from", "2026-01-01", "--to", "2026-01-02")
    assert code == 0
    assert out.startswith("complete: 10 accepted = 8 recorded + 1 unlogged + 1 open + 0 missing\n")
    assert Hub.asked[0][1] == "/completeness?from=2026-01-01&to=2026-01-02"


def test_missing_calls_exit_with_1_and_are_named(gatelog: Gatelog, hub: str) -> None:
    boot = {"instance": "i1", "boot": "b1", "missing": [[3, 4], [9, 9]]}
    report = REPORT | {"complete": False, "missing": 3, "boots": [boot]}
    reply(200, report)
    code, out, _ = gatelog("completeness", "--hub", hub)
    assert code == 1
    assert "instance i1 boot b1: calls 3 to 4, 9 to 9 are missing" in out
    assert json.loads(gatelog("completeness", "--hub", hub, "--json").out) == report
