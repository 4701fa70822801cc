"""Gateways: other people's networks behind one method. A real one speaks `report.py`'s protocol over HTTP."""

import asyncio
from collections import deque
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any, Final, Protocol

import httpx
import msgspec
from msgspec import Struct

from service.outside import simulator
from service.outside.report import BYTES_MAX, UNAVAILABLE, Query, Report, read_report
from service.outside.source import DataType

CONNECTIONS_MAX: Final = 200
PATIENCE_S: Final = 2.0  # of one step on the wire; how long a checkout waits is for its caller to say
REMEMBERED: Final = 1_000


class Address(Struct, frozen=True):
    """A gateway as an operator registered it: nothing is ever sent anywhere else."""

    gateway_id: str
    name: str
    url: str
    data_types: frozenset[DataType]


SIMULATOR: Final = Address("ga_" + "0" * 26, "simulator", "", frozenset(DataType))  # in a sandbox; nobody registers it


class Gateway(Protocol):
    """Somebody who can be asked."""

    async def ask(self, query: Query) -> Report:
        """What they say: ANSWERED, NO_RECORD or UNAVAILABLE. Raises nothing; may take for ever, and be cancelled."""


class NoCookies(CookieJar):
    """What one consumer's answer sets must not be sent with the next one's question."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Keeps none."""


class HttpGateway:
    """A gateway behind a URL. No redirect is followed, no proxy asked, no more read than a report may have."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str) -> None:
        self._client = client
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    async def ask(self, query: Query) -> Report:
        """Asks over HTTP."""
        try:
            async with self._client.stream(
                "POST", self._url, content=_encode(query), headers=self._headers
            ) as response:
                body = b""
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > BYTES_MAX:
                        return UNAVAILABLE
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # the last: of a name that IDNA refuses
            return UNAVAILABLE
        return read_report(query, response.status_code, body)


class Simulator:
    """The sandbox's gateway, in this process, by the rules of `simulator.py`. It remembers what it was last asked."""

    def __init__(self) -> None:
        self.received: deque[Query] = deque(maxlen=REMEMBERED)

    async def ask(self, query: Query) -> Report:
        """Answers as the served simulator does."""
        self.received.append(query)
        scripted = simulator.answer(query)
        await asyncio.sleep(scripted.after_ms / 1000)
        return read_report(query, scripted.status, scripted.body)


class Gateways:
    """Opens gateways by their address. `secret_of` says by which secret a gateway knows us."""

    def __init__(self, secret_of: Callable[[str], str]) -> None:
        self.simulator = Simulator()
        self._secret_of = secret_of
        self._client = open_client()

    def open(self, address: Address) -> Gateway:
        """The gateway at an address."""
        if address is SIMULATOR:
            return self.simulator
        return HttpGateway(self._client, address.url, self._secret_of(address.gateway_id))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def open_client() -> httpx.AsyncClient:
    """An HTTP client that goes where it is told and nowhere else, and brings nothing along."""
    return httpx.AsyncClient(
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tenor"},
        cookies=NoCookies(),
        follow_redirects=False,
        trust_env=False,
        timeout=PATIENCE_S,
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
    )


_encode = msgspec.json.Encoder().encode
