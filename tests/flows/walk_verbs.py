"""What each verb does to a plan of the model, or what it is refused with: rules in the order in which they speak."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from tests.flows.walk_facts import Fact, Refusal, in_order
from tests.flows.walk_model import ENDED, Bill, Plan

WITHOUT_A_CAPTURE = {
    "paid", "sent_back", "charged_back", "refunded", "captured", "given_back", "amended", "extended",
}  # fmt: skip
FEW = 1_00
STAYS = {"amended", "given_back", "claim_closed", "subsidy_returned"}
RESTS_ON_A_WORD = {"extended", "captured", "use_started"}  # of the consumer


@dataclass(frozen=True)
class Asked:
    """A request: its body with names for ids, when it is made, and how the walk will call the fact it records."""

    body: dict[str, Any]
    now: datetime
    today: date
    name: str
    by_operator: bool = False

    def get(self, word: str, otherwise: Any = None) -> Any:
        """A field of the body."""
        return self.body.get(word, otherwise)

    def day(self, word: str) -> date | None:
        """A day of the body."""
        said = self.body.get(word)
        return None if said is None else date.fromisoformat(said)

    def fact(self, kind: str, amount: int = 0, on: date | None = None, undoes: str = "", **more: Any) -> Fact:
        """A fact that this request records."""
        return Fact(kind, on or self.today, self.today, self.name, amount, more, undoes)


Verb = Callable[[Plan, Asked], None]


def refuse_if(condition: object, code: str = "state_forbids") -> None:
    """Refusal, where it is so."""
    if condition:
        raise Refusal(code)


def shape(verb: str, body: dict[str, Any]) -> None:
    """What is wrong with a body, whatever plan it is for."""
    refuse_if(body.get("instalments", 2) < 2 and verb == "convert", "invalid_field")
    least = 0 if verb in ("capture", "captures/lower", "claims", "claims/decide") else 1
    amount = body.get("amount")
    refuse_if(amount is not None and amount < least, "invalid_field")
    refuse_if(any(one.get("amount", 1) < 1 for one in body.get("lines", ())), "invalid_field")
    refuse_if(body.get("days") is not None and body["days"] < 1, "invalid_field")
    refuse_if(body.get("capture") is not None and body["capture"] < 1, "invalid_field")
    items = body.get("items", ())
    total = sum(one["amount"] for one in items) - sum(one["amount"] for one in body.get("discounts", ()))
    refuse_if(items and total != amount, "amount_mismatch")


# What is left of an authorization -----------------------------------------------------------------------------------


def _must_be_open(plan: Plan, now: datetime) -> None:
    refuse_if(not plan.stand.remaining)
    grace = timedelta(plan.agreed.leeway["late_capture_grace_days"])
    refuse_if(now > plan.capture_until + (plan.ends_at - plan.capture_by) + grace)


def _must_have_room(plan: Plan, before: Plan) -> None:
    """What is promised and owed more must have room on the limit; fees make the model unsure to some cents."""
    promised = plan.stand.reserved - before.stand.reserved
    (least, most), (least_before, most_before) = plan.stand.used, before.stand.used
    low, high = promised + least - most_before, promised + most - least_before
    if plan.stand.fees == before.stand.fees == 0 and plan.stand.shown is None:
        low = high = promised + most - most_before
    refuse_if(low > max(0, before.limit_room[1]), "limit_exceeded")
    if high > max(0, before.limit_room[0]):
        plan.unsure.add("limit_exceeded")


def normal(reference: str | None) -> str | None:
    return None if reference is None else " ".join(reference.casefold().split())


def _must_be_new(plan: Plan, reference: str | None) -> None:
    known = {normal(bill.reference) for bill in plan.standing_bills} - {None}
    refuse_if(normal(reference) in known, "duplicate_capture")


def capture(plan: Plan, asked: Asked) -> None:
    """Goods are shipped, or the use has ended."""
    amount, kind, before = asked.get("amount"), plan.agreed.kind, plan.copy()
    refuse_if(kind == "deposit" or plan.waits)
    refuse_if(plan.agreed.use.get("evidence") and amount and not asked.get("evidence"), "invalid_field")
    _must_be_new(plan, asked.get("reference"))
    anew, late = 0, plan.late_until
    if late is None or asked.now > late or not amount:
        _must_be_open(plan, asked.now)
    else:
        anew = plan.stand.given_back
    left, agreed = anew or plan.stand.remaining, plan.stand.agreed or plan.agreed.amount
    tolerated = (agreed * plan.agreed.leeway["capture_tolerance_bps"] + 5_000) // 10_000
    tolerated = max(0, tolerated - (plan.amount - agreed))
    refuse_if(amount > left + tolerated, "amount_exceeds_authorized")
    final = asked.get("final", False) or kind == "pay_after_use"
    refuse_if(not amount and not final, "invalid_field")
    more = {"beyond": max(0, amount - left), "anew": min(anew, amount), "final": final}
    plan.happens(asked.fact("captured", amount, **more))
    lines = tuple(one["amount"] for one in asked.get("items", ()))
    lines += tuple(-one["amount"] for one in asked.get("discounts", ()))
    bill = Bill(len(plan.bills) + 1, amount, asked.today, asked.name, asked.get("reference"), lines)
    plan.bills.append(bill)
    _must_have_room(plan, before)


def reverse(plan: Plan, asked: Asked) -> None:
    """A capture was a mistake, on its own day."""
    before, number = plan.copy(), asked.get("capture")
    refuse_if(plan.agreed.kind == "deposit")
    refuse_if(number > len(plan.bills), "not_found")
    bill = plan.bills[number - 1]
    refuse_if(bill.is_reversed or bill.on != asked.today or plan.stand.refunded_of.get(number))
    refuse_if([fact for fact in _since(plan, bill.fact) if fact.kind not in WITHOUT_A_CAPTURE])
    if plan.stand.is_rescheduled:
        plan.unsure.add("state_forbids")
    try:
        plan.happens(asked.fact("reversed", undoes=bill.fact))
    except Refusal:
        raise Refusal("state_forbids") from None
    plan.bills[number - 1] = replace(bill, is_reversed=True)
    _must_have_room(plan, before)


def lower_capture(plan: Plan, asked: Asked) -> None:
    """A bill was too high."""
    number, amount = asked.get("capture"), asked.get("amount")
    refuse_if(number > len(plan.bills), "not_found")
    bill = plan.bills[number - 1]
    refuse_if(bill.is_reversed)
    less = bill.amount - plan.stand.refunded_of.get(number, 0) - amount
    refuse_if(less <= 0, "amount_exceeds_outstanding")
    plan.happens(asked.fact("refunded", less, lowers=[(number, less)]))


def _since(plan: Plan, name: str) -> list[Fact]:
    """The facts after one that still stand."""
    undone, facts = {fact.undoes for fact in plan.facts}, in_order(plan.facts)
    place = [fact.name for fact in facts].index(name)
    return [fact for fact in facts[place + 1 :] if not fact.undoes and (not fact.name or fact.name not in undone)]


def void(plan: Plan, asked: Asked) -> None:
    """The merchant will not capture the rest."""
    refuse_if(not plan.stand.remaining or (plan.stand.used_from and plan.standing_bills))
    plan.give_back(asked.today, "voided", asked.name)


def amend(plan: Plan, asked: Asked) -> None:
    """Another amount."""
    amount, before = asked.get("amount"), plan.copy()
    refuse_if(plan.agreed.kind == "deposit")
    _must_be_open(plan, asked.now)
    voided = plan.stand.given_back + plan.stand.held_back
    refuse_if(amount == plan.amount or amount < plan.stand.all_captured + voided)
    refuse_if(not plan.agreed.least <= amount <= plan.agreed.most, "impossible_terms")
    plan.happens(asked.fact("amended", amount))
    _must_have_room(plan, before)
    refuse_if(plan.is_overdue and amount > before.amount, "not_approved")


def top_up(plan: Plan, asked: Asked) -> None:
    """A deposit must cover more: waived by its share as far as the limit has room, held for the rest."""
    amount, stand, before = asked.get("amount"), plan.stand, plan.copy()
    refuse_if(plan.agreed.kind != "deposit")
    _must_be_open(plan, asked.now)
    deposit = plan.amount + amount
    refuse_if(deposit > plan.agreed.most, "impossible_terms")
    share = (deposit * plan.agreed.waived_bps + 5_000) // 10_000 - stand.authorized
    least, most = (max(0, min(share, amount, room)) for room in plan.limit_room)
    refuse_if(least != most, "unsure")
    waived = stand.authorized + most
    plan.happens(asked.fact("amended", waived, held=deposit - waived))
    _must_have_room(plan, before)
    refuse_if(plan.is_overdue, "not_approved")


def extend(plan: Plan, asked: Asked) -> None:
    """It lasts longer."""
    left, days = plan.extendable, asked.get("days")
    refuse_if(not plan.stand.remaining or asked.now > plan.capture_by or not left)
    refuse_if(days is not None and days > left, "impossible_terms")
    plan.happens(asked.fact("extended", days or left))


def confirm(plan: Plan, asked: Asked) -> None:
    """The consumer agrees to the order."""
    refuse_if(plan.stand.confirmed_at is not None or not plan.waits_for_consumer)
    _must_be_open(plan, asked.now)
    plan.happens(asked.fact("confirmed", at=asked.now))


def authenticate(plan: Plan, asked: Asked) -> None:
    """The consumer proves that it is they who agree to the amount."""
    refuse_if(not plan.stand.remaining or not plan.must_prove)
    _must_be_open(plan, asked.now)
    plan.unsure.add("authentication_ended")  # they were asked too often
    plan.happens(asked.fact("confirmed", at=asked.now, proved=plan.amount))


def start_use(plan: Plan, asked: Asked) -> None:
    """The consumer has the goods."""
    refuse_if(plan.agreed.kind == "instalments")
    _must_be_open(plan, asked.now)
    refuse_if(plan.waits or plan.stand.claim is not None or plan.stand.used_from)
    at = _instant(asked)
    refuse_if(at < plan.opened_at, "invalid_field")
    plan.happens(asked.fact("use_started", at=at))


def end_use(plan: Plan, asked: Asked) -> None:
    """They have given them back."""
    begun = plan.stand.used_from
    if begun is None or not plan.stand.remaining or plan.stand.used_until:
        raise Refusal("state_forbids")
    at = _instant(asked)
    refuse_if(at < begun, "invalid_field")
    plan.happens(asked.fact("use_ended", at=at))


def _instant(asked: Asked) -> datetime:
    at = asked.get("at")
    said = asked.now if at is None else datetime.fromisoformat(at)
    refuse_if(said > asked.now, "invalid_field")
    return said


# A deposit -----------------------------------------------------------------------------------------------------------


def claim(plan: Plan, asked: Asked) -> None:
    """Something is missing or broken."""
    amount, final, days = asked.get("amount"), asked.get("final", True), plan.serving("contest_days", 0)
    refuse_if(plan.agreed.kind != "deposit")
    _must_be_open(plan, asked.now)
    _must_be_new(plan, asked.get("reference"))
    refuse_if(amount > plan.stand.remaining, "amount_exceeds_authorized")
    refuse_if(not amount and not final, "invalid_field")
    reference = asked.get("reference")
    if days and amount:
        until = asked.today + timedelta(days)
        plan.happens(asked.fact("claim_made", amount, until=until, final=final, reference=reference))
        return
    plan.take(amount, final, asked.today, asked.today, asked.name, reference)


def contest(plan: Plan, asked: Asked) -> None:
    """The consumer says that it is not so."""
    plan.happens(asked.fact("claim_contested"))


def lower(plan: Plan, asked: Asked) -> None:
    """The merchant claims less."""
    plan.happens(asked.fact("claim_lowered", asked.get("amount")))


def withdraw_claim(plan: Plan, asked: Asked) -> None:
    """The merchant claims it no longer."""
    plan.happens(asked.fact("claim_closed"))


def decide_claim(plan: Plan, asked: Asked) -> None:
    """The lender says how much is taken."""
    made, amount = plan.stand.claim, asked.get("amount")
    if made is None or (not made.is_contested and asked.today <= made.until):
        raise Refusal("state_forbids")
    refuse_if(amount > made.amount, "amount_exceeds_authorized")
    plan.settle_claim(amount, asked.today, asked.today, asked.name)


def release(plan: Plan, asked: Asked) -> None:
    """All or a part goes back, the held part first."""
    refuse_if(plan.agreed.kind != "deposit" or not plan.stand.remaining)
    said = asked.get("amount")
    amount = plan.stand.remaining if said is None else said
    refuse_if(amount > plan.stand.remaining, "amount_exceeds_authorized")
    from_held = min(amount, plan.stand.held)
    plan.happens(asked.fact("given_back", amount - from_held, from_held=from_held, why="released"))


def withdraw(plan: Plan, asked: Asked) -> None:
    """The consumer withdraws from the credit, within 14 days by German law."""
    stand, said = plan.stand, asked.day("on")
    refuse_if(plan.agreed.kind == "deposit" or stand.given_up or stand.is_withdrawn)
    refuse_if(not (stand.lent or stand.remaining))
    on = said or asked.today
    refuse_if(not plan.opened_on <= on <= asked.today, "invalid_field")
    refuse_if(on > plan.opened_on + timedelta(14))
    _may_stand_in_its_way(plan)
    if plan.stand.is_rescheduled:
        plan.unsure.add("state_forbids")  # it is of a day before a change of the schedule that is in effect
    lent = [bill.on for bill in plan.standing_bills if bill.amount]
    plan.happens(asked.fact("withdrawn", on=max([on, *lent])))


# The schedule --------------------------------------------------------------------------------------------------------


def reschedule(plan: Plan, asked: Asked) -> None:
    """The schedule is changed: only whether the state allows it is told, and that no sum moves."""
    refuse_if(plan.state in ENDED or not plan.stand.owed)
    plan.happens(asked.fact("rescheduled"))
    plan.unsure |= {"impossible_terms", "state_forbids"}


def postpone(plan: Plan, asked: Asked) -> None:
    """The consumer puts a due date off."""
    due_on, to = asked.day("due_on"), asked.day("to")
    assert due_on
    assert to
    refuse_if(not plan.stand.outstanding or plan.why_not_postponed)
    refuse_if(due_on in [date.fromisoformat(row["due_on"]) for row in plan.rows if row["paid_on"]])
    refuse_if(to <= due_on or to < asked.today, "invalid_field")
    refuse_if((to - due_on).days > plan.serving("postpone_days_max", 0), "impossible_terms")
    refuse_if(due_on not in [date.fromisoformat(row["due_on"]) for row in plan.rows], "impossible_terms")
    plan.happens(asked.fact("rescheduled", postponed=True))
    plan.unsure |= {"impossible_terms", "state_forbids"}


def change_rate(plan: Plan, asked: Asked) -> None:
    """Another rate, of what bears interest."""
    refuse_if(plan.stand.shown is None, "unsure")
    reschedule(plan, asked)


def convert(plan: Plan, asked: Asked) -> None:
    """What is overdue after a use is spread over instalments."""
    stand, most = plan.stand, plan.agreed.use.get("convert_max") or 0
    refuse_if(not most or stand.remaining or stand.is_withdrawn or plan.state in ENDED)
    if stand.is_rescheduled:
        plan.unsure |= {"state_forbids", "invalid_field"}  # it may have been spread before
    refuse_if(asked.get("instalments") > most, "invalid_field")
    overdue = [row for row in plan.rows if date.fromisoformat(row["due_on"]) < asked.today and row["paid_on"] is None]
    refuse_if(not overdue or not stand.outstanding)
    plan.happens(asked.fact("rescheduled"))
    plan.unsure |= {"state_forbids"}


def return_subsidy(plan: Plan, asked: Asked) -> None:
    """The scheme gets back what it has paid, and pays no more."""
    refuse_if(not plan.subsidised)
    plan.happens(asked.fact("subsidy_returned"))


def charge(plan: Plan, asked: Asked) -> None:
    """Why nothing is pulled; where it is, `Walk.pull` goes on."""
    amount, stand = asked.get("amount"), plan.stand
    refuse_if(plan.collection_state == "paused" or plan.state in ("charged_off", "forgiven"))
    due = [row for row in plan.rows if date.fromisoformat(row["due_on"]) <= asked.today and row["paid_on"] is None]
    refuse_if(amount is None and not (due and stand.outstanding), "nothing_due")
    refuse_if(amount is not None and amount > stand.outstanding, "amount_exceeds_outstanding")
    refuse_if(plan.card is None, "no_instrument")


def _may_stand_in_its_way(plan: Plan) -> None:
    """A quote that was paid has given interest up, and ended the schedule."""
    if plan.stand.shown is not None and any(fact.kind == "quoted" for fact in plan.facts):
        plan.unsure.add("state_forbids")


def accelerate(plan: Plan, asked: Asked) -> None:
    """All of it falls due on one day. Only of a plan that was not changed the model knows its lines."""
    stand, due_on = plan.stand, asked.day("due_on")
    refuse_if(not stand.outstanding or stand.remaining or stand.given_up or stand.schedule_ended or stand.resting)
    refuse_if(due_on is not None and due_on < asked.today, "invalid_field")
    last = _last_due(plan)
    refuse_if(last is not None and due_on is not None and due_on >= last)
    _may_stand_in_its_way(plan)
    plan.happens(asked.fact("accelerated"))
    if last is None:
        plan.unsure.add("state_forbids")


def _last_due(plan: Plan) -> date | None:
    """The day of the last line, which is paid last; None where other lines may have been added or moved."""
    undone = {fact.undoes for fact in plan.facts}
    if any(fact.kind in {"levied", "charged_back", "sent_back", "rescheduled"} for fact in plan.facts):
        return None
    lent = [fact for fact in plan.facts if fact.kind == "captured" and fact.amount and fact.name not in undone]
    if any(fact.amount < FEW for fact in lent):
        return None  # of few cents there are fewer lines
    return max(fact.on for fact in lent) + timedelta(plan.agreed.lasts)


def charge_off(plan: Plan, asked: Asked) -> None:
    """Collection is given up."""
    refuse_if(not plan.stand.outstanding or plan.stand.remaining or plan.stand.given_up)
    cause, resting = asked.get("cause", "credit"), set(plan.stand.resting)
    goes = cause == "fraud" or (cause == "deceased" and resting == {"death"})
    refuse_if(plan.stand.rests_on(asked.today) and not goes)
    _may_stand_in_its_way(plan)
    plan.happens(asked.fact("charged_off"))


def forgive(plan: Plan, asked: Asked) -> None:
    """What is owed is let go."""
    refuse_if(not plan.stand.outstanding or plan.stand.remaining)
    _may_stand_in_its_way(plan)
    plan.happens(asked.fact("forgiven"))


def correct(plan: Plan, asked: Asked) -> None:
    """A fact was recorded by mistake."""
    name = asked.get("fact_id")
    found = next((fact for fact in plan.facts if fact.name == name), None)
    if found is None:
        raise Refusal("not_found")
    refuse_if(any(fact.undoes == name for fact in plan.facts) or found.kind in STAYS or found.undoes)
    if found.kind == "captured":
        refuse_if(plan.agreed.kind == "deposit" or any(fact.kind == "reversed" for fact in plan.facts))
        refuse_if([fact for fact in _since(plan, found.name) if fact.kind != "extended"])
    if found.kind == "confirmed":
        undone = {fact.undoes for fact in plan.facts}
        on_it = [fact for fact in plan.facts if fact.kind in RESTS_ON_A_WORD]
        refuse_if([fact for fact in on_it if not fact.name or fact.name not in undone])
    if plan.stand.is_rescheduled:
        plan.unsure |= {"impossible_terms", "state_forbids"}
    plan.happens(asked.fact("corrected", on=found.on, undoes=name))
    plan.bills = [bill for bill in plan.bills if bill.fact != name]
