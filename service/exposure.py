"""What is open to whoever is on the network, or can be guessed: fine on a desk, and not with people's money. Pure."""

from ipaddress import ip_address
from itertools import pairwise
from typing import Final
from urllib.parse import SplitResult, parse_qs


def is_guessable(secret: str) -> bool:
    """Few different letters, one piece repeated, or letters in a row: what no random secret of 32 letters looks like.

    Of 32 random hexadecimal digits fewer than 8 differ once in 25 million times.
    """
    steps = {ord(after) - ord(before) for before, after in pairwise(secret)}
    is_repeated = secret in (secret + secret)[1:-1]
    return len(set(secret)) < 8 or len(steps) < 8 or is_repeated


def open_database(url: SplitResult) -> str | None:
    """What is wrong with the URL of a database, to follow its name in a sentence; None: nothing."""
    query = parse_qs(url.query)
    host = url.hostname or query.get("host", [""])[0]
    if host.startswith("/"):
        return None  # a socket: its folder says who may enter
    if not host:
        return "names no host: TENOR_ENV=production makes nothing up."
    if not (url.password or query.keys() & {"password", "passfile", "sslkey"}):
        return "has no password; without one anybody on the network is let in."
    encryption = query.get("sslmode", [""])[0]
    if encryption in _ENCRYPTED or (encryption and _is_this_machine(host)):
        return None
    return (
        f"has sslmode={encryption or '(none)'}, and would send consumers' data unencrypted; write "
        "?sslmode=verify-full, or another that insists on TLS."
    )


def open_cache(url: SplitResult) -> str | None:
    """The same of a Redis."""
    if url.scheme == "unix":
        return None  # a socket: its folder says who may enter
    if not (url.password or parse_qs(url.query).get("password")):
        return "has no password; without one anybody on the network is let in."
    if url.scheme != "rediss" and not _is_this_machine(url.hostname or ""):
        return "would send consumers' data unencrypted; write rediss:// instead of redis://."
    return None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_ENCRYPTED: Final = ("require", "verify-ca", "verify-full")
