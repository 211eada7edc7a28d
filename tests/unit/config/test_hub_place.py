"""Where a hub is, read of a configuration of which nothing else can be used here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.config import Address, load_hub_place
from gatelog.errors import ConfigError

WHOLE = """
data: kept
hub:
  listen: "${env:HUB_ADDRESS}"
  tls: {certificate: nowhere.pem, key: "${file:nowhere}"}
  tokens: {reader: {role: metrics, digest: "${env:NOT_SET}"}}
backends:
  east: {kind: azure-openai, url: "http://127.0.0.1:9001", api_key: "${env:NOT_SET}"}
products: {default: {backends: [east]}}
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "gatelog.yaml"
    path.write_text(text)
    return path


def test_nothing_is_asked_of_other_settings(tmp_path: Path) -> None:
    """Neither the variables nor the files that they name are there."""
    place = load_hub_place(written(tmp_path, WHOLE), environ={"HUB_ADDRESS": "10.0.0.1:8443"})
    assert place == (tmp_path / "kept", Address("10.0.0.1", 8443), True)


@pytest.mark.parametrize("text", ["gateway: {}", "hub: {anonymous: true, tls: null}"])
def test_what_is_not_there_has_its_default(tmp_path: Path, text: str) -> None:
    place = load_hub_place(written(tmp_path, text))
    assert place == (tmp_path / "data", Address("127.0.0.1", 8081), False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE, "hub.listen: environment variable HUB_ADDRESS is not set"),
        ("hub: {listen: nonsense}", "hub.listen: "),
        ("hub: 5", "hub: is not a section"),
        ("hbu: {}", "hbu: is not a setting"),
        ("hub: {lisen: 1}", "hub.lisen: is not a setting"),
        ("hub: {}\nhub: {}", "hub: is given twice"),
        ("? [data, hub]\n: 1", "FILE: has a name that is no text (line 1)"),
        ("hub:\n  ? {listen: 1}\n  : 2", "hub: has a name that is no text (line 2)"),
        ("- 1", "FILE: is not a section"),
        ("a: [", "FILE: is not YAML"),
        ("", "FILE: is empty"),
    ],
)
def test_what_is_read_is_checked(tmp_path: Path, text: str, problem: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_hub_place(file, environ={})
    assert str(caught.value.problems[0]).replace(str(file), "FILE").startswith(problem)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_hub_place(tmp_path / "none.yaml")
