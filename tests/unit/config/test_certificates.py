"""Certificate files are tried before anything starts: unusable ones are problems, ended ones are noticed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gatelog.config import notices, parse
from gatelog.errors import ConfigError

NOW = datetime.now(UTC)  # OpenSSL has no other clock
LONG = NOW + timedelta(days=90)

Write = Callable[..., None]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def write(authority: trustme.CA, tmp_path: Path) -> Write:
    """Write a pair of files, `NAME.pem` and `NAME.key`, that ends at a time."""

    def write(name: str, not_after: datetime = LONG, not_before: datetime | None = None) -> None:
        pair = authority.issue_cert("localhost", not_after=not_after, not_before=not_before)
        (tmp_path / f"{name}.pem").write_bytes(b"".join(pem.bytes() for pem in pair.cert_chain_pems))
        pair.private_key_pem.write_to_path(tmp_path / f"{name}.key")

    return write


def settings(certificate: str, key: str) -> str:
    return f"gateway: {{tls: {{cert_file: {certificate}, key_file: {key}}}}}"


def problems(text: str, base: Path) -> dict[str, str]:
    with pytest.raises(ConfigError) as error:
        parse(text, {}, base)
    return {problem.path: str(problem) for problem in error.value.problems}


def noticed(text: str, base: Path, now: datetime = NOW) -> list[str]:
    return list(map(str, notices(parse(text, {}, base), now.timestamp())))


def test_a_certificate_that_clients_accept_is_nothing_to_say(write: Write, tmp_path: Path) -> None:
    write("a")
    assert noticed(settings("a.pem", "a.key"), tmp_path) == []


def test_the_key_of_another_certificate_is_a_problem(write: Write, tmp_path: Path) -> None:
    write("a")
    write("b")
    assert "key values mismatch" in problems(settings("a.pem", "b.key"), tmp_path)["gateway.tls"]


def test_what_is_no_certificate_is_a_problem(write: Write, tmp_path: Path) -> None:
    write("a")
    (tmp_path / "note.txt").write_text("the certificate is with Ada")
    assert "not PEM" in problems(settings("note.txt", "a.key"), tmp_path)["gateway.tls"]


def test_a_key_behind_a_passphrase_is_a_problem_and_nobody_is_asked_for_it(
    write: Write, tmp_path: Path
) -> None:
    write("a")
    key = load_pem_private_key((tmp_path / "a.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a secret"))
    (tmp_path / "locked.key").write_bytes(locked)
    assert "passphrase" in problems(settings("a.pem", "locked.key"), tmp_path)["gateway.tls"]


def test_files_that_are_not_there_are_named_once(tmp_path: Path) -> None:
    found = problems(settings("a.pem", "a.key"), tmp_path)
    assert set(found) == {"gateway.tls.cert_file", "gateway.tls.key_file"}


def test_authorities_that_cannot_be_read_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("trust me")
    text = "backends: {a: {kind: openai, url: 'https://a', api_key: k, ca_file: note.txt}}"
    assert "no certificate or crl found" in problems(text, tmp_path)["backends.a.ca_file"]


@pytest.mark.parametrize(
    ("begins", "ends", "says"),
    [(-9, -2, "certificate has expired"), (2, 9, "certificate is not yet valid")],
)
def test_a_certificate_out_of_its_time_is_served_and_noticed(
    write: Write, tmp_path: Path, begins: int, ends: int, says: str
) -> None:
    write("a", NOW + timedelta(days=ends), NOW + timedelta(days=begins))
    [notice] = noticed(settings("a.pem", "a.key"), tmp_path)
    assert f"gateway.tls.cert_file: clients refuse it ({says}): renew it" in notice


def test_a_certificate_is_noticed_two_weeks_before_its_end(write: Write, tmp_path: Path) -> None:
    write("a")
    text = settings("a.pem", "a.key")
    assert noticed(text, tmp_path, LONG - timedelta(days=15)) == []
    [notice] = noticed(text, tmp_path, LONG - timedelta(hours=30))
    assert "expires in 30 hours" in notice
