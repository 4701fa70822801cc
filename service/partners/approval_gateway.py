"""Asking a partner for a plan before it is authorized: all that it is told, and what it may say.

    POST <the url of the programme's `approval`>    Authorization: Bearer <the secret shown when it was agreed>
    {"request_id": "cm_...", "programme_id": "pr_...", "programme_version": 3, "kind": "instalments",
     "currency": "EUR", "amount": 60000, "instalments": 12, "grade": "B", "merchant_id": "me_...", "jurisdiction": "DE"}

    200  {"outcome": "approved"}
    200  {"outcome": "refused"}

`request_id` names the question for good. Nothing is told of who buys. Every other answer is none.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from service import clock
from service.circuit import Circuit
from service.http_client import exchange, open_client
from service.partners.allocation import NotTaken, Opening
from service.partners.funding import Funding
from service.partners.programme_terms import PartnersApproval
from service.reach import Reach


class Question(Struct, frozen=True):
    """All that a partner is told."""

    request_id: str
    programme_id: str
    programme_version: int
    kind: str
    currency: str
    amount: int
    instalments: int
    grade: str
    merchant_id: str
    jurisdiction: str


class Said(StrEnum):
    """What a partner may say."""

    APPROVED = "approved"
    REFUSED = "refused"


class Reply(Struct, frozen=True):
    """A partner's body."""

    outcome: Said


def question_of(request_id: str, funding: Funding, plan: Opening) -> Question:
    """What is asked for a plan."""
    assert funding.programme_id is not None
    return Question(
        request_id, funding.programme_id, funding.programme_version, plan.kind, plan.currency, plan.amount,
        plan.instalments, plan.grade, plan.merchant_id, plan.jurisdiction,
    )  # fmt: skip


class Approvals:
    """One for each process. `secret_of` says by which secret a programme's partner knows us."""

    def __init__(self, secret_of: Callable[[str], str], reach: Reach) -> None:
        self._secret_of = secret_of
        self._client = open_client(reach)
        self._circuits: dict[str, Circuit] = {}

    async def ask(self, where: PartnersApproval, question: Question, patience_s: float) -> NotTaken | None:
        """None: it takes the plan. It is waited for as long as the programme says, and no longer than `patience_s`."""
        circuit = self._circuits.setdefault(question.programme_id, Circuit())
        if patience_s <= 0 or not circuit.enter(_now_ms()):
            return NotTaken.LATE
        headers = {
            "Authorization": f"Bearer {self._secret_of(question.programme_id)}",
            "Content-Type": "application/json",
        }
        heard = None
        try:
            async with asyncio.timeout(min(where.budget_ms / 1000, patience_s)):
                heard = await exchange(self._client, "POST", where.url, headers, _encode(question))
        except TimeoutError:
            pass
        said = None if heard is None or heard[0] != 200 else read_reply(heard[1])
        circuit.heard(said is None, _now_ms())
        if said is None:
            return NotTaken.LATE
        return None if said is Said.APPROVED else NotTaken.REFUSED

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def read_reply(body: bytes) -> Said | None:
    """What a body says; None: nothing that is known."""
    try:
        return _decode(body).outcome
    except (ValueError, RecursionError):
        return None


def _now_ms() -> int:
    return int(clock.monotonic() * 1000)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Reply).decode
