"""Do the certificate files work? Each pair is tried in a TLS handshake in memory, as a client would see it.

files ── cannot be loaded ──→ problem: nothing could be served
  └→ handshake ── refused ──→ notice: it is served, and clients refuse it (expired, not valid yet)
         └→ ends soon ──────→ notice
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from gatelog.config.schema import Config, TlsConfig
from gatelog.errors import ConfigProblem

ENDS_SOON_S = 14 * 24 * 3600
"""Before this much time is left, renewal should have happened (ACME clients renew 30 days before the end)."""

_RENEW = "renew it, then restart: certificates are read at the start"


def problems(config: Config) -> Iterator[ConfigProblem]:
    """Files that TLS cannot use. Those that are not there are the reader's to report."""
    for path, tls in _pairs(config):
        if Path(tls.cert_file).is_file() and Path(tls.key_file).is_file():
            try:
                _server(tls)
            except (ssl.SSLError, OSError) as error:
                hint = "give a PEM chain, and its own private key without a passphrase"
                yield ConfigProblem(path, f"cannot be used together ({_reason(error)})", hint)
    for name, backend in config.backends.items():
        if backend.ca_file and Path(backend.ca_file).is_file():
            try:
                ssl.create_default_context(cafile=str(backend.ca_file))
            except (ssl.SSLError, OSError) as error:
                what = f"holds no authority that can be used ({_reason(error)})"
                yield ConfigProblem(f"backends.{name}.ca_file", what, "give certificates in PEM")


def notices(config: Config, now_s: float) -> Iterator[ConfigProblem]:
    """Certificates of a valid configuration that clients refuse, or will soon. `now_s`: Unix time."""
    for path, tls in _pairs(config):
        try:
            left_s = _not_after_s(tls) - now_s
        except ssl.SSLError as error:
            yield ConfigProblem(f"{path}.cert_file", f"clients refuse it ({_reason(error)})", _RENEW)
            continue
        if left_s < ENDS_SOON_S:
            yield ConfigProblem(f"{path}.cert_file", f"expires in {left_s / 3600:.0f} hours", _RENEW)


def _pairs(config: Config) -> Iterator[tuple[str, TlsConfig]]:
    for path, tls in (("gateway.tls", config.gateway.tls), ("hub.tls", config.hub.tls)):
        if tls is not None:
            yield path, tls


def _server(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Without a password of its own, OpenSSL asks the terminal for one.
    context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    return context


def _not_after_s(tls: TlsConfig) -> float:
    """Unix time at which the certificate ends. Raises SSLError where it is not valid now."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself is the authority
    trusting.load_verify_locations(tls.cert_file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server)
    server = _server(tls).wrap_bio(to_server, to_client, server_side=True)
    while not _advanced(client):
        _advanced(server)
    certificate = client.getpeercert()
    assert certificate is not None  # the handshake is over
    return ssl.cert_time_to_seconds(str(certificate["notAfter"]))


def _advanced(side: ssl.SSLObject) -> bool:
    """Let one side go on as far as it can; whether it has finished."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        # OpenSSL has no word for what is not PEM, nor for a wrong passphrase.
        return error.reason.replace("_", " ").lower() if error.reason else "not PEM, or behind a passphrase"
    return error.strerror or str(error)
