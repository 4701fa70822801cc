"""Who decides on a limit that is asked for: the policy's own rule, the insured, or the insurer. Pure.

Within the discretionary limit a rule grants it at once, where the debtor's record is good enough; or the insured takes
it on itself. Everything else the insurer is asked.
"""

from datetime import date

from msgspec import Struct

from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.policy import InsurancePolicy


class DebtorRecord(Struct, frozen=True):
    """How a debtor has paid until now."""

    paid_orders: int  # in full
    overdue: int  # minor units that should have been paid by now
    index: int | None  # of payment in tenths: 800 is prompt, 500 is 30 days late; null: too little is known


def granted_by(policy: InsurancePolicy, record: DebtorRecord, requested: int) -> str | None:
    """The id of the rule that grants a limit at once; None: none does."""
    rule = policy.automatic
    if rule is None or requested > policy.discretionary_max or record.overdue:
        return None
    if record.paid_orders < rule.paid_orders_min or record.index is None:
        return None
    return rule.rule_id if record.index >= 10 * rule.index_min else None


def asked_for(
    policy: InsurancePolicy, record: DebtorRecord, requested: int, before: int, on: date, *, discretionary: bool,
    restricted: bool,
) -> LimitStep:  # fmt: skip
    """What becomes of a limit that is asked for; `before` is what it is now.

    To a country that is `restricted` only the insurer grants.
    """
    if not restricted:
        if rule_id := granted_by(policy, record, requested):
            return LimitStep(LimitState.GRANTED, LimitSource.RULE, requested, requested, on, rule_id)
        if discretionary and requested <= policy.discretionary_max:
            return LimitStep(LimitState.GRANTED, LimitSource.DISCRETIONARY, requested, requested, on)
    return LimitStep(LimitState.REQUESTED, LimitSource.ASKED, requested, before, on, fee=policy.limit_fee)
