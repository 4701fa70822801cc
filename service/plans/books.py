"""Loading books: the facts a batch of commands may read, locked in sorted order, and what the commands made of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct, field

from service import ids
from service.db import Connection, Pool, columns
from service.engine.faults import need_all
from service.limits.account import Account
from service.merchants.merchant import TimeAt
from service.packed import unpack, unpacked
from service.partners.allocation import Takers
from service.plans.book import Book, Change, Command, Notice, PlanCommand
from service.plans.days import next_day
from service.plans.locking_store import AccountKey, lock
from service.plans.offer import Agreement, Offer
from service.plans.payment import RecordPayment, same_reference
from service.plans.permission import permitted_scenario
from service.plans.permission_store import Permitted, find_for
from service.plans.plan import Plan, business_day
from service.plans.reading_store import Q, decode_fact, load_history, load_plans, paid_of
from service.plans.subsidy_store import UsedOf, used_for
from service.subsidies.offered import NOBODY
from service.terms.terms import Captures


class Books(Struct):
    """A batch's facts in memory. Commands on one account or plan follow each other here before anything is written.

    `found` and `locked` stay as they were loaded: what differs from them is written.
    """

    accounts: dict[AccountKey, Account] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)  # by offer
    plans: dict[str, Plan] = field(default_factory=dict)
    notices: dict[str, list[Notice]] = field(default_factory=dict)  # by plan
    accepted: set[str] = field(default_factory=set)  # decisions
    used_references: set[tuple[str, str]] = field(default_factory=set)  # merchant, reference
    permitted: Permitted = field(default_factory=dict)
    found: dict[str, Plan] = field(default_factory=dict)
    locked: dict[AccountKey, Account] = field(default_factory=dict)
    used_of: UsedOf = field(default_factory=dict)  # what schemes hold for people
    leases: frozenset[str] = frozenset()  # that are open, of those that money was taken under
    account_rows: dict[AccountKey, str] = field(default_factory=dict)  # read without a lock: who has written the row
    plan_rows: dict[str, str] = field(default_factory=dict)  # the same of plans

    def has_moved(self, account: Account) -> bool:
        """Whether an account is another than it was when it was locked."""
        return account != self.locked.get((account.bucket, account.person_id, account.currency))

    def book_for(self, command: Command) -> Book | None:
        """The book of one command, or None if its target does not exist."""
        if command.loads == "offer":
            agreement = self.agreements.get(command.target)
            if agreement is None:
                return None
            return Book(
                account=self.accounts[_account_key(agreement)],
                agreement=agreement,
                is_accepted=agreement.decision_id in self.accepted,
                permission_id=self._permission_for(agreement),
                open_leases=self.leases,
                used_of_scheme=self.used_of.get(_scheme_and_person(agreement), {}),
                is_reference_used=(agreement.merchant_id, agreement.merchant_reference) in self.used_references,
            )
        plan = self.plans.get(command.target)
        if plan is None:
            return None
        return Book(
            account=self.accounts[_account_key(plan)],
            plan=plan,
            notices=tuple(self.notices.get(plan.plan_id, ())),
            is_reference_used=(
                not plan.takes_reference and (plan.merchant_id, plan.merchant_reference) in self.used_references
            ),
        )

    def _note_subsidy(self, change: Change) -> None:
        """What a plan that was opened holds of a scheme counts for the next of its person."""
        plan, subsidy = change.plan, change.plan.offer.subsidy
        if subsidy is not None and change.moved[-1].before is None:
            of, lender = self.used_of.setdefault((subsidy.scheme_id, plan.person_id), {}), plan.funding.lender
            of[lender] = of.get(lender, NOBODY).more(subsidy.amount, small=subsidy.is_small)

    def _permission_for(self, agreement: Agreement) -> str | None:
        scenario = permitted_scenario(agreement.offer)
        return None if scenario is None else self.permitted.get((agreement.consumer_id, scenario))

    def merchant_of(self, command: Command) -> str | None:
        """Whose plan or offer a command is about; None if its target does not exist."""
        known = self.agreements if command.loads == "offer" else self.plans
        found = known.get(command.target)
        return None if found is None else found.merchant_id

    def fold(self, change: Change) -> None:
        """Makes the change the starting point of the batch's next command."""
        self.accounts[_account_key(change.plan)] = change.account
        self._note_subsidy(change)
        for moved in change.moved:
            plan = moved.plan
            self.plans[plan.plan_id] = plan
            self.accepted.add(plan.decision_id)
            reference = (plan.merchant_id, plan.merchant_reference)
            if plan.takes_reference:
                self.used_references.add(reference)
            else:
                self.used_references.discard(reference)
            for recorded in moved.facts:
                if notice := paid_of(recorded.fact, recorded.reference):
                    self.notices.setdefault(plan.plan_id, []).append(notice)


async def load(conn: Connection, commands: list[Command], now: datetime, time_at: TimeAt) -> Books:
    """Loads and locks what `commands`, asked for at `now` or later, may read; what does not exist is left out."""
    books = Books()
    offers = sorted({command.target for command in commands if command.loads == "offer"})
    plans = sorted({command.target for command in commands if command.loads == "plan"})
    if offers or plans:
        await _lock(conn, books, offers, plans)
    if books.agreements:
        await _load_what_became(conn, books)
        books.permitted = await find_for(conn, books.agreements.values())
        books.used_of = await used_for(conn, books.agreements.values())
    if leases := sorted({lease for command in commands for lease in command.leases}):
        need_all(conn)
        books.leases = frozenset([row["lease_id"] for row in await conn.fetch(Q.hold_leases, leases)])
    if plans:
        await _load_plans(conn, books, plans, commands, now, time_at)
    return books


async def _lock(conn: Connection, books: Books, offers: list[str], plans: list[str]) -> None:
    asked: dict[str, list[str]] = {}
    for offer_id in offers:
        asked.setdefault(ids.origin(ids.DECISION, offer_id), []).append(offer_id)
    for row in await lock(conn, list(asked), plans):
        account = Account(*[row[name] for name in Account.__struct_fields__[:7]])
        books.accounts[account.bucket, account.person_id, account.currency] = account
        for offer_id in asked.get(row["decision_id"], ()):
            if agreement := agreement_of(row, account.person_id, account.currency, offer_id):
                books.agreements[offer_id] = agreement
    books.locked = books.accounts.copy()


async def _load_what_became(conn: Connection, books: Books) -> None:
    agreements = books.agreements.values()
    decisions = [one.decision_id for one in agreements]
    references = [(one.merchant_id, one.merchant_reference) for one in agreements]
    persons = {one.consumer_id: one.person_id for one in agreements}
    for decision_id, merchant_id, reference, consumer_id, person_id in await conn.fetch(
        Q.load_what_became,
        [ids.bucket_of(decision) for decision in decisions],
        decisions,
        *columns(references),
        [ids.bucket_of(consumer) for consumer in persons],
        list(persons),
    ):
        if decision_id is not None:
            books.accepted.add(decision_id)
        elif consumer_id is None:
            books.used_references.add((merchant_id, reference))
        elif person_id != persons[consumer_id]:
            raise _moved()


async def _load_plans(
    conn: Connection, books: Books, plans: list[str], commands: list[Command], now: datetime, time_at: TimeAt
) -> None:
    books.plans = {plan.plan_id: plan for plan in await load_plans(conn, plans)}
    if any(_account_key(plan) not in books.accounts for plan in books.plans.values()):
        raise _moved()
    if past := rewritten(books.plans, [one for one in commands if isinstance(one, PlanCommand)], now, time_at):
        books.plans |= await load_history(conn, past)
    books.found = books.plans.copy()
    await _load_former_references(conn, books)
    if asked := references_of(commands):
        for plan_id, reference, body in await conn.fetch(Q.load_notices, *columns(asked)):
            if notice := paid_of(decode_fact(body), reference):
                books.notices.setdefault(plan_id, []).append(notice)


def references_of(commands: list[Command]) -> list[tuple[int, str, str]]:
    """Bucket, plan and reference of the payments that come with one: the plan may have it already."""
    asked = {
        (ids.bucket_of(command.plan_id), command.plan_id, reference)
        for command in commands
        if isinstance(command, RecordPayment) and (reference := same_reference(command.reference)) is not None
    }
    return sorted(asked)


async def _load_former_references(conn: Connection, books: Books) -> None:
    """Of the references that plans have given free, those that another plan has taken since."""
    free = [(one.merchant_id, one.merchant_reference) for one in books.plans.values() if one.late_capture_until]
    if free:
        for _, merchant_id, reference, *_ in await conn.fetch(Q.load_what_became, [], [], *columns(free), [], []):
            books.used_references.add((merchant_id, reference))


def rewritten(plans: dict[str, Plan], commands: list[PlanCommand], now: datetime, time_at: TimeAt) -> list[Plan]:
    """Of the plans those whose facts are needed."""
    asked: dict[str, list[PlanCommand]] = {}
    for command in commands:
        asked.setdefault(command.plan_id, []).append(command)
    return [
        plan
        for plan_id, plan in plans.items()
        if needs_facts(plan, asked.get(plan_id, ()), time_at(plan.merchant_id, now))
    ]


def needs_facts(plan: Plan, commands: Sequence[PlanCommand], now: datetime) -> bool:
    """Whether the past of a plan may be changed: a fact undone, or one recorded that goes before another."""
    last = plan.standing.last
    if last is None:
        return False
    if plan.standing.terms.captures is Captures.FORESEEN or any(command.rewrites for command in commands):
        return True
    today = business_day(now, plan.offer.time_zone)
    days = [on for command in commands if (on := command.effective_on) is not None]
    if min([today, *days]) < last[1] or (len(commands) > 1 and days):
        return True
    # Nothing that is done as of today goes before what the days until today bring about. A dispute lost is a refund.
    may_rewrite = min([today, *days]) < today or plan.standing.dispute is not None
    if plan.passed_on >= last[1] and not may_rewrite:
        return False
    comes = next_day(plan)  # what it brings about goes before facts that take effect later, and after those before it
    return comes is not None and comes <= today and (comes <= last[1] or may_rewrite)


class _Alternative(Struct):
    offer: msgspec.Raw


class _Answer(Struct):
    """Of a decision's answer, only what may be accepted; each offer undecoded until it is chosen."""

    offers: list[msgspec.Raw]
    alternatives: list[_Alternative]


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_offer = msgspec.json.Decoder(Offer).decode
_decode_takers = msgspec.json.Decoder(Takers).decode


async def read_agreement(pool: Pool, offer_id: str) -> Agreement | None:
    """What an offer agrees to, without a lock: it never changes. None: there is no such offer."""
    decision_id = ids.origin(ids.DECISION, offer_id)
    row = await pool.fetchrow(Q.load_agreement, ids.bucket_of(decision_id), decision_id)
    return None if row is None else agreement_of(row, row["person_id"], row["currency"], offer_id)


def agreement_of(row: Any, person_id: str, currency: str, offer_id: str) -> Agreement | None:
    """What an offer of a logged decision agrees to; None: the decision has no such offer."""
    offer = _find_offer(unpack(row["answer"]), offer_id)
    if offer is None:
        return None
    takers = _decode_takers(unpacked(row["takers"]))
    return Agreement(
        decision_id=row["decision_id"],
        merchant_id=row["merchant_id"],
        consumer_id=row["consumer_id"],
        person_id=person_id,
        merchant_reference=row["merchant_reference"],
        currency=currency,
        offer=offer,
        takers=takers.of(offer_id),
        grade=takers.grade,
    )


def _find_offer(answer: bytes, offer_id: str) -> Offer | None:
    decoded = _decode_answer(answer)
    start = b'{"id":"%b"' % offer_id.encode()
    for raw in (*decoded.offers, *(alternative.offer for alternative in decoded.alternatives)):
        if bytes(raw).startswith(start):
            return _decode_offer(raw)
    return None


def _scheme_and_person(agreement: Agreement) -> tuple[str, str]:
    subsidy = agreement.offer.subsidy
    return subsidy.scheme_id if subsidy else "", agreement.person_id


def _moved() -> asyncpg.SerializationError:
    """Whose account it is has changed while we waited for its lock: the whole batch is to be done again."""
    return asyncpg.SerializationError("two people were made one, or one two, while their account was waited for")


def _account_key(owner: Agreement | Plan) -> AccountKey:
    return (ids.bucket_of(owner.person_id), owner.person_id, owner.currency)
