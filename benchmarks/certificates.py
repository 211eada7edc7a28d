"""A certificate for this machine's loopback, and the authority that signed it, for measurements with TLS."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import trustme


class Certificates(NamedTuple):
    """PEM files. One certificate serves the proxy and the upstream alike: ECDSA on P-256."""

    chain: Path
    key: Path
    authority: Path


def make_certificates(directory: Path) -> Certificates:
    """Write them below the directory."""
    authority = trustme.CA()
    own = authority.issue_cert("localhost", "127.0.0.1")
    files = Certificates(directory / "chain.pem", directory / "key.pem", directory / "authority.pem")
    files.chain.write_bytes(b"".join(blob.bytes() for blob in own.cert_chain_pems))
    own.private_key_pem.write_to_path(str(files.key))
    authority.cert_pem.write_to_path(str(files.authority))
    return files
