"""One running gatelog for all end-to-end tests that only talk to it; tests that harm it start their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import trustme

from gatelog.testing.stack import CONFIGURATION, Stack

PLAIN_HUB = 'hub: {{listen: "127.0.0.1:{hub}", anonymous: true}}\n'

ONE_WING = """\
data: {data}
gateway: {{listen: "127.0.0.1:{port}"}}
backends: {{east: {{kind: azure-openai, url: "http://127.0.0.1:9", api_key: "backend-key-1"}}}}
products: {{all: {{backends: [east], capture: required}}}}
subscriptions: {{team: {{product: all, keys: ["team-key-1"]}}}}
"""
"""The configuration of a wing that is started by itself; its backend is never reached."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def trusted(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], AbstractContextManager[Stack]]:
    """Runs gatelog with that configuration of a hub, over TLS by an authority that this process trusts."""

    @contextmanager
    def run(hub: str) -> Iterator[Stack]:
        directory = tmp_path_factory.mktemp("tls")
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(directory / "server.key")
        for part in certificate.cert_chain_pems:
            part.write_to_path(directory / "server.pem", append=True)
        authority.cert_pem.write_to_path(directory / "ca.pem")
        assert PLAIN_HUB in CONFIGURATION
        configuration = CONFIGURATION.replace(PLAIN_HUB, hub)
        running = Stack(directory, names=("east",), configuration=configuration)
        with pytest.MonkeyPatch.context() as patch, running:
            patch.setenv("REQUESTS_CA_BUNDLE", str(directory / "ca.pem"))
            patch.setenv("SSL_CERT_FILE", str(directory / "ca.pem"))
            yield running

    return run
