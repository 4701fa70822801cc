"""What each instalment asks for: the equal part, and who takes what rounding it leaves. Amounts only, no dates.

The equal part is the exact root of the balance equation, a fraction of whole numbers, rounded once by the terms.
Interest is rounded in every row; one row, named by the terms, takes what that leaves. Where that would make it more
than twice the others, or nothing at all, it is spread: see `_in_two_levels`.
"""

from bisect import bisect_left
from math import prod
from typing import Final

from service.errors import Code, Refused
from service.money import in_multiples, quotient
from service.terms.frame import Frame
from service.terms.terms import InterestOn, Method, Remainder, Terms, Uncovered

STEPS_MAX: Final = 64  # from the exact root, rounded, it is one step or two; further off, there is no such part
TURNS_MAX: Final = 4  # of solving for the first instalment; the second is already within the rounding

Row = tuple[int, int]  # principal and interest


def repay(terms: Terms, frame: Frame, financed: int, balloon: int, *, bound: bool) -> list[Row]:
    """A row for each due date, which together pay back `financed`; of a small amount the later ones may be nothing.

    Refused where the first instalment does not cover its interest, the terms do not allow that, and nobody is bound.
    """
    exact = financed * frame.grown - balloon * frame.over_grown
    level = in_multiples(exact, frame.annuity, terms.multiple_of, terms.instalment_rounding)
    rows = _rows(terms, frame, financed, level)
    if rows[terms.grace_principal][0] <= 0 and not _covers_first(terms, frame, financed, exact):
        if terms.uncovered_interest is Uncovered.REFUSED and not bound:
            sentence = f"Instalment {terms.grace_principal + 1} does not cover its interest."
            raise Refused(Code.IMPOSSIBLE_TERMS, sentence, "/uncovered_interest")
        level = _level_that_carries(terms, frame, financed, balloon)
        rows = _rows(terms, frame, financed, level)
    shifted = level
    if terms.amortized_over:
        rows = rows if rows[-1][0] >= 0 else _rows(terms, frame, financed, level, floor=balloon)
    elif terms.remainder is Remainder.FIRST:
        rows = _first_takes_it(terms, frame, financed, balloon, level, rows)
    elif terms.remainder is Remainder.EVEN:
        shifted, rows = _evened(terms, frame, financed, balloon, level, rows)
    elif terms.remainder is not Remainder.LAST:
        shifted, rows = _bounded(terms, frame, financed, balloon, level, rows)
    if not terms.amortized_over and not _is_fair(terms, rows, shifted, balloon):
        rows = _in_two_levels(terms, frame, financed, balloon, level)
    return _deferred(rows, terms.grace_interest) if terms.grace_interest else rows


def evened_level(terms: Terms, level: int, odd: int, count: int) -> int:
    """The equal part that shares the last one's difference among `count` instalments."""
    share = quotient(abs(odd), count, terms.instalment_rounding)
    return in_multiples(level + (share if odd > 0 else -share), 1, terms.multiple_of, terms.instalment_rounding)


def _asked(terms: Terms, row: Row) -> int:
    """The part of a row that is equal in all of them."""
    return row[0] if terms.method is Method.EQUAL_PRINCIPAL else row[0] + row[1]


def _odd(terms: Terms, rows: list[Row], level: int, balloon: int) -> int:
    """By how much the last equal part differs from the others."""
    return _asked(terms, rows[-1]) - level - balloon


def _is_fair(terms: Terms, rows: list[Row], level: int, balloon: int) -> bool:
    """The instalment that takes the remainder asks for something, and for no more than twice the level."""
    odd = _odd(terms, rows, level, balloon)
    if terms.remainder is Remainder.LAST:
        return -level < odd <= level and rows[-1][0] >= 0
    if rows[-1][0] < 0:
        return False
    if terms.remainder is Remainder.FIRST and not 0 < _asked(terms, rows[terms.grace_principal]) <= 2 * level:
        return len(rows) == 1
    if terms.remainder is Remainder.LAST_LOWER:
        return -level < odd <= 0
    if terms.remainder is Remainder.LAST_HIGHER:
        return 0 <= odd <= level
    return -level < odd <= level


# Interest above the level ---------------------------------------------------------------------------------------------


def _covers_first(terms: Terms, frame: Frame, financed: int, exact: int) -> bool:
    """Whether the level before rounding, `exact / annuity`, is at least the interest of the first that repays."""
    if terms.method is Method.EQUAL_PRINCIPAL:
        return True
    return exact * frame.over >= financed * frame.earned[terms.grace_principal] * frame.annuity


def _level_that_carries(terms: Terms, frame: Frame, financed: int, balloon: int) -> int:
    """The level where the first m instalments are all interest, and what they do not cover bears none.

    After them `financed + interest of m periods - m * level` is owed, which the others pay back as an annuity.
    """
    if terms.is_flat:  # the interest is the same, however late it is paid
        exact = financed * frame.grown - balloon * frame.over_grown
        return in_multiples(exact, frame.annuity, terms.multiple_of, terms.instalment_rounding)
    over, earned = frame.over, frame.earned[terms.grace_principal :]
    grown, payments, scale = [1], [0], [1]  # of the last periods: none of them, the last, the last two, ...
    for share in reversed(earned):
        payments.append((grown[-1] + payments[-1]) * over)
        grown.append(grown[-1] * (over + share))
        scale.append(scale[-1] * over)
    owed, exact, divisor = over, 0, 1
    for m, share in enumerate(earned, 1):
        owed, rest = owed + share, len(earned) - m
        exact = financed * owed * grown[rest] - balloon * over * scale[rest]
        divisor = over * (payments[rest] + m * grown[rest])
        if m * exact * over >= financed * (owed - over) * divisor:
            break
    return in_multiples(exact, divisor, terms.multiple_of, terms.instalment_rounding)


# Who takes the remainder ----------------------------------------------------------------------------------------------


def _first_takes_it(terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Row]) -> list[Row]:
    """What the last would differ by, discounted to the first; of its neighbours the one that leaves the last least odd.

    Each row rounds its interest, so the last answers to a unit of the first only about by what that grows to.
    """
    top, bottom = _growth_of_first(terms, frame)
    first, odd = 0, _odd(terms, rows, level, balloon)
    for _ in range(TURNS_MAX):
        if not (closer := (2 * odd * bottom + top) // (2 * top)):
            break
        first += closer
        rows = _rows(terms, frame, financed, level, first)
        odd = _odd(terms, rows, level, balloon)
    if not odd:
        return rows
    best, solved = (rows[-1][0] < 0, abs(odd), abs(first)), first
    for near in range(solved - 2, solved + 3):
        trial = _rows(terms, frame, financed, level, near)
        rank = (trial[-1][0] < 0, abs(_odd(terms, trial, level, balloon)), abs(near))
        if rank < best:
            best, rows = rank, trial
    return rows


def _growth_of_first(terms: Terms, frame: Frame) -> tuple[int, int]:
    """What a unit paid with the first instalment spares the last one: its growth, as a fraction."""
    if terms.method is Method.EQUAL_PRINCIPAL or terms.is_flat:
        return 1, 1
    later = frame.earned[terms.grace_principal + 1 : terms.instalments]
    return prod(frame.over + share for share in later), frame.over ** len(later)


def _evened(
    terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Row]
) -> tuple[int, list[Row]]:
    """Shift the equal part while the last differs by more than half a minor unit for each instalment."""
    for _ in range(3):
        odd = _odd(terms, rows, level, balloon)
        if abs(odd) <= len(rows) // 2:
            break
        closer = evened_level(terms, level, odd, len(rows))
        trial = _rows(terms, frame, financed, closer)
        if closer == level or abs(_odd(terms, trial, closer, balloon)) >= abs(odd):
            break
        level, rows = closer, trial
    return level, rows


def _bounded(
    terms: Terms, frame: Frame, financed: int, balloon: int, level: int, rows: list[Row]
) -> tuple[int, list[Row]]:
    """The least equal part whose last instalment is no larger, or the most whose last is no smaller."""
    side = 1 if terms.remainder is Remainder.LAST_LOWER else -1
    for _ in range(STEPS_MAX):
        if side * _odd(terms, rows, level, balloon) <= 0:
            break
        level += side * terms.multiple_of
        rows = _rows(terms, frame, financed, level)
    for _ in range(STEPS_MAX):
        closer = level - side * terms.multiple_of
        if closer <= 0:
            break
        trial = _rows(terms, frame, financed, closer)
        if side * _odd(terms, trial, closer, balloon) > 0:
            break
        level, rows = closer, trial
    return level, rows


def _in_two_levels(terms: Terms, frame: Frame, financed: int, balloon: int, level: int) -> list[Row]:
    """The later instalments ask for one `multiple_of` more or less than the first ones, so many of them that the last
    asks for about the same: 0.35 in 24 are thirteen of 0.01 and eleven of 0.02.

    It is the later ones because a cent less today lowers the last by what the cent would grow to. Where less than one
    multiple each is owed, the plan is paid back before its last due dates: 0.03 in 4 are 0.01, 0.01, 0.01 and nothing.
    """
    multiple = terms.multiple_of

    def trial(first: int, later: int, count: int) -> list[Row]:
        return _rows(terms, frame, financed, first, later=later, count=count, floor=balloon)

    def is_enough(multiples: int) -> bool:
        level = multiples * multiple
        return _odd(terms, trial(level, level, 0), level, balloon) < 0

    most = max(level, sum(sum(row) for row in trial(level, level, 0)))  # whoever asks for that at once asks for enough
    low = bisect_left(range(1, most // multiple + 2), True, key=is_enough) * multiple
    if not low:
        return trial(multiple, multiple, 0)
    rises = level <= low
    first, later = (low, low + multiple) if rises else (low + multiple, low)

    def odd(count: int) -> int:
        """By how much the last differs from `count` later ones: the more of them, the further down (or up) it goes."""
        return _odd(terms, trial(first, later, count), later, balloon)

    def rank(count: int) -> tuple[bool, bool, int]:
        """Whether the last asks for too much; whether the terms want it above or below the others; how odd it is."""
        off = odd(count)
        lower, higher = off + later - min(first, later), off + later - max(first, later)
        is_wrong = {Remainder.LAST_LOWER: lower > 0, Remainder.LAST_HIGHER: higher < 0}.get(terms.remainder, False)
        return off > (later if count else 2 * first - later), is_wrong, abs(off)

    counts = range(terms.instalments - terms.grace_principal)
    beyond = bisect_left(counts, True, key=lambda count: odd(count) < 0 if rises else odd(count) > 0)
    near = [count for count in range(beyond - 2, beyond + 2) if count in counts]
    return trial(first, later, min(near, key=rank))


# The rows -------------------------------------------------------------------------------------------------------------


def _rows(
    terms: Terms,
    frame: Frame,
    financed: int,
    level: int,
    first: int = 0,
    *,
    later: int = 0,
    count: int = 0,
    floor: int | None = None,
) -> list[Row]:
    """The rows for the equal part `level`; `first` is added to the first that repays principal, and the `count` before
    the last ask for `later` instead. With a `floor` none of them pays the balance below it.
    """
    if frame.is_plain and not first and floor is None and (rows := _plain_rows(terms, frame, financed, level)):
        return rows
    flat, equal_principal = terms.is_flat, terms.method is Method.EQUAL_PRINCIPAL
    rounding, over, last = terms.rounding, frame.over, terms.instalments
    balance, uncovered, rows = financed, 0, []
    in_all = terms.interest_on is InterestOn.ADDED_ON
    shares, asked = 0, 0  # of all rows before, where they are rounded together
    for number, share in zip(range(1, last + 1), frame.earned, strict=False):
        shares = shares * in_all + share
        interest = quotient((financed if flat else balance) * shares, over, rounding) - asked if shares else 0
        asked = (asked + interest) * in_all
        if number == last:
            principal, interest = balance, interest + uncovered
        elif number <= terms.grace_principal:
            principal = 0
        else:
            part = later if number >= last - count else level
            part = max(part + first, 0) if number == terms.grace_principal + 1 else part
            if not equal_principal:
                owed = interest + uncovered
                interest = min(owed, part)
                uncovered = owed - interest
            principal = part if equal_principal else part - interest
            if floor is not None:
                principal = min(principal, max(balance - floor, 0))
        balance -= principal
        rows.append((principal, interest))
    return rows


def _deferred(rows: list[Row], grace: int) -> list[Row]:
    """The first `grace` rows ask for no interest; the next one asks for theirs as well."""
    deferred = sum(interest for _, interest in rows[:grace])
    principal, interest = rows[grace]
    return [*((principal, 0) for principal, _ in rows[:grace]), (principal, interest + deferred), *rows[grace + 1 :]]


def _plain_rows(terms: Terms, frame: Frame, financed: int, level: int) -> list[Row] | None:
    """The same for an annuity without grace, on a declining balance: nearly every plan, in half the time.

    None where an instalment does not cover its interest.
    """
    balance, over, rounding, rows = financed, frame.over, terms.rounding, []
    for share in frame.earned[: terms.instalments - 1]:
        interest = quotient(balance * share, over, rounding) if share else 0
        principal = level - interest
        if principal < 0:
            return None
        balance -= principal
        rows.append((principal, interest))
    share = frame.earned[terms.instalments - 1]
    rows.append((balance, quotient(balance * share, over, rounding) if share else 0))
    return rows
