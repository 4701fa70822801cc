"""Gateways: other people's networks behind one method. A real one speaks `report.py`'s protocol over HTTP."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import httpx
import msgspec
from msgspec import Struct

from service.http_client import exchange, open_client
from service.outside import simulator
from service.outside.report import UNAVAILABLE, Query, Report, read_report
from service.outside.source import DataType
from service.reach import Reach

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


class HttpGateway:
    """A gateway behind a URL. No redirect is followed, no proxy asked, no more read than a report may have."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str) -> None:
        self._client = client
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    async def ask(self, query: Query) -> Report:
        """Asks over HTTP."""
        heard = await exchange(self._client, "POST", self._url, self._headers, _encode(query))
        return UNAVAILABLE if heard is None else read_report(query, *heard)


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

    def __init__(self, secret_of: Callable[[str], str], reach: Reach) -> None:
        self.simulator = Simulator()
        self._secret_of = secret_of
        self._client = open_client(reach)

    def open(self, address: Address) -> Gateway:
        """The gateway at an address."""
        if address is SIMULATOR:
            return self.simulator
        return HttpGateway(self._client, address.url, self._secret_of(address.gateway_id))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


_encode = msgspec.json.Encoder().encode
