"""From an amount, terms and a day to the instalments: exact, and the same for ever.

The equal instalment is the exact root of the balance equation, a fraction of whole numbers, rounded once by the
terms. Interest is rounded in every row; one row, named by the terms, takes what that leaves.
"""

from datetime import date
from math import prod
from typing import Final

from msgspec import Struct

from service.errors import Code, Refused
from service.money import AMOUNT_MAX, BPS, in_multiples, quotient, split, take_bps
from service.plans.frame import Frame, frame_of
from service.plans.terms import Cost, DownPaymentAt, FeeDue, InterestOn, Method, Payer, Remainder, Terms

STEPS_MAX: Final = 64  # from the exact root, rounded, it is one step or two; further off, there is no such part
TURNS_MAX: Final = 4  # of solving for the first instalment; the second is already within the rounding


class Instalment(Struct, frozen=True, gc=False):
    """What is due on one day, in minor units. Number 0 is a down payment inside the schedule."""

    number: int  # 1, 2, 3 ... without gaps; 0: a down payment inside the schedule
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


def build_schedule(terms: Terms, amount: int, start_on: date) -> tuple[Instalment, ...]:
    """The instalments that pay back `amount` (minor units, before any down payment) from `start_on`.

    Refused with `impossible_terms` where such a plan cannot exist, or would cost more than an amount may be.
    """
    rows = exact_schedule(terms, amount, start_on)
    interest, fees = sum([row.interest for row in rows]), sum([row.fee for row in rows])
    if terms.costs:
        fees += sum(each for cost, each in up_front_costs(terms, amount) if cost.payer is Payer.CONSUMER)
    if amount + interest + fees > AMOUNT_MAX:
        sentence = f"With its cost, more would be paid than {AMOUNT_MAX} minor units, the largest amount there is."
        raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/costs" if fees > interest else "/rate_percent")
    return rows


def exact_schedule(terms: Terms, amount: int, start_on: date) -> tuple[Instalment, ...]:
    """The same for an amount of any size: in units as small as one likes, the rounding disappears."""
    frame = frame_of(terms, start_on)
    down_payment = down_payment_of(terms, amount)
    financed = amount - down_payment
    if financed <= 0:
        raise Refused(Code.IMPOSSIBLE_TERMS, "Nothing is left to pay in instalments.", "/down_payment")
    balloon = balloon_of(terms, financed)
    if balloon > financed:
        raise Refused(Code.IMPOSSIBLE_TERMS, "More is kept back to the end than is financed.", "/balloon")
    rows = _rows(terms, frame, financed, balloon)
    if terms.costs:
        rows = _with_fees(terms, financed, rows)
    if down_payment and terms.down_payment_at is DownPaymentAt.SCHEDULE:
        rows.insert(0, Instalment(0, start_on, down_payment))
    return tuple(rows)


def down_payment_of(terms: Terms, amount: int) -> int:
    """The part of the price paid at the start; a share of it comes in the multiples of the instalments."""
    if not terms.down_payment_bps:
        return terms.down_payment
    share = in_multiples(amount * terms.down_payment_bps, BPS, terms.multiple_of, terms.instalment_rounding)
    return terms.down_payment + share


def balloon_of(terms: Terms, financed: int) -> int:
    """Principal kept back to the last instalment."""
    return terms.balloon + take_bps(financed, terms.balloon_bps) if terms.balloon_bps else terms.balloon


def cost_of(cost: Cost, financed: int) -> int:
    """A cost once, in minor units."""
    return cost.amount + take_bps(financed, cost.bps)


def up_front_costs(terms: Terms, amount: int) -> tuple[tuple[Cost, int], ...]:
    """What falls due at the start, outside the schedule: each cost and its amount. `amount` is before down payment."""
    financed = amount - down_payment_of(terms, amount)
    return tuple((cost, cost_of(cost, financed)) for cost in terms.costs if cost.due is FeeDue.UP_FRONT)


def _rows(terms: Terms, frame: Frame, financed: int, balloon: int) -> list[Instalment]:
    level = in_multiples(
        financed * frame.grown - balloon * frame.over_grown, frame.annuity, terms.multiple_of, terms.instalment_rounding
    )
    rows = _repay(terms, frame, financed, balloon, level, 0)
    if not terms.amortized_over:
        if terms.remainder is Remainder.FIRST:
            rows = _first_takes_it(terms, frame, financed, balloon, level, rows)
        elif terms.remainder is Remainder.EVEN:
            rows = _evened(terms, frame, financed, balloon, level, rows)
        elif terms.remainder is not Remainder.LAST:
            rows = _bounded(terms, frame, financed, balloon, level, rows)
    if level <= 0 or rows[-1].principal < 0 or rows[-1].total <= 0:
        raise Refused(Code.IMPOSSIBLE_TERMS, "The amount is too small for so many instalments.", "/instalments")
    return rows


def _odd(terms: Terms, rows: list[Instalment], level: int, balloon: int) -> int:
    """By how much the last equal part differs from the others."""
    last = rows[-1].principal if terms.method is Method.EQUAL_PRINCIPAL else rows[-1].principal + rows[-1].interest
    return last - level - balloon


def _first_takes_it(
    terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Instalment]
) -> list[Instalment]:
    """What the last would differ by, discounted to the first; of its neighbours the one that leaves the last least odd.

    Each row rounds its interest, so the last answers to a unit of the first only about by what that grows to.
    """
    top, bottom = _growth_of_first(terms, frame)
    first, odd = 0, _odd(terms, rows, level, balloon)
    for _ in range(TURNS_MAX):
        if not (closer := (2 * odd * bottom + top) // (2 * top)):
            break
        first += closer
        rows = _repay(terms, frame, financed, balloon, level, first)
        odd = _odd(terms, rows, level, balloon)
    if not odd:
        return rows
    best, solved = (rows[-1].principal < 0, abs(odd), abs(first)), first
    for near in range(solved - 2, solved + 3):
        try:
            trial = _repay(terms, frame, financed, balloon, level, near)
        except Refused:
            continue
        rank = (trial[-1].principal < 0, abs(_odd(terms, trial, level, balloon)), abs(near))
        if rank < best:
            best, rows = rank, trial
    return rows


def _growth_of_first(terms: Terms, frame: Frame) -> tuple[int, int]:
    """What a unit paid with the first instalment spares the last one: its growth, as a fraction."""
    if terms.method is Method.EQUAL_PRINCIPAL or terms.interest_on is InterestOn.FINANCED:
        return 1, 1
    later = frame.earned[terms.grace_principal + 1 : terms.instalments]
    return prod(frame.over + share for share in later), frame.over ** len(later)


def _evened(
    terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Instalment]
) -> list[Instalment]:
    """Shift the equal part while the last differs by more than half a minor unit for each instalment."""
    for _ in range(3):
        odd = _odd(terms, rows, level, balloon)
        if abs(odd) <= len(rows) // 2:
            break
        closer = evened_level(terms, level, odd, len(rows))
        trial = _repay(terms, frame, financed, balloon, closer, 0)
        if closer == level or abs(_odd(terms, trial, closer, balloon)) >= abs(odd):
            break
        level, rows = closer, trial
    return rows


def _bounded(
    terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Instalment]
) -> list[Instalment]:
    """The least equal part whose last instalment is no larger, or the most whose last is no smaller."""
    side = 1 if terms.remainder is Remainder.LAST_LOWER else -1
    for _ in range(STEPS_MAX):
        if side * _odd(terms, rows, level, balloon) <= 0:
            break
        level += side * terms.multiple_of
        rows = _repay(terms, frame, financed, balloon, level, 0)
    for _ in range(STEPS_MAX):
        if level <= terms.multiple_of:
            return rows
        closer = level - side * terms.multiple_of
        trial = _repay(terms, frame, financed, balloon, closer, 0)
        if side * _odd(terms, trial, closer, balloon) > 0:
            return rows
        level, rows = closer, trial
    raise Refused(Code.IMPOSSIBLE_TERMS, "No equal part leaves a last instalment like that.", "/remainder")


def evened_level(terms: Terms, level: int, odd: int, count: int) -> int:
    """The equal part that shares the last one's difference among `count` instalments."""
    share = quotient(abs(odd), count, terms.instalment_rounding)
    return in_multiples(level + (share if odd > 0 else -share), 1, terms.multiple_of, terms.instalment_rounding)


def _repay(terms: Terms, frame: Frame, financed: int, balloon: int, level: int, first: int) -> list[Instalment]:
    """The rows for one equal part `level`; `first` is added to the first instalment that repays principal."""
    if frame.is_plain and not first:
        return _repay_plainly(terms, frame, financed, level)
    flat = terms.interest_on is InterestOn.FINANCED
    equal_principal = terms.method is Method.EQUAL_PRINCIPAL
    rounding, over, earned = terms.rounding, frame.over, frame.earned
    grace_principal, grace_interest = terms.grace_principal, terms.grace_interest
    last, balance, carried, rows = terms.instalments, financed, 0, []
    for number, due_on in enumerate(frame.due_on, 1):
        share = earned[number - 1]
        interest = quotient((financed if flat else balance) * share, over, rounding) if share else 0
        if number == last:
            principal = balance
        elif number <= grace_principal:
            principal = 0
        else:
            principal = level if equal_principal else level - interest
            if first and number == grace_principal + 1:
                principal += first
        if principal < 0 and number < last:
            sentence = f"Instalment {number} does not cover its interest."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/instalments")
        balance -= principal
        if number <= grace_interest:
            carried, interest = carried + interest, 0
        elif carried:
            carried, interest = 0, interest + carried
        rows.append(Instalment(number, due_on, principal, interest))
    return rows


def _repay_plainly(terms: Terms, frame: Frame, financed: int, level: int) -> list[Instalment]:
    """The same for an annuity without grace, on a declining balance: nearly every plan, in half the time."""
    balance, over, rounding, last = financed, frame.over, terms.rounding, terms.instalments
    rows = []
    for number, due_on, share in zip(frame.numbers, frame.due_on, frame.earned, strict=False):
        interest = quotient(balance * share, over, rounding) if share else 0
        principal = level - interest if number < last else balance
        if principal < 0 and number < last:
            sentence = f"Instalment {number} does not cover its interest."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/instalments")
        balance -= principal
        rows.append(Instalment(number, due_on, principal, interest))
    return rows


def _with_fees(terms: Terms, financed: int, rows: list[Instalment]) -> list[Instalment]:
    fees = [0] * len(rows)
    for cost in terms.costs:
        amount = cost_of(cost, financed)
        if cost.payer is Payer.MERCHANT or cost.due is FeeDue.UP_FRONT:
            continue
        if cost.due is FeeDue.FIRST:
            fees[0] += amount
        elif cost.due is FeeDue.EACH:
            fees = [fee + amount for fee in fees]
        else:
            fees = [fee + part for fee, part in zip(fees, split(amount, [1] * len(rows)), strict=True)]
    return [
        Instalment(row.number, row.due_on, row.principal, row.interest, fee)
        for row, fee in zip(rows, fees, strict=True)
    ]
