"""What the insurer pays for a debtor who was lost: by limit, country and cause, in the policy's currency. Pure."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from service.insurance.abroad import Rate
from service.insurance.insured import Sale, insured_sales
from service.insurance.limit import LimitStep
from service.insurance.policy import Insurance, Line
from service.support.arrangement import Cause
from service.support.cover import Limit, Used, cover_of, rate_of
from service.support.loss import Loss


class Indemnity(Struct, frozen=True):
    """What the insurer pays, in minor units of the policy's currency."""

    debt: int  # all that was owed, converted at the rate of the day of the loss
    insured: int  # of it: within the limit, and of a cause that the country is covered for
    cover_bps: int  # of the cause
    amount: int  # what it pays
    first_loss: int  # what of an aggregate attachment it used up
    limit: Limit | None  # why it is less than the rate of what is insured; null: it is not


def indemnity_of(
    under: Insurance, country: str, steps: Sequence[LimitStep], used: Used, rate: Rate, debtor_id: str, cause: Cause,
    on: date, sales: Sequence[Sale],
) -> Indemnity:  # fmt: skip
    """What is paid for sales that were lost on a day; their amounts are of the currency of `rate`.

    How late they were on that day decides where the arrangement bears a loss only after a time.
    """
    converted = [replace(one, amount=rate.of(one.amount)) for one in sales]
    before = used.insured_by_debtor.get(debtor_id, 0)
    found = insured_sales(under.policy, under.terms, country, steps, converted, before)
    insured = sum(one.insured for one in found if _is_covered(under, country, cause, one.on))
    late = max(one.overdue_days for one in sales)
    loss = Loss(cause, on, debtor_id, "", insured, days_past_due=late)
    cover = cover_of(under.terms, used, loss, insured)
    debt = sum(one.amount for one in converted)
    first = cover.used.first_loss - used.first_loss
    limit = cover.limit if insured else Limit.NOTHING_LEFT
    return Indemnity(debt, insured, rate_of(under.terms, loss), cover.amount, first, limit)


def _is_covered(under: Insurance, country: str, cause: Cause, sold_on: date) -> bool:
    """Whether the country is covered for losses of the cause, on the day of the sale."""
    if under.policy.line is not Line.EXPORT:
        return True
    cover = under.policy.cover_in(country, sold_on)
    return cover is not None and (cover.political if cause is Cause.POLITICAL else cover.commercial)
