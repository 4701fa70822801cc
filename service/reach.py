"""Where a call to somebody else's network may go: to public addresses alone, at a port that is listed.

Whoever may register a gateway could otherwise have us knock on every door behind our firewall and read from the
outcome which are open. A name is no proof: it may stand for 127.0.0.1, or for it from the second look-up on. So what is
judged is each address that a name was resolved to, at the moment of connecting (`http_client.py`).
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from msgspec import Struct


class Reach(Struct, frozen=True):
    """How far we call."""

    ports: frozenset[int] = frozenset({443})
    anywhere: bool = False  # this machine and private networks, too, at any port: for development

    def has_port(self, port: int) -> bool:
        """Whether this port is called at all."""
        return self.anywhere or port in self.ports

    def has_address(self, address: str) -> bool:
        """Whether this IP address is called; False for what is none."""
        return self.anywhere or is_public(address)

    def may_have(self, host: str) -> bool:
        """Whether a host may be called, as far as it says itself; what a name stands for is seen when it is called."""
        if self.anywhere:
            return True
        if ":" in host or _NUMBER.search(host):
            return is_public(host)  # so 127.1, 0x7f.1 and 2130706433 are no hosts: they are numbers, but no addresses
        return host.rpartition(".")[2] != "localhost"


ANYWHERE: Final = Reach(anywhere=True)


def is_public(address: str) -> bool:
    """Whether an IP address, as it is usually written, is one of the internet's, and a single machine's."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return _is_public_4(ip) if isinstance(ip, IPv4Address) else _is_public_6(ip)


def _is_public_4(ip: IPv4Address) -> bool:
    # `is_global` knows the registry of special addresses: private ones, loopback, 169.254/16, 100.64/10, 0/8, 240/4.
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _SPECIAL_4)


def _is_public_6(ip: IPv6Address) -> bool:
    """One that has an IPv4 address inside is as public as that is; of the others, those that are given out."""
    if inner := ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None):
        return _is_public_4(inner)
    return ip in _GIVEN_OUT and ip.is_global and not any(ip in network for network in _SPECIAL_6)


_NUMBER: Final = re.compile(r"(^|\.)(0[xX][0-9a-fA-F]*|[0-9]+)\.?\Z")  # a last label that no name has
_SPECIAL_4: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv4Network("240.0.0.0/4"))
_NAT64: Final = IPv6Network("64:ff9b::/96")
_GIVEN_OUT: Final = IPv6Network("2000::/3")
_SPECIAL_6: Final = (IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))
