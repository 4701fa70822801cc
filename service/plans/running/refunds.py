"""The merchant took goods back: the money lowers what is owed; interest and costs that it bore may come back, too."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from service.errors import Code, Refused
from service.money import Rounding, quotient
from service.plans.bill import LoweredBill
from service.plans.running import outlook
from service.plans.running.facts import AnyFact, Captured, Paid, RateChanged, Refunded, undone_by
from service.plans.running.paying import pay
from service.plans.running.standing import Allocated, Standing
from service.terms.allocation_rule import Component, PaymentKind
from service.terms.terms import Terms

INTEREST_SUBSIDY = PaymentKind.INTEREST_SUBSIDY
GIVEN_BACK = (PaymentKind.INTEREST_REFUND, PaymentKind.INTEREST_WAIVER)  # interest that the consumer does not bear
GOODWILL = (PaymentKind.GOODWILL, *GIVEN_BACK)
MADE_UP = (Component.PRINCIPAL, Component.INTEREST, Component.FEE, Component.PENALTY)
OF_INTEREST, OF_COSTS = "/interest", "/fee"  # how the parts that come back with a refund are named, after its own id
NEVER_LENT = PaymentKind.MERCHANT_REFUND  # the kind of no payment of the consumer's
Replay = Callable[[Terms, Sequence[AnyFact]], Standing]


def refunded(standing: Standing, fact: Refunded, replay_all: Replay) -> None:
    """Allocate the refund, then the interest and the costs that it returns. Goods come back once, goodwill as often as
    one likes."""
    if fact.kind not in GOODWILL:
        left = sum(standing.lent) + standing.from_held - standing.refunded
        if fact.amount > left:
            sentence = f"At most {left} minor units may still be refunded: that much was captured and not refunded yet."
            raise Refused(Code.AMOUNT_EXCEEDS_OUTSTANDING, sentence, "/amount")
        standing.refunded += fact.amount
        _bind(standing, fact)
        if fact.lowers:
            stands = standing.captured_of[fact.lowers] - standing.refunded_of[fact.lowers]
            standing.lowered_of[fact.lowers] = LoweredBill(stands, fact.bill, fact.because, fact.on)
    _settle(standing, fact, fact.id, fact.kind, fact.amount)
    if fact.returns_interest and standing.terms.refund_interest and standing.bears_interest:
        amount = _interest_to_return(standing, fact, replay_all)
        if amount > 0:
            standing.returned_interest += amount
            _settle(standing, fact, f"{fact.id}{OF_INTEREST}", PaymentKind.INTEREST_REFUND, amount)
    if fact.returns_costs and standing.terms.refund_costs and standing.fees_of_parts:
        amount = _share_of_costs(standing)
        if amount > 0:
            _lower_quote(standing, amount)
            standing.returned_fees += amount
            _settle(standing, fact, f"{fact.id}{OF_COSTS}", PaymentKind.FEE_REFUND, amount)
    if fact.returns_costs and standing.terms.refund_costs and standing.merchant_costs:
        standing.merchant_costs_back = _share(standing, standing.merchant_costs)


def _settle(standing: Standing, fact: Refunded, name: str, kind: PaymentKind, amount: int) -> None:
    """Allocate so much of what comes back. Of what was let go the consumer has paid nothing: it is made up for first.

    400.00 owed, 100.00 paid, 300.00 let go; goods of 400.00 come back: 300.00 make up for it, 100.00 are overpaid.
    """
    if fact.makes_up:
        for row in standing.rows:
            made_up = min(amount, row.forgiven)
            if made_up:
                amount -= made_up
                row.forgiven -= made_up
                recovers = standing.charged_off_on is not None
                allocated = standing.allocating(Allocated(name, kind, fact.on, is_recovery=recovers))
                for component in MADE_UP:
                    taken = row.pay(component, made_up, fact.on)
                    allocated.add(component, taken)
                    made_up -= taken
    pay(standing, name, kind, fact.on, amount)


def _bind(standing: Standing, fact: Refunded) -> None:
    """What came back of which captures: of the one it lowers, or by its lines; and whatever is over of the first ones
    that have any left.

    So an amount without lines, bound to the first capture, moves on once that comes back by its lines.
    """
    captured, refunded, rest, kept = standing.captured_of, standing.refunded_of, 0, fact.return_fee
    for line in fact.lines:
        part = max(0, line.amount - kept)
        kept -= line.amount - part
        refunded[line.capture] = refunded.get(line.capture, 0) + part
    if fact.lowers:
        refunded[fact.lowers] = refunded.get(fact.lowers, 0) + fact.amount
    elif not fact.lines:
        rest = fact.amount
    for number, amount in refunded.items():
        over = max(0, amount - captured[number])
        refunded[number] -= over
        rest += over
    for number, amount in captured.items():
        part = min(rest, amount - refunded.get(number, 0))
        if part:
            refunded[number] = refunded.get(number, 0) + part
            rest -= part


def _interest_to_return(standing: Standing, fact: Refunded, replay_all: Replay) -> int:
    """Interest up to the refund, less what it would be had the refunded money never been lent.

    Where interest does not follow what is paid, or follows it no more, that is its share of all interest.
    """
    if fact.by_share and (standing.closed or not standing.terms.recalculate):
        return _share_of_interest(standing)
    if not standing.terms.recalculate:
        return 0
    if standing.closed:
        return sum(row.owed[Component.INTEREST] for row in standing.rows)
    assert standing.done is not None, "the facts before it were not loaded"
    other = replay_all(_never_for_charges(standing.terms), as_if_never_lent([*standing.done, fact]))
    other.bear_overdue(fact.on)
    borne = sum(outlook.interest_until(course, fact.on) for course in standing.courses)
    would_be = sum(outlook.interest_until(course, fact.on) for course in other.courses)
    return borne - standing.returned_interest - would_be


def _share_of_interest(standing: Standing) -> int:
    """Of all interest asked for, as much as came back of all that was captured, less what was returned before.

    600.00 for three months at 12 % bear 12.04: with the first 200.00 come back 4.01, with the next 4.02, with all of
    it the last 4.01. Interest that was waived is not returned besides; what a scheme got back stands in the rows twice.
    """
    asked, lent = interest_asked(standing), sum(standing.lent) + standing.from_held
    so_far = quotient(asked * standing.refunded, lent, Rounding.HALF_UP)
    return min(so_far - standing.returned_interest, asked - _given(standing))


def interest_asked(standing: Standing) -> int:
    """All interest that is asked for, once."""
    twice = sum([min(one.interest, 0) for one in standing.allocations.values() if one.kind is INTEREST_SUBSIDY])
    return sum([row.owed[Component.INTEREST] for row in standing.rows]) + twice


def _given(standing: Standing) -> int:
    return sum([one.total for one in standing.allocations.values() if one.kind in GIVEN_BACK])


def return_more(standing: Standing, change: RateChanged, asked_before: int) -> None:
    """A higher rate asks for nothing more of goods that came back: the share of all interest that was returned stays.

    400.00 for four months at 12 % bear 10.05, of which 5.03 came back with goods of 200.00. If they bear 16.08 because
    the rate becomes 24 % after a month, 8.05 have come back.
    """
    if standing.terms.recalculate or not standing.returned_interest:
        return
    asked, returned = interest_asked(standing), standing.returned_interest
    more = quotient(asked * returned, asked_before, Rounding.HALF_UP) - returned
    more = min(more, asked - _given(standing))
    if more > 0:
        standing.returned_interest += more
        pay(standing, f"{change.id}{OF_INTEREST}", PaymentKind.INTEREST_REFUND, change.on, more)


def _share_of_costs(standing: Standing) -> int:
    """Of the costs of all captures, as much as came back of what was captured, less what was returned before.

    With 600.00 an opening fee of 6.00: with the first 200.00 come back 2.00, with all of it the rest. What was given up
    when it was settled early is not returned besides; levied fees stay.
    """
    costs = standing.fees_of_parts - standing.fees_given_up
    return _share(standing, max(costs, 0)) - standing.returned_fees


def _lower_quote(standing: Standing, amount: int) -> None:
    """A quote that was given before brings less of the costs back, because so much of them has come back already.

    Of 12.00 a quote would bring 9.86. After 6.00 have come back with half of the goods, it brings 4.93.
    """
    if standing.quote is None or not standing.quote.fee_returned:
        return
    borne = standing.fees_of_parts - standing.returned_fees
    left = quotient(standing.quote.fee_returned * (borne - amount), borne, Rounding.HALF_UP)
    standing.quote = replace(standing.quote, fee_returned=left)


def _share(standing: Standing, costs: int) -> int:
    """As much of them as came back of what was captured."""
    lent = sum(standing.lent) + standing.from_held
    return quotient(costs * standing.refunded, lent, Rounding.HALF_UP)


def _never_for_charges(terms: Terms) -> Terms:
    """The terms under which money that comes back settles no fee: those stay owed, however little was lent."""
    rule = terms.allocation.rule_of(PaymentKind.PAYMENT)
    steps = tuple([step for step in rule.order if step[1] in (Component.INTEREST, Component.PRINCIPAL)])
    by_kind = ((NEVER_LENT, replace(rule, order=steps)), *terms.allocation.by_kind)
    return replace(terms, allocation=replace(terms.allocation, by_kind=by_kind))


def as_if_never_lent(facts: Sequence[AnyFact]) -> list[AnyFact]:
    """The facts without refunds, the refunded money paid back on the day it was lent."""
    never = {undone_by(fact) for fact in facts}
    left = sum(fact.amount for fact in facts if isinstance(fact, Refunded))
    result: list[AnyFact] = []
    for fact in facts:
        if isinstance(fact, Refunded) or undone_by(fact) or fact.id in never:
            continue
        result.append(fact)
        if isinstance(fact, Captured) and left:
            back = min(left, fact.amount)
            left -= back
            name, known_on = f"{fact.id}/back", fact.recorded_on
            result.append(Paid(id=name, recorded_on=known_on, on=fact.on, amount=back, kind=NEVER_LENT))
    return result
