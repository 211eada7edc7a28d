"""Where to listen: a host and a TCP port."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

_SHAPE = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>[0-9]{1,5})")
PORT_MAX = 65_535


class Address(NamedTuple):
    """A listening address; port 0 asks the system for a free one. IPv6 hosts are held without brackets."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `host:port` or `[ipv6]:port`; ValueError if it is neither."""
        match = _SHAPE.fullmatch(text)
        if match is None or int(match["port"]) > PORT_MAX:
            raise ValueError("not host:port")
        if match["ipv6"] is not None:
            return cls(str(ipaddress.IPv6Address(match["ipv6"])), int(match["port"]))
        return cls(match["host"], int(match["port"]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url(self, *, tls: bool = False) -> str:
        """What a person would type to reach it from this machine."""
        wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, never bound
        reachable = Address(wildcards.get(self.host, self.host), self.port)
        return f"{'https' if tls else 'http'}://{reachable}"
