"""Addresses of other people's networks, as an operator registers them: public, and encrypted in production."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

import httpx
from msgspec import Meta

from service.config import Settings
from service.errors import Code, Refused

Url = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[!-~]*\Z")]
HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)  # an address in brackets has colons


PORTS: Final = {"https": 443, "http": 80}


def refuse_no_address(url: str, settings: Settings, pointer: str = "/url") -> None:
    """Refused: INVALID_FIELD, for what is no address, or one that we would not call; in production also for one without
    TLS. What a name stands for is not asked here, but each time that it is called."""
    schemes = ("https",) if settings.production else ("https", "http")
    if not _is_address(url, schemes):
        sentence = f"A URL of {' or '.join(schemes)}, without a user, a query or a fragment."
        raise Refused(Code.INVALID_FIELD, sentence, pointer)
    parts, reach = urlsplit(url), settings.reach
    if not reach.may_have(parts.hostname or ""):
        raise Refused(Code.INVALID_FIELD, "An address on this machine or a private network is not called.", pointer)
    if not reach.has_port(parts.port or PORTS[parts.scheme]):
        ports = ", ".join(map(str, sorted(reach.ports)))
        raise Refused(Code.INVALID_FIELD, f"No other port is called than {ports} (TENOR_OUTSIDE_PORTS).", pointer)


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether the client that will ask can use it, and reads in it what we do: scheme, host, perhaps port and path."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        host = read.host  # worked out here: a name may be none by the rules of IDNA
        is_same = (parts.hostname, parts.port) == (host, read.port) and not parts.netloc.endswith(":")
    except (ValueError, httpx.InvalidURL):
        return False
    is_host = ":" in host or HOST.fullmatch(host) is not None
    return parts.scheme in schemes and is_host and is_same and not set("@?#") & set(url)
