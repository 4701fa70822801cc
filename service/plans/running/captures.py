"""Goods shipped: the amount is lent, as a course of its own or within the one that runs.

What was agreed once for the plan (its interest, costs, down payment and balloon) is shared among its captures, so that
together they bear what was disclosed: see `service.terms.parts`.
"""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter

from msgspec.structs import replace

from service.plans.running import moves, withdrawing
from service.plans.running.course import Course
from service.plans.running.facts import Amended, Captured
from service.plans.running.paying import use_overpaid
from service.plans.running.rows import Row, RowKind
from service.plans.running.standing import Standing
from service.terms.allocation_rule import Component
from service.terms.parts import Part, every_instalment_of_part
from service.terms.schedule import (
    Instalment,
    balloon_of,
    cost_of,
    down_payment_of,
    every_instalment,
    fees_of,
    paid_up_front,
)
from service.terms.terms import Captures, DownPaymentAt, Payer, Terms


def captured(standing: Standing, fact: Captured) -> None:
    """Lend the amount less its down payment; what is due at once is a row of its own.

    A use that cost nothing lends nothing: no course begins, and nothing is owed.
    """
    part = _part(standing, fact.amount)
    standing.lent.append(fact.amount)
    standing.captures += 1
    standing.captured_of[standing.captures] = fact.amount + fact.from_held
    if not fact.amount:
        return
    if standing.terms.costs:
        _charge_merchant(standing, part)
    if standing.withdrawal is not None:
        withdrawing.captured(standing, fact, standing.withdrawal)
        return
    terms = standing.terms
    down_payment = part.share_of(min(down_payment_of(terms, part.whole), part.whole))
    if (down_payment or terms.costs) and terms.asks_at_once:
        _ask_at_once(standing, part, fact.on, down_payment)
    if terms.captures is Captures.OWN_TERM or not standing.courses:
        _begin(standing, part, fact.on)
    else:
        _join(standing, part, fact.on, fact.amount - down_payment)
    standing.sync(fact.on)
    use_overpaid(standing, fact.id, fact.on)


def _ask_at_once(standing: Standing, part: Part, on: date, down_payment: int) -> None:
    """A down payment in the schedule, and the part's share of the costs up front, are due on the day of the capture."""
    terms = standing.terms
    row = Row(RowKind.DOWN_PAYMENT, on, on, standing.capture)
    if terms.down_payment_at is DownPaymentAt.SCHEDULE:
        row.owed[Component.PRINCIPAL] = down_payment
    share = part.share_of(paid_up_front(terms, _financed(terms, part.whole)))
    (row.owed[Component.FEE],) = _no_more_than_agreed(standing, part, (share,))
    if row.total:
        standing.rows.append(row)


def _charge_merchant(standing: Standing, part: Part) -> None:
    """The part's share of the costs that the merchant pays, as far as captures before it have left any.

    A consumer who withdraws from the credit changes nothing of them: the purchase stands.
    """
    agreed = paid_up_front(standing.terms, _financed(standing.terms, part.whole), Payer.MERCHANT)
    left = agreed if standing.authorized is None else max(0, agreed - standing.merchant_costs)
    standing.merchant_costs += min(part.share_of(agreed), left)


def amended(standing: Standing, _fact: Amended) -> None:
    """Another whole: its interest bounds that of all parts, as if it had been the whole since the first of them."""
    if standing.courses:
        days = {course.periods[0].begin for course in standing.courses}
        whole = standing.authorized or 0
        borne = [every_instalment(standing.terms, whole, day, bound=True) for day in days]
        standing.interest_of_whole = max(sum(row.interest for row in rows) for rows in borne)


def _part(standing: Standing, amount: int) -> Part:
    """What is captured, as a part of what was agreed; without an authorization it is a whole of its own."""
    if standing.authorized is None:
        return Part(amount, (), amount)
    earlier = tuple(standing.lent)
    return Part(max(standing.authorized, sum(earlier) + amount), earlier, amount)


def _begin(standing: Standing, part: Part, on: date) -> None:
    """A course of its own."""
    terms = standing.terms
    course, rows = _agreed(standing, part, on)
    course.capture = standing.capture
    standing.courses.append(course)
    standing.add_rows(course)
    if terms.costs:
        ahead = [row for row in standing.rows if row.course is course]
        agreed = [row.fee for row in rows if not row.is_down_payment]
        fees = agreed if terms.captures is Captures.OWN_TERM else _fees(terms, part, len(ahead))
        _charge(ahead, _no_more_than_agreed(standing, part, fees), on)


def _agreed(standing: Standing, part: Part, on: date) -> tuple[Course, list[Instalment]]:
    terms = standing.terms
    if part.is_whole:
        return _whole(terms, part, on)
    follows = terms.recalculate and terms.captures is not Captures.OWN_TERM
    return _of_its_own(terms, part, on) if follows else _share(standing, part, on)


def _whole(terms: Terms, part: Part, on: date) -> tuple[Course, list[Instalment]]:
    """The course of all that was agreed, and its instalments."""
    rows = _asked_for(terms, every_instalment(terms, part.whole, on, bound=True))
    return moves.begin_course(terms, rows, on, _balloon(terms, part)), rows


def _of_its_own(terms: Terms, part: Part, on: date) -> tuple[Course, list[Instalment]]:
    """The course of a part that more will join, where interest follows what is owed: that of its own amount."""
    balloon = _balloon(terms, part)
    down_payment = part.share_of(min(down_payment_of(terms, part.whole), part.whole))
    sums = {"balloon": balloon, "balloon_bps": 0, "down_payment": down_payment, "down_payment_bps": 0, "costs": ()}
    rows = every_instalment(replace(terms, **sums), part.amount, on, bound=True)
    return moves.begin_course(terms, rows, on, balloon), rows


def _share(standing: Standing, part: Part, on: date) -> tuple[Course, list[Instalment]]:
    """The course of a part, and its instalments: their interest is its share of that of the whole.

    Of the whole on several days it is that on the dearest of them which bounds what all parts bear.
    """
    terms = standing.terms
    whole, rows_of_whole = _whole(terms, Part(part.whole, (), part.whole), on)
    standing.interest_of_whole = max(standing.interest_of_whole, sum([row.interest for row in rows_of_whole]))
    interest_max = max(0, standing.interest_of_whole - standing.interest_of_parts)
    rows = _asked_for(terms, every_instalment_of_part(terms, part, on, interest_max))
    interest = [row.interest for row in rows if not row.is_down_payment]
    standing.interest_of_parts += sum(interest)
    course = moves.begin_course(terms, rows, on, _balloon(terms, part))
    course.agree_on_interest(interest, [due.unasked > 0 for due in whole.dues()])
    return course, rows


def _asked_for(terms: Terms, rows: list[Instalment]) -> list[Instalment]:
    """Without the last ones, if a small amount is paid back before them and nothing will be lent with it later."""
    if terms.captures is Captures.OWN_TERM:
        while not rows[-1].total and rows[-1].number > 1:
            rows.pop()
    return rows


def _join(standing: Standing, part: Part, on: date, financed: int) -> None:
    """The course that runs lends more, and its costs are asked for with what is to come; behind its end at once."""
    terms, course = standing.terms, standing.courses[0]
    ahead = [row for row in standing.instalments() if row.due_on > on]
    if _joins_at_once(standing, part, on, financed):
        ahead = standing.instalments()
        course.lend(on, financed)
    elif on < course.last.due_on:
        course.balloon += _balloon(terms, part)
        moves.lend(course, on, financed)
        _bear_no_more_than_the_whole(standing, part, on)
    else:
        ahead = [standing.row_behind(on)]
        ahead[0].owe(Component.PRINCIPAL, financed, on)
    standing.sort()
    if terms.costs:
        ahead = ahead or [standing.row_after(on)]  # the last may be payable before its own due date
        _charge(ahead, _no_more_than_agreed(standing, part, _fees(terms, part, len(ahead))), on)


def _joins_at_once(standing: Standing, part: Part, on: date, financed: int) -> bool:
    """On its first day the course asks for what it would, had all so far been captured at once: that was disclosed.

    False where something has happened to it already.
    """
    course = standing.courses[0]
    if standing.authorized is None or on != course.periods[0].begin or not course.is_untouched:
        return False
    before, standing.interest_of_parts = standing.interest_of_parts, 0
    agreed, _ = _agreed(standing, Part(part.whole, (), sum(part.earlier) + part.amount), on)
    fits = list(map(_dated, course.periods)) == list(map(_dated, agreed.periods))
    # What is captured beyond the agreed amount may have moved a down payment by a cent.
    if not fits or agreed.total_lent() != course.total_lent() + financed:
        standing.interest_of_parts = before
        return False
    for period, fresh in zip(course.periods, agreed.periods, strict=True):
        period.level, period.agreed_level, period.correction = fresh.level, fresh.agreed_level, fresh.correction
    course.balloon = agreed.balloon
    return True


def _bear_no_more_than_the_whole(standing: Standing, part: Part, on: date) -> None:
    """What joins later may bear more interest than it would have from the start: it missed an instalment that would
    have repaid some of it. All together bear at most what the whole does on that of the days when it is most.

    Interest that follows what is owed is not bounded, nor is that of a course that was changed since it began.
    """
    terms, course = standing.terms, standing.courses[0]
    if terms.recalculate or standing.authorized is None or course.rates[1:] or course.pauses:
        return
    whole = Part(part.whole, (), part.whole)
    agreed, _ = _whole(terms, whole, course.periods[0].begin)
    if list(map(_dated, course.periods)) != list(map(_dated, agreed.periods)):
        return
    if terms.first_due_on is None or on <= terms.first_due_on:  # on a later day nobody could agree on it
        _, rows = _whole(terms, whole, on)
        standing.interest_of_whole = max(standing.interest_of_whole, sum([row.interest for row in rows]))
    moves.bound_interest(course, standing.interest_of_whole, on)


_dated = attrgetter("begin", "due_on", "share", "interest_only", "defers_interest")


def _balloon(terms: Terms, part: Part) -> int:
    """Its share of the principal kept back to the end."""
    financed = _financed(terms, part.whole)
    return part.share_of(min(balloon_of(terms, financed), financed))


def _fees(terms: Terms, part: Part, count: int) -> list[int]:
    """Its share of each cost, on `count` instalments."""
    financed = _financed(terms, part.whole)
    return fees_of([(cost, part.share_of(cost_of(cost, financed))) for cost in terms.costs], count)


def _no_more_than_agreed(standing: Standing, part: Part, fees: Sequence[int]) -> list[int]:
    """The fees, as far as captures before it have left any: if the whole has changed, they took a share of another."""
    if standing.authorized is None:
        return list(fees)
    terms, whole = standing.terms, Part(part.whole, (), part.whole)
    agreed = sum(_fees(terms, whole, max(terms.instalments, len(fees))))
    left = agreed + paid_up_front(terms, _financed(terms, part.whole)) - standing.fees_of_parts
    bounded: list[int] = []
    for fee in fees:
        bounded.append(max(0, min(fee, left - sum(bounded))))
    standing.fees_of_parts += sum(bounded)
    return bounded


def _financed(terms: Terms, whole: int) -> int:
    return max(whole - down_payment_of(terms, whole), 0)


def _charge(rows: Sequence[Row], fees: Sequence[int], on: date) -> None:
    for row, fee in zip(rows, fees, strict=True):
        if fee:
            row.owe(Component.FEE, fee, on)
