"""Who is calling, when proxies stand in between.

X-Forwarded-For is a claim: each proxy appends the address it was called from. It is believed from the
right, as long as the address that appended it is one the operator trusts; the first address that is not
a trusted proxy is the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# More hops than any real chain of proxies has; the rest of a longer header is not read.
HOPS_MAX = 32


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: bare, [v6], v4:port or [v6]:port.

    Without a zone (`fe80::1%eth0`): that means something to the proxy alone, and may be any text.
    """
    text = text.strip(" \t")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or (IPv6Address(int(address)) if address.scope_id else address)
    return address


def _trusted(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def client_address(peer_ip: str, forwarded_for: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """The client's address; the peer's own when it is no trusted proxy or the header is malformed."""
    if not (trusted and forwarded_for):
        return peer_ip
    peer = _address(peer_ip)
    if peer is None or not _trusted(peer, trusted):
        return peer_ip
    client = peer
    hops = b",".join(forwarded_for).decode("latin-1").split(",")
    for hop in reversed(hops[-HOPS_MAX:]):
        address = _address(hop)
        if address is None:
            break
        client = address
        if not _trusted(address, trusted):
            break
    return str(client)
