"""The messenger: the operator's own sender of messages, which brings a consumer the code that they are to answer with.

    POST TENOR_MESSENGER_URL      Authorization: Bearer TENOR_MESSENGER_KEY

    {"id": "at_...", "to": {"kind": "phone", "value": "+49 30 901820"}, "code": "493021", "amount": 60000,
     "currency": "EUR", "payee": "Bahnhof Books", "expires_at": "2026-03-02T12:10:00Z"}

Any 2xx says that it was taken. It writes the words itself, in the consumer's language, and names payee and amount. An
address is passed on, and kept nowhere: it is compared with what the merchant has verified.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from service.errors import Code, Refused
from service.http_client import exchange, open_client
from service.reach import Reach


class Recipient(Struct, frozen=True):
    """Where a message goes: a telephone or a mailbox."""

    kind: str
    value: str


class Message(Struct, frozen=True, rename={"authentication_id": "id"}):
    """A code, and what the consumer agrees to with it. Minor units."""

    authentication_id: str
    to: Recipient
    code: str
    amount: int
    currency: str
    payee: str
    expires_at: datetime


class Messenger:
    """One for each process."""

    def __init__(self, url: str | None, key: str, reach: Reach) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._client = open_client(reach)

    def require(self) -> str:
        """Its address. Refused: NO_CONTACT, where the operator has none."""
        if self._url is None:
            raise Refused(Code.NO_CONTACT, "No messenger brings codes here; ask for a passkey.", "/by")
        return self._url

    async def send(self, message: Message) -> None:
        """Hands a message over. Refused: UNAVAILABLE, where nobody is known to have taken it."""
        heard = await exchange(self._client, "POST", self.require(), self._headers, msgspec.json.encode(message))
        if heard is None or not 200 <= heard[0] < 300:
            raise Refused(Code.UNAVAILABLE, "The code could not be sent; ask for another authentication.")

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()
