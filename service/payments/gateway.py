"""Processors over HTTP: one call to pull money, one to ask what has become of it; neither raises."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Final

import httpx
from msgspec import Struct
from msgspec.structs import replace

from service import clock
from service.circuit import Circuit
from service.http_client import exchange, open_client
from service.payments import hold_protocol, payback_protocol, processor, stripe, stripe_holds, stripe_paybacks
from service.payments.charge import Charge
from service.payments.hold import UNHEARD_HOLD, HeardHold, Hold, HoldSaid, HoldState
from service.payments.payback import UNHEARD_PAYBACK, HeardPayback, Payback, PaybackSaid, PaybackState
from service.payments.processor import UNHEARD, Address, Call, Heard, Protocol, Said
from service.reach import Reach

Make = Callable[[Charge, str], Call]
Read = Callable[[Charge, int, bytes], Heard]


class Speech(Struct, frozen=True):
    """How a protocol says and understands it."""

    pull: Make
    read_pulled: Read
    ask: Make
    read_asked: Read


SPEECHES: Final[dict[Protocol, Speech]] = {
    Protocol.TENOR: Speech(processor.pull, processor.read_reply, processor.ask, processor.read_reply),
    Protocol.STRIPE: Speech(stripe.pull, stripe.read_pulled, stripe.ask, stripe.read_asked),
}


class HoldSpeech(Struct, frozen=True):
    """How a protocol says what is done with a hold, and understands what is answered to any of it."""

    hold: Callable[[Hold, str], Call]
    capture: Callable[[Hold, str], Call]
    release: Callable[[Hold, str], Call]
    ask: Callable[[Hold, str], Call]
    read: Callable[[Hold, int, bytes], HeardHold]


HOLD_SPEECHES: Final[dict[Protocol, HoldSpeech]] = {
    Protocol.TENOR: HoldSpeech(
        hold_protocol.hold, hold_protocol.capture, hold_protocol.release, hold_protocol.ask, hold_protocol.read
    ),
    Protocol.STRIPE: HoldSpeech(
        stripe_holds.hold, stripe_holds.capture, stripe_holds.release, stripe_holds.ask, stripe_holds.read
    ),
}


class PaybackSpeech(Struct, frozen=True):
    """How a protocol says that something is paid back, and understands what is answered."""

    pay_back: Callable[[Payback, str], Call]
    ask: Callable[[Payback, str], Call]
    read: Callable[[Payback, int, bytes], HeardPayback]
    find: Callable[[Payback, str], Call] | None = None  # for its own name of what the money came by, if it goes by that
    read_found: Callable[[Payback, int, bytes], str] | None = None  # empty: it was not found


PAYBACK_SPEECHES: Final[dict[Protocol, PaybackSpeech]] = {
    Protocol.TENOR: PaybackSpeech(payback_protocol.pay_back, payback_protocol.ask, payback_protocol.read),
    Protocol.STRIPE: PaybackSpeech(
        stripe_paybacks.pay_back, stripe_paybacks.ask, stripe_paybacks.read, stripe_paybacks.find,
        stripe_paybacks.read_found,
    ),
}  # fmt: skip

PATIENCE_S: Final = 8.0  # a bank may think for seconds; who waits longer asks again


class Processors:
    """Those that are registered, by their ids, and the connections to them. One for each process.

    `secret_of` says by which secret a processor knows us; empty: nothing is sent. One that fails three times in a row
    is left alone for some seconds: what it was to be told stays pending, and is asked about later.
    """

    def __init__(
        self, addresses: Callable[[], Mapping[str, Address]], secret_of: Callable[[Address], str], reach: Reach
    ) -> None:
        self.patience_s = PATIENCE_S
        self._addresses = addresses
        self._secret_of = secret_of
        self._reach = reach
        self._idle: dict[str, list[httpx.AsyncClient]] = defaultdict(list)  # by processor, each of one connection
        self._circuits: dict[str, Circuit] = {}

    def named(self, name: str) -> Address | None:
        """The processor that instruments mean by a name."""
        return next((one for one in self._addresses().values() if one.name == name and not one.is_retired), None)

    async def pull(self, charge: Charge) -> Heard:
        """Asks for the money. Sent again it pulls nothing more: the charge's id is the idempotency key."""
        return await self._call(charge, lambda speech: (speech.pull, speech.read_pulled))

    async def ask(self, charge: Charge) -> Heard:
        """Asks what has become of a charge, and for the money where the processor has never heard of it."""
        heard = await self._call(charge, lambda speech: (speech.ask, speech.read_asked))
        return await self.pull(charge) if heard.said is Said.NO_CHARGE else heard

    async def follow_hold(self, hold: Hold) -> HeardHold:
        """Asks for what a hold waits for: to be made, taken of, let go. Sent again, each does nothing more."""
        address = self._addresses().get(hold.processor_id)
        if address is None:
            return UNHEARD_HOLD
        speech = HOLD_SPEECHES[address.protocol]
        ways = {HoldState.CAPTURING: speech.capture, HoldState.RELEASING: speech.release}
        return await self._of_hold(hold, ways.get(hold.state, speech.hold), speech.read)

    async def ask_hold(self, hold: Hold) -> HeardHold:
        """Asks how a hold stands; what it waits for is asked for where the processor has not done it."""
        address = self._addresses().get(hold.processor_id)
        if address is None:
            return UNHEARD_HOLD
        speech = HOLD_SPEECHES[address.protocol]
        heard = await self._of_hold(hold, speech.ask, speech.read)
        undone = HoldSaid.NO_HOLD if hold.state is HoldState.ASKED else HoldSaid.HELD
        return await self.follow_hold(hold) if heard.said is undone else heard

    async def _of_hold(
        self, hold: Hold, make: Callable[[Hold, str], Call], read: Callable[[Hold, int, bytes], HeardHold]
    ) -> HeardHold:
        answer = await self.send(hold.processor_id, lambda secret: make(hold, secret))
        return UNHEARD_HOLD if answer is None else read(hold, *answer)

    async def pay_back(self, payback: Payback) -> HeardPayback:
        """Asks that it is paid back. Sent again it pays nothing more: the payback's id is the idempotency key."""
        return await self._of_payback(payback, lambda speech: speech.pay_back)

    async def ask_payback(self, payback: Payback) -> HeardPayback:
        """Asks how a payback stands, and that it is paid where the processor has never heard of it."""
        heard = await self._of_payback(payback, lambda speech: speech.ask)
        if heard.said is PaybackSaid.NO_PAYBACK and payback.state is PaybackState.PENDING:
            return await self.pay_back(payback)
        return heard

    async def _of_payback(
        self, payback: Payback, way: Callable[[PaybackSpeech], Callable[[Payback, str], Call]]
    ) -> HeardPayback:
        address = self._addresses().get(payback.processor_id)
        if address is None:
            return UNHEARD_PAYBACK
        speech = PAYBACK_SPEECHES[address.protocol]
        find, read_found = speech.find, speech.read_found
        if not payback.payment and find is not None and read_found is not None:
            found = await self.send(payback.processor_id, lambda secret: find(payback, secret))
            named = "" if found is None else read_found(payback, *found)
            if not named:
                return UNHEARD_PAYBACK
            payback = replace(payback, payment=named)
        answer = await self.send(payback.processor_id, lambda secret: way(speech)(payback, secret))
        return UNHEARD_PAYBACK if answer is None else speech.read(payback, *answer)

    def speaking(self, protocol: Protocol) -> list[str]:
        """The ids of those that are spoken to so and whose secret we have, in use or retired."""
        return [
            one.processor_id for one in self._addresses().values() if one.protocol is protocol and self._secret_of(one)
        ]

    async def send(self, processor_id: str, make: Callable[[str], Call]) -> tuple[int, bytes] | None:
        """Any other call that a protocol has, made of the secret; its status and body. None: it was not heard."""
        address = self._addresses().get(processor_id)
        circuit = self._circuits.setdefault(processor_id, Circuit())
        if address is None or not (secret := self._secret_of(address)) or not circuit.enter(_monotonic_ms()):
            return None
        call = make(secret)
        answer = await self._exchange(processor_id, call, f"{address.url.removesuffix('/')}/{call.path}")
        circuit.heard(answer is None, _monotonic_ms())
        return answer

    async def close(self) -> None:
        """Closes the connections."""
        for client in chain.from_iterable(self._idle.values()):
            await client.aclose()

    async def _call(self, charge: Charge, way: Callable[[Speech], tuple[Make, Read]]) -> Heard:
        address = self._addresses().get(charge.processor_id)
        if address is None:
            return UNHEARD
        make, read = way(SPEECHES[address.protocol])
        answer = await self.send(charge.processor_id, lambda secret: make(charge, secret))
        return UNHEARD if answer is None else read(charge, *answer)

    async def _exchange(self, processor_id: str, call: Call, url: str) -> tuple[int, bytes] | None:
        """On a connection that nobody uses. A client with many looks at all of them for each request, which costs
        as much as the request.
        """
        idle = self._idle[processor_id]
        client = idle.pop() if idle else open_client(self._reach, self.patience_s, connections_max=1)
        try:
            return await exchange(client, call.method, url, call.headers, call.content)
        finally:
            idle.append(client)


def _monotonic_ms() -> int:
    return int(clock.monotonic() * 1000)
