"""The verbs of money, fees, pauses and disputes, as in `walk_verbs`."""

from datetime import date, timedelta
from typing import Any, Final

from tests.flows.walk_facts import Fact, Refusal
from tests.flows.walk_model import ENDED, Plan, most_late
from tests.flows.walk_verbs import (
    Asked,
    Verb,
    accelerate,
    amend,
    authenticate,
    capture,
    change_rate,
    charge,
    charge_off,
    claim,
    confirm,
    contest,
    convert,
    correct,
    decide_claim,
    end_use,
    extend,
    forgive,
    lower,
    lower_capture,
    normal,
    postpone,
    refuse_if,
    release,
    reschedule,
    return_subsidy,
    reverse,
    start_use,
    top_up,
    void,
    withdraw,
    withdraw_claim,
)

A_DAY: Final = timedelta(1)
GIFTS: Final = ("goodwill", "interest_waiver", "interest_refund")


def pay(plan: Plan, asked: Asked) -> None:
    """Money came from the consumer: it is never refused, but a second time."""
    amount, said, reference = asked.get("amount"), asked.day("received_on"), normal(asked.get("reference"))
    received_on = said or asked.today
    refuse_if(not plan.opened_on - A_DAY <= received_on <= asked.today + A_DAY, "invalid_field")
    corrected = {fact.undoes for fact in plan.facts if fact.kind == "corrected"}
    for fact in plan.facts:
        if reference is not None and fact.get("reference") == reference and fact.name not in corrected:
            is_same = fact.amount == amount and said in (None, fact.get("received_on"))
            refuse_if(is_same, "duplicate_payment")
    counts_on = min(max(received_on, plan.opened_on), asked.today)
    more = {"received_on": received_on, "reference": reference, "by": asked.get("received_by", "processor")}
    plan.happens(asked.fact("paid", amount, counts_on, **more))


def _payment(plan: Plan, asked: Asked) -> Fact:
    """A payment that stands."""
    name = asked.get("payment_id")
    paid = next((fact for fact in plan.facts if fact.kind == "paid" and fact.name == name), None)
    if paid is None:
        raise Refusal("not_found")
    refuse_if(any(fact.undoes == name for fact in plan.facts) or paid.get("by") not in ("processor", "down_payment"))
    return paid


def return_payment(plan: Plan, asked: Asked) -> None:
    """The bank returned it unpaid, of which nothing was taken back before."""
    paid = _payment(plan, asked)
    refuse_if(plan.stand.left[paid.name] != paid.amount)
    if plan.stand.is_rescheduled:
        plan.unsure |= {"impossible_terms", "state_forbids"}
    plan.happens(asked.fact("undone", on=paid.on, undoes=paid.name))


def charge_back(plan: Plan, asked: Asked) -> None:
    """The consumer's bank took it back, wholly or in part."""
    paid = _payment(plan, asked)
    plan.happens(asked.fact("charged_back", asked.get("amount"), payment=paid.name))


def return_overpayment(plan: Plan, asked: Asked) -> None:
    """What was paid too much went back."""
    refuse_if(asked.get("amount") > plan.stand.overpaid, "amount_exceeds_outstanding")
    plan.happens(asked.fact("sent_back", asked.get("amount")))


def refund(plan: Plan, asked: Asked) -> None:
    """Goods came back: an amount, or lines of the bills; what the merchant keeps of it stays owed."""
    named, said, fee = asked.get("lines", ()), asked.get("amount"), asked.get("return_fee", 0)
    refuse_if(said is None and not named, "invalid_field")
    left = {
        (bill.number, number): amount
        for bill in plan.standing_bills
        for number, amount in enumerate(bill.lines, 1)
        if amount > 0
    }
    of_bill = {bill.number: bill.amount for bill in plan.standing_bills}
    undone = {fact.undoes for fact in plan.facts}
    for fact in plan.facts:
        if fact.kind == "refunded" and fact.name not in undone:
            for place, amount in zip(fact.get("places") or (), fact.get("lines") or (), strict=True):
                left[place] -= amount[1]
                of_bill[place[0]] -= amount[1]
    lines, places = [], []
    if named and any(fact.get("lowers") for fact in plan.facts):
        raise Refusal("unsure")  # the model does not know which lines a lower bill still has
    for one in named:
        place = one["capture"], one["line"]
        refuse_if(place not in left, "invalid_field")
        most = min(left.pop(place), of_bill[place[0]])  # discounts are of the whole bill
        amount = one.get("amount", most)
        refuse_if(amount > most or not amount, "amount_exceeds_outstanding")
        of_bill[place[0]] -= amount
        lines.append((one["capture"], amount))
        places.append(place)
    amount = sum(part for _, part in lines) if said is None else said
    refuse_if(lines and amount != sum(part for _, part in lines), "amount_mismatch")
    refuse_if(fee >= amount, "invalid_field")
    plan.happens(asked.fact("refunded", amount - fee, lines=lines, places=places, fee=fee))


def credit(plan: Plan, asked: Asked) -> None:
    """Something is taken off."""
    kind, amount, on = asked.get("kind"), asked.get("amount"), asked.day("on") or asked.today
    refuse_if(not plan.stand.owed and kind != "down_payment")
    refuse_if(not plan.opened_on <= on <= asked.today, "invalid_field")
    if kind in GIFTS:
        undone = {fact.undoes for fact in plan.facts}
        given = [fact for fact in plan.facts if fact.kind == "paid" and fact.get("by") in GIFTS]
        left = sum(plan.stand.lent) + plan.stand.fees - plan.stand.refunded
        left -= sum(fact.amount for fact in given if fact.name not in undone)
        if plan.stand.shown is None:
            refuse_if(amount > (left if kind == "goodwill" else 0), "amount_exceeds_outstanding")
        else:
            refuse_if(amount > left + plan.stand.shown.interest, "amount_exceeds_outstanding")
            plan.unsure.add("amount_exceeds_outstanding")
    if kind in ("merchant_refund", "payout_refund"):
        plan.happens(asked.fact("refunded", amount, on))
    else:
        plan.happens(asked.fact("paid", amount, on, by=kind))


def announce_return(plan: Plan, asked: Asked) -> None:
    """Goods are on their way back."""
    refuse_if(not plan.stand.outstanding)
    plan.happens(asked.fact("paused", why="return"))


def withdraw_return(plan: Plan, asked: Asked) -> None:
    """They will not come back after all."""
    plan.happens(asked.fact("resumed", why="return"))


def pause(plan: Plan, asked: Asked) -> None:
    """Nothing is collected."""
    refuse_if(not plan.stand.outstanding)
    on = asked.day("on") or asked.today
    refuse_if(not plan.opened_on <= on <= asked.today, "invalid_field")
    plan.happens(asked.fact("paused", on=on, why=asked.get("why")))


def resume(plan: Plan, asked: Asked) -> None:
    """It is collected again."""
    plan.happens(asked.fact("resumed", why=asked.get("why")))


def levy(plan: Plan, asked: Asked) -> None:
    """A fee, which weighs from the day it is told, or was due before."""
    due_on = asked.day("due_on") or asked.today
    is_penalty = bool(asked.get("is_penalty"))
    refuse_if(plan.state in ENDED or not plan.stand.owed)
    refuse_if(due_on < plan.opened_on, "impossible_terms")
    refuse_if(is_penalty and (plan.stand.rests_on(asked.today) or plan.stand.rests_on(due_on)))
    more: dict[str, Any] = {"is_penalty": is_penalty}
    if is_penalty and plan.serving("late_fee", None) is not None:
        more["late_since"] = _late_by(plan, asked.get("amount"), due_on)
    else:
        penalties = plan.stand.penalties + asked.get("amount") if is_penalty else 0
        refuse_if(penalties > sum(plan.stand.lent), "impossible_terms")
    plan.happens(asked.fact("levied", asked.get("amount"), min(due_on, asked.today), **more))


def _late_by(plan: Plan, amount: int, on: date) -> date:
    """Since when the last row is late for which a product asks for something, by a day and within its caps."""
    terms, stand = plan.serving("late_fee", None), plan.stand
    due = [date.fromisoformat(row["due_on"]) for row in plan.rows if row["paid_on"] is None]
    late = [one for one in due if one < on and stand.days_past_due(one, on) > terms["grace_days"]]
    refuse_if(not late)
    refuse_if(amount > most_late(terms, stand.late_fees, on, late[-1]), "impossible_terms")
    return late[-1]


def waive(plan: Plan, asked: Asked) -> None:
    """It is not asked for after all."""
    name = asked.get("fee_id")
    fee = next((fact for fact in plan.facts if fact.kind == "levied" and fact.name == name), None)
    if fee is None:
        raise Refusal("not_found")
    refuse_if(any(fact.undoes == name for fact in plan.facts))
    if plan.stand.is_rescheduled:
        plan.unsure |= {"impossible_terms", "state_forbids"}
    plan.happens(asked.fact("undone", on=fee.on, undoes=name))


def quote(plan: Plan, asked: Asked) -> None:
    """What settles it: all that is owed, where nothing costs interest. Of a part only what is too much is told."""
    stand, amount = plan.stand, asked.get("amount")
    refuse_if(not stand.outstanding or stand.remaining)
    refuse_if(asked.get("deferred"), "invalid_field")
    if amount is not None:
        refuse_if(stand.shown is not None, "unsure")
        refuse_if(stand.given_up or stand.is_withdrawn, "impossible_terms")
        raise Refusal("amount_exceeds_outstanding" if amount > stand.outstanding else "unsure")
    plan.happens(asked.fact("quoted"))


def dispute(plan: Plan, asked: Asked) -> None:
    """The consumer disputes an amount, or all that may still come back."""
    said = asked.get("amount")
    amount = plan.stand.refundable if said is None else said
    refuse_if(not amount)
    plan.happens(asked.fact("dispute_opened", amount, until=respond_by(plan, asked.today)))


def answer_dispute(plan: Plan, asked: Asked) -> None:
    """The merchant answers."""
    refuse_if(not plan.stand.dispute)
    plan.happens(asked.fact("dispute_answered", dispute=plan.stand.dispute["name"]))


def ask_again(plan: Plan, asked: Asked) -> None:
    """A second round."""
    refuse_if(not plan.stand.dispute)
    more = {"dispute": plan.stand.dispute["name"], "until": respond_by(plan, asked.today)}
    plan.happens(asked.fact("dispute_asked", **more))


def close_dispute(plan: Plan, asked: Asked) -> None:
    """It is decided by the lender, or accepted by the merchant."""
    refuse_if(not plan.stand.dispute)
    outcome = asked.get("outcome", "accepted")
    first, *rest = plan.closing(plan.stand.dispute, outcome, asked.today, asked.today)
    plan.happens(asked.fact("dispute_closed", **first.more))
    for fact in rest:
        plan.happens(fact)


def respond_by(plan: Plan, today: date) -> date:
    """The last day for the merchant's answer."""
    return today + timedelta(plan.serving("dispute_days", 21))


MERCHANTS: Final[dict[str, Verb]] = {
    "capture": capture, "captures/reverse": reverse, "captures/lower": lower_capture, "void": void,
    "amend": amend, "top_up": top_up,
    "extend_authorization": extend, "confirm": confirm, "use/start": start_use, "use/end": end_use, "claims": claim,
    "claims/contest": contest, "claims/lower": lower, "claims/withdraw": withdraw_claim, "release": release,
    "withdrawal": withdraw, "payments": pay, "refunds": refund, "returns": announce_return,
    "returns/withdraw": withdraw_return, "settlement_quotes": quote, "disputes": dispute,
    "disputes/answer": answer_dispute, "disputes/accept": close_dispute, "due_dates": postpone, "convert": convert,
    "charges": charge, "authentications": authenticate,
}  # fmt: skip
OPERATORS: Final[dict[str, Verb]] = {
    "payments/return": return_payment, "payments/charge_back": charge_back,
    "overpayments/return": return_overpayment, "credits": credit, "fees": levy, "fees/waive": waive,
    "collection/pause": pause, "collection/resume": resume, "disputes/ask_again": ask_again,
    "disputes/decide": close_dispute, "claims/decide": decide_claim, "accelerate": accelerate,
    "charge_off": charge_off, "forgive": forgive, "corrections": correct, "extensions": reschedule,
    "due_dates": reschedule, "rates": change_rate, "return_subsidy": return_subsidy, "pauses": reschedule,
    "holidays": reschedule, "re_ageings": reschedule, "re_amortizations": reschedule,
}  # fmt: skip
# What the lender may say for a merchant.
LENDERS: Final = {
    "payments", "refunds", "withdrawal", "settlement_quotes", "disputes", "claims/contest", "due_dates", "convert",
    "charges",
}  # fmt: skip
