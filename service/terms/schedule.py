"""From an amount, terms and a day to the instalments: exact, and the same for ever.

The due dates and what each period earns are in `frame`, what each instalment asks for in `repayment`; here they are
put together with the down payment and the costs: what is due at the start is the row of number 0.
"""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, BPS, in_multiples, split, take_bps
from service.terms.frame import frame_of
from service.terms.repayment import repay
from service.terms.terms import Cost, DownPaymentAt, FeeDue, Payer, Terms


class Instalment(Struct, frozen=True, gc=False):
    """What is due on one day, in minor units. Number 0 is due at the start, before all instalments."""

    number: int  # 1, 2, 3 ... without gaps; 0: a down payment inside the schedule, and costs up front
    due_on: date
    principal: int
    interest: int = 0
    fee: int = 0

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fee

    @property
    def is_down_payment(self) -> bool:
        return self.number == 0


def build_schedule(terms: Terms, amount: int, start_on: date, *, bound: bool = False) -> tuple[Instalment, ...]:
    """The instalments that pay back `amount` (minor units, before any down payment) from `start_on`.

    Refused with `impossible_terms` where such a plan cannot exist, or would cost more than an amount may be. `bound`:
    the terms were agreed for a whole of which this is a part, or for another start. Then every amount has a schedule:
    one cent of four instalments has one row.
    """
    rows = exact_schedule(terms, amount, start_on, bound=bound)
    interest, fees = sum([row.interest for row in rows]), sum([row.fee for row in rows])
    if amount + interest + fees > AMOUNT_MAX and not bound:
        sentence = f"With its cost, more would be paid than {AMOUNT_MAX} minor units, the largest amount there is."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/costs" if fees > interest else "/rate_percent")
    return rows


def exact_schedule(terms: Terms, amount: int, start_on: date, *, bound: bool = False) -> tuple[Instalment, ...]:
    """The same for an amount of any size: in units as small as one likes, the rounding disappears."""
    return without_empty_end(every_instalment(terms, amount, start_on, bound=bound))


def without_empty_end(rows: list[Instalment]) -> tuple[Instalment, ...]:
    """Without the last rows that ask for nothing, because all of a small amount is paid back before them."""
    while not rows[-1].total and len(rows) > 1:
        rows.pop()
    return tuple(rows)


def every_instalment(terms: Terms, amount: int, start_on: date, *, bound: bool = False) -> list[Instalment]:
    """The same with one for each due date, also after all of a small amount is paid back."""
    frame = frame_of(terms, start_on)
    down_payment = down_payment_of(terms, amount)
    financed = amount - down_payment
    if bound:  # of few cents the down payment or the balloon may round to all of it
        down_payment, financed = min(down_payment, amount), max(financed, 0)
    elif financed <= 0:
        raise Refused(Code.IMPOSSIBLE_TERMS, "Nothing is left to pay in instalments.", "/down_payment")
    balloon = balloon_of(terms, financed)
    if bound:
        balloon = min(balloon, financed)
    elif balloon > financed:
        raise Refused(Code.IMPOSSIBLE_TERMS, "More is kept back to the end than is financed.", "/balloon")
    paid = repay(terms, frame, financed, balloon, bound=bound)
    fees = fees_of([(cost, cost_of(cost, financed)) for cost in terms.costs], len(paid)) if terms.costs else None
    rows = [
        Instalment(number, due_on, principal, interest, fees[number - 1] if fees else 0)
        for number, due_on, (principal, interest) in zip(frame.numbers, frame.due_on, paid, strict=True)
    ]
    at_once = down_payment if down_payment and terms.down_payment_at is DownPaymentAt.SCHEDULE else 0
    up_front = paid_up_front(terms, financed) if terms.costs else 0
    if at_once or up_front:
        rows.insert(0, Instalment(0, start_on, at_once, 0, up_front))
    return rows


def down_payment_of(terms: Terms, amount: int) -> int:
    """The part of the price paid at the start; a share of it comes in the multiples of the instalments, and rounding
    never makes it all of the price.
    """
    if not terms.down_payment_bps:
        return terms.down_payment
    share = in_multiples(amount * terms.down_payment_bps, BPS, terms.multiple_of, terms.instalment_rounding)
    if terms.down_payment_bps < BPS:
        share = min(share, (amount - 1) // terms.multiple_of * terms.multiple_of)
    return terms.down_payment + share


def balloon_of(terms: Terms, financed: int) -> int:
    """Principal kept back to the last instalment."""
    return terms.balloon + take_bps(financed, terms.balloon_bps) if terms.balloon_bps else terms.balloon


def cost_of(cost: Cost, financed: int) -> int:
    """A cost once, in minor units."""
    return cost.amount + take_bps(financed, cost.bps)


def paid_up_front(terms: Terms, financed: int, payer: Payer = Payer.CONSUMER) -> int:
    """The costs due at the start: the consumer pays them beside a down payment, the merchant when it is settled."""
    costs = [one for one in terms.costs if one.due is FeeDue.UP_FRONT and one.payer is payer]
    return sum([cost_of(cost, financed) for cost in costs])


def fees_of(costs: Iterable[tuple[Cost, int]], count: int) -> list[int]:
    """What is asked for beside principal and interest with each of `count` instalments; each cost and its amount."""
    fees = [0] * count
    for cost, amount in costs:
        if cost.payer is Payer.MERCHANT or cost.due is FeeDue.UP_FRONT:
            continue
        if cost.due is FeeDue.FIRST:
            fees[0] += amount
        elif cost.due is FeeDue.EACH:
            fees = [fee + amount for fee in fees]
        else:
            fees = [fee + part for fee, part in zip(fees, split(amount, [1] * count), strict=True)]
    return fees
