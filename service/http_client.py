"""Calls to other people's networks: an HTTP client that goes where it is told and nowhere else, and brings nothing."""

import ssl
from collections.abc import Mapping
from functools import cache
from http.cookiejar import CookieJar
from typing import Any, Final

import httpx

CONNECTIONS_MAX: Final = 200
PATIENCE_S: Final = 2.0  # of one step on the wire
BYTES_MAX: Final = 64 * 1024  # of an answer; a longer one is read no further


class NoCookies(CookieJar):
    """What one consumer's answer sets must not be sent with the next one's question."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keeps none."""


def open_client(patience_s: float = PATIENCE_S, connections_max: int = CONNECTIONS_MAX) -> httpx.AsyncClient:
    """A client that follows no redirect, asks no proxy and keeps no cookie."""
    return httpx.AsyncClient(
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tenor"},
        cookies=NoCookies(),
        follow_redirects=False,
        trust_env=False,
        verify=_certificates(),
        timeout=patience_s,
        limits=httpx.Limits(max_connections=connections_max),
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust. Reading it takes 50 ms and a megabyte, so all clients share it."""
    return httpx.create_ssl_context(trust_env=False)


async def exchange(
    client: httpx.AsyncClient, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
) -> tuple[int, bytes] | None:
    """The status and body that a request was answered with; None where nothing was heard, or too much."""
    try:
        async with client.stream(method, url, content=content, headers=headers) as response:
            body = b""
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > BYTES_MAX:
                    return None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # the last: of a name that IDNA refuses
        return None
    return response.status_code, body
