"""Calls to other people's networks: an HTTP client that goes where it is told and nowhere else, and brings nothing."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from http.cookiejar import CookieJar
from typing import Any, Final

import httpcore
import httpx

from service import clock
from service.reach import Reach
from service.telemetry import calling

log = logging.getLogger("tenor.http_client")

CONNECTIONS_MAX: Final = 200
PATIENCE_S: Final = 2.0  # of one step on the wire
BYTES_MAX: Final = 64 * 1024  # of an answer; a longer one is read no further


class NoCookies(CookieJar):
    """What one consumer's answer sets must not be sent with the next one's question."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keeps none."""


Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that a name stands for now, the best first."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Reaching(httpcore.AsyncNetworkBackend):
    """Connects to what is within reach. A name is looked up once, and what was judged is what is connected to: the
    name itself remains in the request and in the certificate that is asked for.
    """

    def __init__(self, reach: Reach, look_up: Resolve = resolve) -> None:
        self._reach = reach
        self._look_up = look_up
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None, socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """A connection to the first of the host's addresses that answers; none if one of them is out of reach."""
        until = clock.monotonic() + (timeout or PATIENCE_S)
        try:
            async with asyncio.timeout(until - clock.monotonic()):
                addresses = await self._look_up(host, port)
        except (OSError, UnicodeError) as error:  # of which a TimeoutError is one
            raise httpcore.ConnectError(str(error)) from error
        out = [address for address in addresses if not self._reach.has_address(address)]
        if out or not self._reach.has_port(port):
            log.warning("%s:%d is not called: %s", host, port, out[0] if out else "the port is not listed")
            raise httpcore.ConnectError("out of reach")
        failed: Exception = httpcore.ConnectError("no address")
        for at, address in enumerate(addresses):
            left = (until - clock.monotonic()) / (len(addresses) - at)
            try:
                return await self._network.connect_tcp(address, port, max(left, 0.0), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


class _Transport(httpx.AsyncHTTPTransport):
    """httpx has no parameter for how it connects; its pool has."""

    def __init__(self, network: Reaching, limits: httpx.Limits) -> None:
        super().__init__(verify=certificates(), trust_env=False, limits=limits)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates(),
            max_connections=limits.max_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=network,
        )


def open_client(
    reach: Reach,
    patience_s: float = PATIENCE_S,
    connections_max: int = CONNECTIONS_MAX,
    look_up: Resolve = resolve,
) -> httpx.AsyncClient:
    """A client that calls what is within reach, follows no redirect, asks no proxy and keeps no cookie."""
    limits = httpx.Limits(max_connections=connections_max)
    return httpx.AsyncClient(
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tenor"},
        cookies=NoCookies(),
        follow_redirects=False,
        trust_env=False,
        timeout=patience_s,
        transport=_Transport(Reaching(reach, look_up), limits),
    )


@cache
def certificates() -> ssl.SSLContext:
    """Whom we trust. Reading it takes 50 ms and a megabyte, so all clients share it."""
    return httpx.create_ssl_context(trust_env=False)


async def exchange(
    client: httpx.AsyncClient, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
) -> tuple[int, bytes] | None:
    """The status and body that a request was answered with; None where nothing was heard, or too much.

    It tells for which request of ours it is sent (`traceparent`).
    """
    try:
        with calling(method, url) as carried:
            async with client.stream(method, url, content=content, headers=dict(headers) | carried) as response:
                body = b""
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > BYTES_MAX:
                        return None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # the last: of a name that IDNA refuses
        return None
    return response.status_code, body
