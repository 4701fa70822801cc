"""What the lender does besides, by chance: credits, corrections, quotes and their payment, a subsidy that goes back."""

from datetime import timedelta

from service.plans.correction import STAYS, Correct
from service.plans.credits import REFUNDS, Credit, CreditKind, giveable
from service.plans.money_back import TakeBack
from service.plans.payment import RecordPayment
from service.plans.running.facts import OverpaidReturned, undone_by
from service.plans.settlement import QuoteSettlement
from service.plans.subsidised import ReturnSubsidy
from tests.plans.lives import MERCHANT_ACTS
from tests.plans.simulated.asked import CONSUMER, OPERATOR, PROCESSOR, Now, Step, part


def credit(now: Now) -> Step:
    """Of any kind, today or a while ago: what is possible, mostly."""
    chance, plan = now.chance, now.seen.plan
    kind = chance.choice(tuple(CreditKind))
    most = plan.amounts.captured - plan.amounts.refunded if kind in REFUNDS else giveable(plan.standing, kind)
    most = most if kind is not CreditKind.DOWN_PAYMENT else plan.amounts.outstanding
    amount, returns = max(1, part(now, most)), chance.choice((None, True, False))
    arguments = {
        "kind": kind,
        "amount": amount,
        "returns_interest": returns,
        "returns_costs": (None, True, False)[amount % 3],
    }
    on = None if chance.random() < 0.7 else now.today - timedelta(chance.choice((0, 1, 5, 20)))
    return Step(Credit, arguments | {"on": on}, OPERATOR)


def correct(now: Now) -> Step:
    """Mostly one of the last facts, and one that may be undone."""
    undone = {undone_by(one.fact) for one in now.seen.recorded}
    facts = [one.fact for one in now.seen.recorded]
    may = [one for one in facts if not isinstance(one, STAYS) and not undone_by(one) and one.id not in undone]
    fact = now.chance.choice(may[-3:] if may and now.chance.random() < 0.9 else facts)
    return Step(Correct, {"undone_id": fact.id}, OPERATOR)


def take_back(now: Now) -> Step:
    """What went back to the consumer did not reach them; seldom something else is said of it."""
    returned = now.seen.those_of(OverpaidReturned)
    if not returned and now.chance.random() < 0.9:
        return correct(now)
    fact = now.chance.choice(returned or [one.fact for one in now.seen.recorded])
    return Step(TakeBack, {"undone_id": fact.id}, PROCESSOR)


def quote(now: Now) -> Step:
    """All of it, or a part; what it asks for is paid soon, mostly."""
    chance, plan = now.chance, now.seen.plan
    if plan.standing.quote is not None and chance.random() < 0.8:
        return pay_quote(now)
    some = chance.randint(plan.amounts.outstanding // 3, max(1, plan.amounts.outstanding))
    amount = chance.choice((None, max(1, some)))
    arguments = {"amount": amount, "deferred": amount is None and chance.random() < 0.1}
    return Step(QuoteSettlement, arguments, chance.choice((MERCHANT_ACTS, OPERATOR, CONSUMER)))


def pay_quote(now: Now) -> Step:
    """To the cent, or a cent less or more; on a day of it, or the day after."""
    chance, last = now.chance, now.seen.plan.standing.quote
    assert last is not None
    amount = last.amount + chance.choice((0, 0, 0, 0, 1, -1))
    days = (now.today, now.today, last.on, last.good_until, last.good_until + timedelta(1))
    on = min(max(chance.choice(days), last.on), now.today)
    return Step(RecordPayment, {"amount": max(1, amount), "received_on": on}, chance.choice((OPERATOR, PROCESSOR)))


def return_subsidy(now: Now) -> Step:
    return Step(ReturnSubsidy, {}, OPERATOR)
