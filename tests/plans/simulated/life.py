"""A consumer's life by chance: plans are opened, and things happen to them, each looked at from every side.

    Simulated(seed).live()

The merchant of every second seed is not believed: what it says was paid stays on the account until somebody proves it.

The same seed is the same life. What breaks is told with the seed and with all steps up to it. That all facts at once
make the same bytes as step by step is proved at the end of each life, in a tenth of them after every step.
"""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
from msgspec.structs import replace

from service.errors import Refused
from service.limits.account import Account
from service.partners.ownership import TransferReason
from service.plans.authorize import Authorize
from service.plans.book import Book, Change, Command, HeldWord, PlanCommand
from service.plans.bookkeeping import booked
from service.plans.books import needs_facts
from service.plans.flow import in_time
from service.plans.happening import today_of
from service.plans.money_back import ReturnPayment
from service.plans.ownership import changed_hands
from service.plans.payment import RecordPayment
from service.plans.permission import permitted_scenario
from service.plans.plan import Plan, view
from service.plans.reading_store import decode_fact, fold, paid_of
from service.plans.running.kept import keep, recall
from service.plans.running.versions import in_order, lines_of, standing_after
from service.plans.state import has_ended
from tests.plans.lives import MERCHANT_ACTS, NOON, PERSON, new_id
from tests.plans.simulated.asked import Now, Step
from tests.plans.simulated.equations import EQUATIONS
from tests.plans.simulated.funded import any_funding, any_transfer
from tests.plans.simulated.products import any_agreement
from tests.plans.simulated.seen import Seen
from tests.plans.simulated.steps import any_command

PLANS_MAX, STEPS_MAX = 3, 10
EVERY_STEP_OF = 10  # lives, one is proved after every step


class Broken(AssertionError):
    """Something that must hold does not."""


class Simulated:
    """One consumer, a few plans, and what becomes of them. `at_every_step` proves them after each; None: by chance."""

    def __init__(self, seed: int, *, at_every_step: bool | None = None) -> None:
        self.seed, self.chance, self.now = seed, Random(seed), NOON
        self.at_every_step = seed % EVERY_STEP_OF == 0 if at_every_step is None else at_every_step
        self.account = Account(7, PERSON, "EUR", 1_000_00)
        self.is_believed = seed % 2 == 0
        self.proofs = Random(f"proofs {seed}")  # a chance of its own, so that a life is the same whoever is believed
        self.held: list[HeldWord] = []  # what merchants said was paid, and nobody has proved
        self.plans: dict[str, Seen] = {}
        self.kept: dict[str, bytes] = {}  # each plan's standing, as it is stored
        self.steps: list[str] = []

    def live(self) -> "Simulated":
        """All of it."""
        self._open()
        for _ in range(self.chance.randint(2, STEPS_MAX)):
            self._wait()
            self._prove_words()
            if not self.plans or (len(self.plans) < PLANS_MAX and self.chance.random() < 0.05):
                self._open()
            elif self.chance.random() < 0.05:
                self._change_hands(self._any_plan())
            else:
                self._go_on(self._any_plan())
        for seen in self.plans.values():
            self._prove(seen)
        return self

    def _any_plan(self) -> Seen:
        """Mostly one that has not ended."""
        plans = list(self.plans.values())
        running = [seen for seen in plans if not has_ended(seen.plan.state)]
        return self.chance.choice(running if running and self.chance.random() < 0.9 else plans)

    def _wait(self) -> None:
        """Not long while nothing was captured yet: an authorization ends soon."""
        is_new = any(seen.plan.remaining and not seen.lines for seen in self.plans.values())
        days = (0, 0, 0, 1, 6) if is_new else (0, 0, 1, 7, 14, 30, 40)
        self.now += timedelta(days=self.chance.choice(days), hours=self.chance.randint(0, 3))

    def _open(self) -> None:
        agreed = replace(any_agreement(self.chance))
        offer = replace(agreed.offer, expires_at=self.now + timedelta(hours=1))
        funding = any_funding(Random(offer.amount))
        agreed = replace(agreed, offer=offer, takers=(funding,) if funding.participations else ())
        command = Authorize(command_id=new_id("cm"), actor=MERCHANT_ACTS, offer_id=offer.offer_id)
        self.steps.append(f"{self.now.date()} authorize plan {len(self.plans) + 1}: {_said(offer.kind, offer)}")
        permitted = "pm_1" if permitted_scenario(offer) and self.chance.random() < 0.5 else None
        self._try(command, Book(self.account, agreement=agreed, permission_id=permitted))

    def _go_on(self, seen: Seen) -> None:
        plan = seen.plan
        step = any_command(Now(self.chance, seen, today_of(plan, self.now)))
        if step.verb is RecordPayment:
            step.arguments["is_believed"] = self.is_believed
        command = step.verb(command_id=new_id("cm"), actor=step.actor, plan_id=plan.plan_id, **step.arguments)
        self.steps.append(f"{self.now.date()} {self._told(seen, step)}")
        known = [paid_of(one.fact, one.reference) for one in seen.recorded]
        book = Book(self.account, self._loaded(seen, command), tuple(notice for notice in known if notice))
        self._try(command, book)

    def _change_hands(self, seen: Seen) -> None:
        """A participation is sold or bought back at the close of a day that has ended, as its plan stood then."""
        plan, today = seen.plan, today_of(seen.plan, self.now)
        transfer = any_transfer(self.chance, plan, today)
        if transfer is None:
            return
        terms = plan.offer.terms
        known = [one.fact for one in seen.recorded if one.fact.on <= transfer.settlement_on]
        sold = changed_hands(plan, standing_after(terms, in_order(terms, known)), transfer)
        number = list(self.plans).index(plan.plan_id) + 1
        words = f"{transfer.kind} plan {number} {transfer.seller_id} to {transfer.buyer_id} on {transfer.settlement_on}"
        self.steps.append(f"{self.now.date()} {words}")
        if isinstance(sold, TransferReason):
            self.steps[-1] += f" -> {sold}"
            return
        seen.plan = sold
        seen.book(booked(plan, sold))
        seen.sum_up()
        self._look(seen)

    def _loaded(self, seen: Seen, command: PlanCommand) -> Plan:
        """The plan as a lane would read it: its standing from bytes, its facts only where they are needed."""
        plan = seen.plan
        standing = recall(self.kept[plan.plan_id], plan.offer.terms)
        assert standing is not None
        loaded = replace(plan, standing=standing)
        if needs_facts(loaded, [command], self.now):
            standing.done = in_order(plan.offer.terms, [one.fact for one in seen.recorded])
        return loaded

    def _try(self, command: Command, book: Book) -> None:
        before = self.kept[book.plan.plan_id] if book.plan else b""
        try:
            change = in_time(command, book, self.now)
        except Refused as refused:
            self.steps[-1] += f" -> {refused.code}: {refused.detail}"
            self._require("refusals are sentences", refused.detail[-1], ".")
            if isinstance(command, RecordPayment):
                self._require("money is not refused", refused.code in ("duplicate_payment", "invalid_field"), True)
            if isinstance(command, ReturnPayment):
                self._require("what bounced is not refused", refused.code in ("not_found", "state_forbids"), True)
        except Exception as error:
            raise Broken(self._report(f"{type(error).__name__}: {error}")) from error
        else:
            self._keep(change)
        if book.plan:
            self._require("nothing else has changed", keep(book.plan.standing), before)

    def _prove_words(self) -> None:
        """Somebody has seen the money of a payment come."""
        if self.held and self.proofs.random() < 0.3:
            proved = self.held.pop(self.proofs.randrange(len(self.held)))
            self.account = replace(self.account, used=self.account.used - proved.amount)
            self.steps.append(f"{self.now.date()} a payment is proved, and {proved.amount} are free")
            self._look_at_the_account()

    def _keep(self, change: Change) -> None:
        if change.held is not None:
            named = change.held.payment_id
            paid = next(moved for moved in change.moved if any(one.fact.id == named for one in moved.facts))
            assert paid.before is not None
            freed = paid.before.amounts.used - paid.plan.amounts.used
            self._require("a word is held for what it would free", change.held.amount, freed)
            self.held.append(change.held)
        self.account = change.account
        for moved in change.moved:
            plan = moved.plan
            seen = self.plans.setdefault(plan.plan_id, Seen(plan))
            seen.plan, seen.before, seen.lines = plan, moved.before, lines_of(plan.standing)
            for one in moved.facts:
                stored = msgspec.json.encode(one.fact)
                seen.recorded.append(replace(one, fact=decode_fact(stored)))
            self._require("transfers are positive", all(one.amount > 0 for one in moved.transfers), True)
            seen.book(moved.transfers)
            seen.sum_up()
            self.kept[plan.plan_id] = keep(plan.standing)
            self._look(seen)
            if self.at_every_step:
                self._prove(seen)
        self._look_at_the_account()

    def _look(self, seen: Seen) -> None:
        for equation in EQUATIONS:
            self._require(equation.__name__, *equation(seen))

    def _look_at_the_account(self) -> None:
        amounts = [seen.plan.amounts for seen in self.plans.values()]
        told = self.account.reserved, self.account.used
        used = sum(one.used for one in amounts) + sum(one.amount for one in self.held)
        self._require("exposure", told, (sum(one.reserved for one in amounts), used))

    def _prove(self, seen: Seen) -> None:
        """All facts at once are where it stands, step by step and through bytes; and it can be shown."""
        plan = seen.plan
        at_once = fold(plan.offer.terms, seen.recorded)
        self._require("at once is step by step", keep(at_once), self.kept[plan.plan_id])
        view(plan, today_of(plan, self.now))

    def _require(self, name: str, told: Any, right: Any) -> None:
        if told != right:
            raise Broken(self._report(f"{name.replace('_', ' ')}: {told} is not {right}"))

    def _report(self, sentence: str) -> str:
        return "\n".join([f"seed {self.seed}: {sentence}", *self.steps])

    def _told(self, seen: Seen, step: Step) -> str:
        names = {one.fact.id: f"fact {one.number}" for one in seen.recorded}
        arguments = {name: names.get(str(value), value) for name, value in step.arguments.items()}
        number = list(self.plans).index(seen.plan.plan_id) + 1
        return f"{step.verb.__name__} plan {number} " + ", ".join(f"{k}={v}" for k, v in arguments.items())


def _said(kind: Any, offer: Any) -> str:
    terms = msgspec.json.encode(offer.terms).decode()
    return f"{kind} {offer.amount} held {offer.held} within {offer.capture_within_days} days, {terms}"
