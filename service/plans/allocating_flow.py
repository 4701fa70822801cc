"""Whose money a plan will be, found before it is authorized: room in budgets, and a partner's word where it is asked.

Who might fund an offer was decided with the offer. Here the first of them is found that has room left now and says yes.
While no programme is limited, nothing is read and nobody is asked.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from service import clock, ids
from service.db import Pool
from service.engine.lane import Engine
from service.engine.work import Answer, Key
from service.errors import Code, Refused
from service.partners.allocation import NotTaken, Opening
from service.partners.approval_gateway import Approvals, question_of
from service.partners.budget import Allocated, Need, is_limited, needs_of
from service.partners.funding import Funding
from service.partners.lease_flow import Leases
from service.partners.programme import Programme
from service.partners.programme_terms import APPROVAL_MS
from service.plans.authorize import Authorize
from service.plans.books import read_agreement
from service.plans.offer import Agreement, Kind
from service.plans.plan import business_day
from service.subsidies.offered import SchemeNow

TRIES: Final = 5  # while what was found is given to others, who are short of it
CLOSED: Final = b'"code":"busy"'
UNKNOWN: Final = b'"code":"outcome_unknown"'


class Allocating:
    """One for each process. `known` gives the programmes and schemes there are now."""

    def __init__(
        self, pool: Pool, engine: Engine, leases: Leases, approvals: Approvals,
        known: Callable[[], tuple[Iterable[Programme], Sequence[SchemeNow]]],
    ) -> None:  # fmt: skip
        self._pool = pool
        self._engine = engine
        self._leases = leases
        self._approvals = approvals
        self._known = known

    async def authorize(self, command: Authorize, key: Key, now: datetime) -> Answer:
        """Opens a plan with the money of the first programme that takes it; see `Authorize` for what is refused."""
        programmes_now, schemes = self._known()
        programmes = {one.programme_id: one for one in programmes_now}
        command = replace(command, suspended=frozenset([one for one in programmes if not programmes[one].active]))
        budgets = {one.scheme_id: one.document.budget for one in schemes if one.document.budget}
        must_find = any(one.active and is_limited(one.terms) for one in programmes.values())
        if not must_find and not budgets:
            return await self._engine.do(replace(command, subsidised=()), key, now, 201)
        reading = self._engine.answered(key), read_agreement(self._pool, command.offer_id)
        before, agreement = await asyncio.gather(*reading)
        if before:
            return before
        for _ in range(TRIES):
            allocated = await self._allocate(command, agreement, programmes, now) if must_find else None
            subsidised = await self._leases.take(_need_of(agreement, budgets))
            found = () if isinstance(subsidised, NotTaken) else subsidised
            answer = await self._authorize(replace(command, allocated=allocated, subsidised=found), key, now)
            if answer is not None:
                return answer
        raise Refused(Code.BUSY, "Room was found and taken by others; send the same request again.")

    async def close(self) -> None:
        """Gives back what was leased."""
        await self._leases.close()
        await self._approvals.close()

    async def _authorize(self, command: Authorize, key: Key, now: datetime) -> Answer | None:
        """None: what its money was taken under was closed, and room is to be found anew.

        Where nobody knows what came of it, nothing is given back here: when the lease expires, what plans took is
        counted.
        """
        uses = command.uses
        try:
            answer = await self._engine.do(command, key, now, 201)
        except Refused:  # it was not even begun
            await self._leases.give_back(uses)
            raise
        if uses and CLOSED in answer.body and answer.is_not_now:
            await self._leases.drop(uses)
            return None
        is_ours = answer.status == 201 and ids.derive(ids.PLAN, command.command_id).encode() in answer.body
        if not is_ours and not (answer.is_not_now and UNKNOWN in answer.body):
            await self._leases.give_back(uses)
        return answer

    async def _allocate(
        self, command: Authorize, agreement: Agreement | None, programmes: dict[str, Programme], now: datetime
    ) -> Allocated | None:  # fmt: skip
        """None: there is nothing to be found, for the offer names nobody, or will be refused."""
        if (
            agreement is None
            or not agreement.takers
            or agreement.merchant_id != command.actor.actor_id
            or now >= agreement.offer.expires_at
        ):
            return None
        plan, until = opening_of(agreement, now), clock.monotonic() + APPROVAL_MS / 1000
        for funding in agreement.takers:
            one = programmes.get(funding.programme_id or "")
            if one is not None and one.active and one.is_covered:
                found = await self._take(command.command_id, one, funding, plan, now, until)
                if isinstance(found, Allocated):
                    return found
        return Allocated(None)

    async def _take(
        self, request_id: str, one: Programme, funding: Funding, plan: Opening, now: datetime, until: float
    ) -> Allocated | NotTaken:
        uses = await self._leases.take(needs_of(one, funding, plan, now))
        if isinstance(uses, NotTaken):
            return uses
        if one.terms.approval is not None:
            question = question_of(request_id, funding, plan)
            says = await self._approvals.ask(one.terms.approval, question, until - clock.monotonic())
            if says is not None:
                await self._leases.give_back(uses)
                return says
        return Allocated(funding, uses)


def _need_of(agreement: Agreement | None, budgets: dict[str, int]) -> tuple[Need, ...]:
    """What an offer takes of the budget of the scheme that bears interest of it; nothing of one that has none."""
    subsidy = agreement.offer.subsidy if agreement else None
    if subsidy is None or not subsidy.is_budgeted or subsidy.scheme_id not in budgets:
        return ()
    most = budgets[subsidy.scheme_id]
    return (Need(subsidy.scheme_id, subsidy.amount, most, NotTaken.CAPACITY, is_subsidy=True),)


def opening_of(agreement: Agreement, now: datetime) -> Opening:
    """The plan that an offer would become."""
    offer = agreement.offer
    amount = offer.waived if offer.kind is Kind.DEPOSIT else offer.amount
    return Opening(
        offer.kind, agreement.currency, amount, offer.terms.instalments, agreement.grade, agreement.merchant_id,
        offer.jurisdiction, business_day(now, offer.time_zone),
    )  # fmt: skip
