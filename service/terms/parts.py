"""A plan captured in parts: what each part bears of the schedule that was agreed for the whole.

The schedule of the whole is reckoned as if all of it began on the day of the part. The parts before it take their share
of every line, as they took it then, and this one takes its share of what they left:

    whole    27.38  27.38  27.38 ...    600.00 and 57.19 of interest
    part 1    9.12   9.13   9.13 ...    200.00 and 19.06
    part 2    9.14   9.12   9.12 ...    200.00 and 19.07
    part 3    9.12   9.13   9.13 ...    200.00 and 19.06

So parts of one day sum to the whole, line by line and to the cent. Shares are cumulated and rounded half up, so that
no cent is lost and none is made.
"""

from datetime import date
from itertools import accumulate

from msgspec import Struct

from service.money import Rounding, quotient
from service.terms.schedule import Instalment, every_instalment, without_empty_end
from service.terms.terms import Terms


class Part(Struct, frozen=True):
    """`amount` of a `whole`, captured after `earlier` parts of it: minor units before any down payment."""

    whole: int
    earlier: tuple[int, ...]
    amount: int

    @property
    def is_whole(self) -> bool:
        return self.amount == self.whole

    def before(self) -> list["Part"]:
        """The parts before it."""
        return [Part(self.whole, self.earlier[:count], amount) for count, amount in enumerate(self.earlier)]

    def share_of(self, total: int) -> int:
        """What falls to the part of a sum that was agreed once for the whole."""
        if self.is_whole:
            return total
        before = sum(self.earlier)
        return _cumulated(total, before + self.amount, self.whole) - _cumulated(total, before, self.whole)


def instalments_of_part(
    terms: Terms, part: Part, start_on: date, interest_max: int | None = None
) -> tuple[Instalment, ...]:
    """The instalments of a part captured on `start_on`; number 0 is its share of what is due at the start.

    `interest_max` bounds its interest: parts of several days could otherwise round to a cent more than the whole.
    """
    return without_empty_end(every_instalment_of_part(terms, part, start_on, interest_max))


def every_instalment_of_part(
    terms: Terms, part: Part, start_on: date, interest_max: int | None = None
) -> list[Instalment]:
    """The same with one for each due date, also after all of a small part is paid back."""
    whole = every_instalment(terms, part.whole, start_on, bound=True)
    if part.is_whole:
        return whole
    lines = [row for row in whole if not row.is_down_payment]
    left = Lines([row.principal for row in lines], [row.interest for row in lines], [row.fee for row in lines])
    down_payment, interest, fee = part.whole - sum(left.principal), sum(left.interest), sum(left.fee)
    for one in (*part.before(), part):
        most = interest_max if one is part and interest_max is not None else interest
        financed = one.amount - one.share_of(down_payment)
        taken = _take(left, financed, one.share_of(interest), one.share_of(fee), most)
    parts = zip(lines, taken.principal, taken.interest, taken.fee, strict=True)
    rows = [Instalment(row.number, row.due_on, *of_part) for row, *of_part in parts]
    if (first := whole[0]).is_down_payment:
        rows.insert(0, Instalment(0, start_on, part.share_of(first.principal), 0, part.share_of(first.fee)))
    return rows


class Lines(Struct):
    """Of every line of the whole: what is left of it, or taken."""

    principal: list[int]
    interest: list[int]
    fee: list[int]


def _take(left: Lines, principal: int, interest: int, fee: int, interest_max: int) -> Lines:
    """Take so much of what is left, of every line its share."""
    balances = _balances(left.principal)
    taken = Lines(_spread(principal, left.principal), [], _spread(fee, left.fee))
    left.principal = _less(left.principal, taken.principal)
    taken.interest = _interest(left.interest, interest, interest_max, balances, _balances(taken.principal))
    left.interest, left.fee = _less(left.interest, taken.interest), _less(left.fee, taken.fee)
    return taken


def _interest(left: list[int], share: int, at_most: int, balances: list[int], of_part: list[int]) -> list[int]:
    """Interest is taken where the part still owes principal; all that is left where no part after it will.

    `balances` is the principal that this and all later parts owe when a line falls due, `of_part` that of this one.
    """
    lines = list(zip(left, balances, of_part, strict=True))
    least = [line if owed and own == owed else 0 for line, owed, own in lines]
    more = [0 if owed and own in (0, owed) else line for line, owed, own in lines]
    if (total := min(share, at_most)) <= sum(least):
        return _spread(min(at_most, sum(least)), least)
    rest = min(total - sum(least), sum(more))
    return [must + may for must, may in zip(least, _spread(rest, more), strict=True)]


def _balances(principal: list[int]) -> list[int]:
    """What is owed when a line falls due: its principal and that of the lines after it."""
    return list(accumulate(reversed(principal)))[::-1]


def _less(left: list[int], taken: list[int]) -> list[int]:
    return [line - part for line, part in zip(left, taken, strict=True)]


def _spread(amount: int, lines: list[int]) -> list[int]:
    """`amount` over the lines in proportion, never more than a line, cumulated and rounded half up."""
    total = sum(lines)
    assert 0 <= amount <= total
    if not amount:
        return [0] * len(lines)
    ends = [_cumulated(amount, end, total) for end in accumulate(lines)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _cumulated(total: int, part: int, whole: int) -> int:
    return quotient(total * part, whole, Rounding.HALF_UP)
