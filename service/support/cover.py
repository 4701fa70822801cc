"""What one arrangement bears of a loss. Pure.

    insured   I = min(what is left of the loss, what the debtor's limit and the cap on defaults leave)
    by terms  c x I, from where the attachment begins
    borne     min(that, what each limit, the money paid in and those before it leave)

Attachments by the figures of Munich Re, EXIM and the like: threshold 1,000 at 85 % pays 4,250 of 5,000; minimum
retention 1,000 at 85 % pays 4,000 of 5,000 and 8,500 of 10,000.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from service.money import take_bps
from service.support.arrangement import AGGREGATES, Arrangement, Attachment, AttachmentKind, CapOf, is_among
from service.support.loss import Loss


class Limit(StrEnum):
    """Why an arrangement bears nothing, or less than its rate."""

    NOTHING_LEFT = "nothing_left"  # others bear all of it
    EXCLUDED_CAUSE = "excluded_cause"
    NOT_IN_FORCE = "not_in_force"  # on the day of the default
    NOT_ENROLLED = "not_enrolled"  # it covers the plans of its sets, and this is none of them
    TOO_EARLY = "too_early"  # fewer days past due than it waits for
    TOO_LATE = "too_late"  # more than it may be invoked after
    OUT_OF_SCOPE = "out_of_scope"  # the category of goods, or the region, is not covered
    OTHER_MONEY = "other_money"  # it bears losses of a partner's money, and there is none of it in the plan
    SMALL_LOSS = "small_loss"  # it never counts
    ATTACHMENT = "attachment"  # who is covered bears the first part
    DEBTOR_MAX = "debtor_max"
    CAP = "cap"  # of the portfolio
    LOSS_MAX = "loss_max"
    ANNUAL_MAX = "annual_max"
    AGGREGATE_MAX = "aggregate_max"
    NO_MONEY = "no_money"  # what was paid in is used up
    NOT_GRANTED = "not_granted"  # its claim was decided, and more was not granted


class Used(Struct, frozen=True):
    """What an arrangement was given and has used of its limits, in minor units."""

    is_in_force: bool = True  # false: it was closed
    is_enrolled: bool = True  # false: it covers the plans of its sets alone, and the loss is of another
    granted: int | None = None  # by the decision on its claim for this loss; null: there is none
    debtor_limit: int | None = None  # the insurer's own, of the day of the sale; null: no policy stands on it
    covered: int = 0  # principal that it ever covered
    available: int = 0  # paid in, and neither reserved nor paid out
    defaults: int = 0  # counted towards a cap on defaults
    first_loss: int = 0  # used up of an aggregate attachment
    paid: int = 0
    paid_by_year: dict[int, int] = {}
    paid_by_debtor: dict[str, int] = {}
    insured_by_debtor: dict[str, int] = {}


class Cover(Struct, frozen=True):
    """What it bears of one loss."""

    amount: int
    insured: int  # what of the loss counted
    first_loss: int  # what it used up of an aggregate attachment
    by_terms: int  # what it would bear if no limit were reached
    limit: Limit | None  # why that is more, or why it is nothing; null: neither
    used: Used  # after it


def cover_of(one: Arrangement, used: Used, loss: Loss, base: int, left: int | None = None) -> Cover:
    """What an arrangement bears of `base`, minor units of what it is for, of which nobody before it bears `left`; null:
    all of it."""
    left = base if left is None else left
    if (limit := _does_not_count(one, used, loss, base, left)) is not None:
        return Cover(0, 0, 0, 0, limit, used)
    rate = rate_of(one, loss)
    by_terms, _ = _attached(one, used, base, rate)
    insured, limit = _insured(one, used, loss, base)
    amount, first_loss = _attached(one, used, insured, rate)
    for most, reached in [*_limits(one, used, loss), (left, Limit.NOTHING_LEFT)]:
        if most < amount:
            amount, limit = most, reached
    if not by_terms:
        limit = Limit.ATTACHMENT
    elif amount == by_terms:
        limit = None
    return Cover(amount, insured, first_loss, by_terms, limit, _after(used, loss, insured, amount, first_loss))


def rate_of(one: Arrangement, loss: Loss) -> int:
    """The cover rate in basis points: the first of its rates that fits the plan, or the one for all."""
    for rate in one.rates:
        fits = (
            rate.segment in (None, loss.segment)
            and rate.category in (None, loss.category)
            and (rate.region is None or is_among(loss.region, [rate.region]))
            and rate.is_first_time in (None, loss.is_first_time)
            and rate.cause in (None, loss.cause)
            and (rate.lent_max is None or 0 < loss.lent <= rate.lent_max)
        )
        if fits:
            return rate.cover_bps
    return one.cover_bps


def _does_not_count(one: Arrangement, used: Used, loss: Loss, base: int, left: int) -> Limit | None:
    if loss.cause not in one.causes:
        return Limit.EXCLUDED_CAUSE
    if not (used.is_in_force and one.begins_on <= loss.on <= one.ends_on):
        return Limit.NOT_IN_FORCE
    if not used.is_enrolled:
        return Limit.NOT_ENROLLED
    if loss.days_past_due < one.invoke_after_days:
        return Limit.TOO_EARLY
    if one.invoke_by_days and loss.days_past_due > one.invoke_by_days:
        return Limit.TOO_LATE
    if one.regions and not is_among(loss.region, one.regions):
        return Limit.OUT_OF_SCOPE
    if one.categories and loss.category not in one.categories:
        return Limit.OUT_OF_SCOPE
    if one.beneficiary_id is not None and all(held.partner_id != one.beneficiary_id for held in loss.holders):
        return Limit.OTHER_MONEY
    if not left:
        return Limit.NOTHING_LEFT
    return Limit.SMALL_LOSS if base < one.small_loss_max else None


def _insured(one: Arrangement, used: Used, loss: Loss, left: int) -> tuple[int, Limit | None]:
    """What of it counts, and what keeps the rest from it."""
    insured, limit = left, None
    for most in (one.debtor_max or None, used.debtor_limit):
        room = insured if most is None else max(most - used.insured_by_debtor.get(loss.debtor, 0), 0)
        if room < insured:
            insured, limit = room, Limit.DEBTOR_MAX
    if one.cap is not None and one.cap.base is CapOf.GROSS_DEFAULTS:
        room = max(take_bps(used.covered, one.cap.rate_bps) - used.defaults, 0)
        if room < insured:
            insured, limit = room, Limit.CAP
    return insured, limit


def _attached(one: Arrangement, used: Used, insured: int, rate: int) -> tuple[int, int]:
    """What it pays of so much insured; what of an aggregate attachment is used up."""
    counted, pays = _of_one_loss(one.attachment, insured, rate)
    of_all = one.aggregate or one.attachment
    if of_all is None or of_all.kind not in AGGREGATES:
        return pays, 0
    left = max(of_all.amount - used.first_loss, 0)  # a newer version may have lowered it below what is used up
    if of_all.kind is AttachmentKind.AGGREGATE_BY_INDEMNITY:
        borne = min(pays, left)
        return pays - borne, borne
    borne = min(counted, left)
    return take_bps(counted - borne, rate), borne


def _of_one_loss(attachment: Attachment | None, insured: int, rate: int) -> tuple[int, int]:
    """What counts of one loss that is insured so far, and what is paid of that."""
    indemnity = take_bps(insured, rate)
    if attachment is None:
        return insured, indemnity
    match attachment.kind:
        case AttachmentKind.THRESHOLD if insured <= attachment.amount:
            return 0, 0
        case AttachmentKind.MINIMUM_RETENTION:
            return insured, max(insured - max(attachment.amount, insured - indemnity), 0)
        case AttachmentKind.EACH_AND_EVERY:
            counted = max(insured - attachment.amount, 0)
            return counted, take_bps(counted, rate)
        case _:
            return insured, indemnity


def _limits(one: Arrangement, used: Used, loss: Loss) -> list[tuple[int, Limit]]:
    """What each limit leaves to be paid."""
    found: list[tuple[int, Limit]] = []
    if one.loss_max:
        found.append((one.loss_max, Limit.LOSS_MAX))
    if one.debtor_paid_max:
        found.append((one.debtor_paid_max - used.paid_by_debtor.get(loss.debtor, 0), Limit.DEBTOR_MAX))
    if one.annual_max:
        found.append((one.annual_max - used.paid_by_year.get(loss.on.year, 0), Limit.ANNUAL_MAX))
    if one.aggregate_max:
        found.append((one.aggregate_max - used.paid, Limit.AGGREGATE_MAX))
    if one.cap is not None and one.cap.base is CapOf.PAYMENTS:
        found.append((take_bps(used.covered, one.cap.rate_bps) - used.paid, Limit.CAP))
    if one.funded:
        found.append((used.available, Limit.NO_MONEY))
    if used.granted is not None:
        found.append((used.granted, Limit.NOT_GRANTED))
    return [(max(most, 0), limit) for most, limit in found]


def _after(used: Used, loss: Loss, insured: int, amount: int, first_loss: int) -> Used:
    return replace(
        used,
        available=max(used.available - amount, 0),
        defaults=used.defaults + insured,
        first_loss=used.first_loss + first_loss,
        paid=used.paid + amount,
        paid_by_year=_more(used.paid_by_year, loss.on.year, amount),
        paid_by_debtor=_more(used.paid_by_debtor, loss.debtor, amount),
        insured_by_debtor=_more(used.insured_by_debtor, loss.debtor, insured),
    )


def returned(one: Arrangement, used: Used, loss: Loss, amount: int) -> Used:
    """After so much of what it paid came back: where that is reinstated, it is as if it had never been paid.

    The rules for guarantees of a portfolio (RBI, 2022) forbid it: what was invoked once is used up, not even a recovery
    fills it up again.
    """
    if not one.reinstatable or not amount:
        return used
    return replace(
        used,
        available=used.available + amount,
        paid=used.paid - amount,
        paid_by_year=_more(used.paid_by_year, loss.on.year, -amount),
        paid_by_debtor=_more(used.paid_by_debtor, loss.debtor, -amount),
    )


def _more(so_far: dict[Any, int], key: object, amount: int) -> dict[Any, int]:
    return so_far | {key: so_far.get(key, 0) + amount}
