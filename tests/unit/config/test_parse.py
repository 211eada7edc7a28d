"""Reading a whole configuration: values, defaults, references, and every problem at once."""

from pathlib import Path

import pytest

from gatelog.config import Address, Config, KeyDigest, load, parse
from gatelog.errors import ConfigError

BASE = Path("/etc/gatelog")

EXAMPLE = """\
data: ./data
gateway: {listen: "127.0.0.1:8080"}
hub:     {listen: "127.0.0.1:8081", anonymous: true}
backends:
  east: {kind: azure-openai, url: "http://127.0.0.1:9001", api_key: "${env:EAST_KEY}"}
  west: {kind: azure-openai, url: "http://127.0.0.1:9002/", api_key: "${env:WEST_KEY}"}
  mock: {kind: openai, url: "http://127.0.0.1:4010/v1", api_key: "${env:MOCK_KEY}"}
products:
  default: {backends: [east, west], capture: required}
  bulk:    {backends: [west], capture: best_effort}
subscriptions:
  team-a: {product: default, keys: ["${env:TEAM_A_KEY}"]}
  team-b: {product: bulk, keys: ["${env:TEAM_B_KEY}", "a second key, with spaces"]}
"""
ENVIRON = {
    "EAST_KEY": "east-secret",
    "WEST_KEY": "west-secret",
    "MOCK_KEY": "mock-secret",
    "TEAM_A_KEY": "0123456789abcdef0123456789abcdef",
    "TEAM_B_KEY": "b-team-key",
}


def problems(text: str, environ: dict[str, str] | None = None, base: Path = BASE) -> dict[str, str]:
    """path → "what: hint" of everything wrong in `text`."""
    with pytest.raises(ConfigError) as caught:
        parse(text, environ or {}, base)
    return {problem.path: f"{problem.what}: {problem.hint}" for problem in caught.value.problems}


def test_the_smallest_useful_file_is_read_whole() -> None:
    config = parse(EXAMPLE, ENVIRON, BASE)
    assert config.data == BASE / "data"
    assert config.gateway.listen == Address("127.0.0.1", 8080)
    assert config.hub.anonymous
    assert config.backends["east"].api_key.reveal() == "east-secret"
    assert config.backends["west"].url == "http://127.0.0.1:9002"
    assert config.backends["mock"].kind == "openai"
    assert config.products["default"].backends == ("east", "west")
    assert config.products["bulk"].capture == "best_effort"
    assert config.subscriptions["team-a"].keys == (KeyDigest.of(ENVIRON["TEAM_A_KEY"]),)
    assert config.subscriptions["team-b"].keys[1] == KeyDigest.of(b"a second key, with spaces")


def test_what_is_not_written_has_its_default() -> None:
    config = parse("data: /var/lib/gatelog", {}, BASE)
    assert config == Config(data=Path("/var/lib/gatelog"))
    assert config.gateway.timeouts.first_byte_s == 600
    assert config.gateway.limits.json_body_bytes_max == 64 * 2**20
    assert not config.hub.anonymous


def test_durations_and_sizes_are_read_with_their_units() -> None:
    config = parse(
        "gateway: {grace_s: 1m30s, timeouts: {connect_s: 500ms, total_s: 7200},"
        " limits: {header_bytes_max: 32KiB, body_bytes_max: 10MB}}\nspool: {capacity_bytes: 1.5GiB}",
        {},
        BASE,
    )
    assert config.gateway.grace_s == 90
    assert config.gateway.timeouts.connect_s == 0.5
    assert config.gateway.timeouts.total_s == 7200
    assert config.gateway.limits.header_bytes_max == 32_768
    assert config.gateway.limits.body_bytes_max == 10_000_000
    assert config.spool.capacity_bytes == 3 * 2**29


def test_all_problems_are_reported_at_once() -> None:
    found = problems(
        """\
gateway: {listen: "8080", timeouts: {totl_s: 1, total_s: "ten"}}
backends:
  east: {kind: azure, url: "ftp://x", api_key: "${env:EAST_KEY}"}
products:
  default: {backends: [est]}
subscriptions:
  team-a: {product: defualt, keys: [short]}
"""
    )
    assert set(found) == {
        "gateway.listen",
        "gateway.timeouts.totl_s",
        "gateway.timeouts.total_s",
        "backends.east.kind",
        "backends.east.url",
        "backends.east.api_key",
        "products.default.capture",
        "products.default.backends[0]",
        "subscriptions.team-a.product",
        "subscriptions.team-a.keys[0]",
    }


def test_problems_name_the_line() -> None:
    assert "(line 3)" in problems("data: x\ngateway:\n  listn: a:1\n")["gateway.listn"]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("gateway: {lisen: 'a:1'}", "gateway.lisen", "did you mean listen?"),
        ("backend: {}", "backend", "did you mean backends?"),
        ("gateway: {xyzzy: 1}", "gateway.xyzzy", "known here: listen, processes"),
        ("data: a\ndata: b", "data", "is given twice (line 2): keep one; the first is in line 1"),
        ("gateway: {processes: 0}", "gateway.processes", "between 1 and 64"),
        ("gateway: {processes: true}", "gateway.processes", "is not a number"),
        (
            "gateway: {limits: {header_bytes_max: 10}}",
            "gateway.limits.header_bytes_max",
            "between 1 KiB and 1 MiB",
        ),
        ("gateway: {timeouts: {connect_s: 0}}", "gateway.timeouts.connect_s", "at least 0.1s"),
        ("gateway: {tls: {cert_file: a.pem}}", "gateway.tls.key_file", "is missing"),
        ("gateway: {trusted_proxies: 10.0.0.0/8}", "gateway.trusted_proxies", "is not a list"),
        ("gateway: {trusted_proxies: [10.0.0.1/8]}", "gateway.trusted_proxies[0]", "is not a network"),
        ("hub: {origins: [example.com]}", "hub.origins[0]", "is not a URL"),
        ('hub: {origins: ["*"]}', "hub.origins[0]", "is not a URL"),
        ("hub: {origins: ['null']}", "hub.origins[0]", "is not a URL"),
        ("hub: {origins: [https://a.example/page]}", "hub.origins[0]", "more than an origin"),
        ("hub: {origins: ['https://*.example']}", "hub.origins[0]", "no origin of a browser's"),
        ("hub: {origins: ['https://ü.example']}", "hub.origins[0]", "no origin of a browser's"),
        ("hub: {origins: [https://A.example]}", "hub.origins[0]", "is not how a browser writes it"),
        ("hub: {origins: ['https://a.example:443']}", "hub.origins[0]", "is not how a browser writes it"),
        ("gateway: [1]", "gateway", "is not a section"),
        ("- 1", "(file)", "is not a section"),
        ("hub: {anonymous: maybe}", "hub.anonymous", "is not a boolean"),
        ("hub: {listen: {a: 1}}", "hub.listen", "is not a single value"),
        ("store: {dsn: 'mysql://x'}", "store.dsn", "is not a store address"),
        ("subscriptions: {a: {product: p, keys: [1234567890]}}", "subscriptions.a.keys[0]", "in quotes"),
        (
            "subscriptions: {a: {product: p, keys: [' padded key ']}}",
            "subscriptions.a.keys[0]",
            "spaces around",
        ),
        (
            'subscriptions: {a: {product: p, keys: ["bell\\u0007bell"]}}',
            "subscriptions.a.keys[0]",
            "do not print",
        ),
        ("products: {' ': {}}", "products. ", "is not a name"),
        ("data: [", "(file)", "is not YAML"),
        ("data: " + "[" * 3000, "(file)", "is nested too deeply"),
        ("", "(file)", "is empty"),
    ],
)
def test_each_mistake_says_where_what_and_what_next(text: str, path: str, says: str) -> None:
    assert says in problems(text)[path]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://user:pw@host/", "carries credentials"),
        ("http://host/?api-version=1", "has a query"),
        ("host:443", "is not a URL"),
        ("https://", "is not a URL"),
        ("http://host:99999", "is not a URL"),
    ],
)
def test_a_backend_url_is_plain_http(url: str, says: str) -> None:
    text = f"backends: {{a: {{kind: openai, url: '{url}', api_key: k}}}}"
    assert says in problems(text)["backends.a.url"]


def test_rules_between_settings_are_checked() -> None:
    found = problems(
        """\
gateway: {listen: "127.0.0.1:0", processes: 2, admin: "127.0.0.1:8081"}
hub: {listen: "127.0.0.1:8081"}
backends:
  a: {kind: openai, url: "http://a", api_key: k, ca_file: missing.pem}
products:
  p: {backends: [a, a], capture: required}
store: {retention_days: 10, body_retention_days: 11}
spool: {capacity_bytes: 64MiB, segment_bytes: 64MiB}
"""
    )
    assert set(found) == {
        "gateway.listen",
        "gateway.admin",
        "backends.a.ca_file",
        "products.p.backends[1]",
        "store.body_retention_days",
        "spool.capacity_bytes",
    }


def test_the_admin_page_of_one_process_is_not_passed_off_as_that_of_several() -> None:
    found = problems('gateway: {processes: 2, admin: "127.0.0.1:9090"}')
    assert "there are several" in found["gateway.admin"]


@pytest.mark.parametrize("address", ["0.0.0.0:8081", "10.1.2.3:8081", "[::]:8081", "hub.example:8081"])
def test_an_anonymous_hub_is_refused_off_loopback(address: str) -> None:
    found = problems(f'hub: {{anonymous: true, listen: "{address}"}}')
    assert "is refused" in found["hub.anonymous"]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.8.8:1", "[::1]:8081", "localhost:8081"])
def test_an_anonymous_hub_is_accepted_on_loopback(address: str) -> None:
    assert parse(f'hub: {{anonymous: true, listen: "{address}"}}', {}, BASE).hub.anonymous


def test_equal_keys_are_reported_by_path_and_never_shown() -> None:
    text = """\
backends: {a: {kind: openai, url: "http://a", api_key: k}}
products: {p: {backends: [a], capture: required}}
subscriptions:
  one: {product: p, keys: [first-key, "${env:SHARED}"]}
  two: {product: p, keys: ["the very same key"]}
"""
    found = problems(text, {"SHARED": "the very same key"})
    says = "is the same key as subscriptions.one.keys[1]: a key names one subscription"
    assert found == {"subscriptions.two.keys[0]": says}


def test_a_missing_variable_is_named() -> None:
    found = problems("backends: {a: {kind: openai, url: 'http://a', api_key: '${env:A_KEY}'}}")
    assert "environment variable A_KEY is not set" in found["backends.a.api_key"]


def test_a_file_reference_gives_its_text_without_the_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    text = "backends: {a: {kind: openai, url: 'http://a', api_key: '${file:key}'}}"
    assert parse(text, {}, tmp_path).backends["a"].api_key.reveal() == "from-a-file"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("${file:absent}", "cannot be read"),
        ("${KEY}", "write ${env:KEY}"),
        ("${vault:x}", "is not a reference"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(reference: str, says: str, tmp_path: Path) -> None:
    text = f"backends: {{a: {{kind: openai, url: 'http://a', api_key: '{reference}'}}}}"
    assert says in problems(text, base=tmp_path)["backends.a.api_key"]


def test_a_doubled_dollar_is_a_literal_one() -> None:
    text = "backends: {a: {kind: openai, url: 'http://a', api_key: 'x$${env:A}'}}"
    assert parse(text, {}, BASE).backends["a"].api_key.reveal() == "x${env:A}"


def test_no_message_shows_a_value_that_came_from_a_reference() -> None:
    environ = {"SECRET": "hunter2 is\tnot usable"}
    text = """\
gateway: {listen: "${env:SECRET}", grace_s: "${env:SECRET}"}
backends: {a: {kind: "${env:SECRET}", url: "http://${env:SECRET}@h", api_key: "${env:SECRET}"}}
subscriptions: {a: {product: p, keys: ["${env:SECRET}"]}}
"""
    with pytest.raises(ConfigError) as caught:
        parse(text, environ, BASE)
    assert "hunter2" not in str(caught.value)
    assert len(caught.value.problems) >= 6


def test_relative_paths_start_at_the_file_and_data_can_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "gatelog.yaml"
    file.write_text("data: kept/here")
    assert load(file).data == tmp_path / "kept" / "here"
    assert load(file, data=tmp_path / "there").data == tmp_path / "there"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"\xff", "is not UTF-8"),
        (b"data: [", "is not YAML"),
        (b"", "is empty"),
        (b"- 1", "is not a section"),
    ],
)
def test_what_is_wrong_with_a_file_as_a_whole_is_told_with_its_name(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "gatelog.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as caught:
        load(file)
    assert caught.value.problems[0].path == str(file)
