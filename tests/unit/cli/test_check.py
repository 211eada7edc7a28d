"""`gatelog check`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import trustme

Gatelog = Callable[..., tuple[int, str, str]]


def test_a_good_configuration_is_valid(gatelog: Gatelog, tmp_path: Path) -> None:
    file = tmp_path / "gatelog.yaml"
    file.write_text("data: ./data")
    assert gatelog("check", "--config", str(file)) == (0, f"{file}: valid\n", "")
    assert json.loads(gatelog("check", "--config", str(file), "--json").out) == {
        "valid": True,
        "problems": [],
        "notices": [],
    }


def test_each_problem_is_one_line_of_path_what_and_hint(gatelog: Gatelog, tmp_path: Path) -> None:
    file = tmp_path / "gatelog.yaml"
    file.write_text("gateway: {lisen: 'a:1', processes: 0}")
    code, out, err = gatelog("check", "--config", str(file))
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "gateway.lisen: is not a setting (line 1): did you mean listen?",
        "gateway.processes: is out of bounds (line 1): between 1 and 64",
    ]


def test_problems_are_json_where_json_is_wanted(gatelog: Gatelog, tmp_path: Path) -> None:
    file = tmp_path / "gatelog.yaml"
    file.write_text("dta: x")
    code, out, err = gatelog("check", "--config", str(file), "--json")
    assert (code, err) == (2, "")
    problem = {"path": "dta", "what": "is not a setting (line 1)", "hint": "did you mean data?"}
    assert json.loads(out) == {"valid": False, "problems": [problem], "notices": []}


def test_what_works_but_needs_somebody_is_a_notice(gatelog: Gatelog, tmp_path: Path) -> None:
    ended = trustme.CA().issue_cert("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    ended.cert_chain_pems[0].write_to_path(tmp_path / "hub.pem")
    ended.private_key_pem.write_to_path(tmp_path / "hub.key")
    file = tmp_path / "gatelog.yaml"
    file.write_text("hub: {tls: {cert_file: hub.pem, key_file: hub.key}}")
    code, out, err = gatelog("check", "--config", str(file))
    assert (code, out) == (0, f"{file}: valid\n")
    assert err.startswith("notice: hub.tls.cert_file: clients refuse it (certificate has expired): renew it")
    found = json.loads(gatelog("check", "--config", str(file), "--json").out)
    assert (found["valid"], [one["path"] for one in found["notices"]]) == (True, ["hub.tls.cert_file"])
