"""Addresses of other people's networks, as an operator registers them: what goes there is encrypted in production."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

import httpx
from msgspec import Meta

from service.errors import Code, Refused

Url = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[!-~]*\Z")]
HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)  # an address in brackets has colons


def refuse_no_address(url: str, *, production: bool) -> None:
    """Refused: INVALID_FIELD, for what is no address; in production also for one without TLS."""
    schemes = ("https",) if production else ("https", "http")
    if not _is_address(url, schemes):
        sentence = f"A URL of {' or '.join(schemes)}, without a user, a query or a fragment."
        raise Refused(Code.INVALID_FIELD, sentence, "/url")


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
