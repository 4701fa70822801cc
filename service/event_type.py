"""The types of events: a closed list, as the codes of refusals are one."""

from enum import StrEnum


class EventType(StrEnum):
    """What a merchant is told of, each with what its data hold; amounts are minor units.

    Those of a plan, deposit or payment begin with `plan_id`, and the plan's `state` and `version` after the event.
    """

    AUTHORIZED = "plan.authorized"  # an offer was accepted: `kind`, `amount`, `currency`
    CAPTURED = (
        "plan.captured"  # number `capture`: `amount` is owed, by its `lines`; `merchant_fee`; `voided`: given back
    )
    VOIDED = "plan.voided"  # the merchant gave back what was left to capture: `amount`
    EXPIRED = "plan.expired"  # nobody captured what was left in time: `amount` is given back
    CLAIMED = (
        "deposit.claimed"  # `capture`: `amount` = `from_held` + `owed`; `released`, `merchant_fee`, `lines`, `evidence`
    )
    RELEASED = "deposit.released"  # `amount` is given back, `from_held` of it on the card
    PAID = "payment.recorded"  # `payment_id`, `received_on`: `amount` = `principal` + `interest` + `fee`; `outstanding`
    LIMIT_CHANGED = "account.limit_changed"  # of `consumer` in `currency`: `limit_before`, `limit`, `rule`, `version`
    REVIEWED = "checkout.reviewed"  # a person decided `referral_id`: `outcome`, `decision_id`, `merchant_reference`
