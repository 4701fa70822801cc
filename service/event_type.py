"""The types of events: a closed list, as the codes of refusals are one."""

from enum import StrEnum


class EventType(StrEnum):
    """What a merchant is told of, each with what its data hold; amounts are minor units.

    Those of a plan, deposit, payment, fee, instalment or dispute begin with `plan_id`, and the plan's `state`, its
    `version` and what is `outstanding` after the event. What money settled is told by its parts; what was taken back
    counts negative.

    Those that begin with share are told to a partner, of its share of a plan, and hold what a row of its TXN file does.
    Those of arrangements, cover, debtors and packs are told to who bears losses by them, those of claims to the
    partners whose money it is, too.
    """

    AUTHORIZED = "plan.authorized"  # an offer was accepted: `kind`, `amount`, `currency`
    AMENDED = (
        "plan.amended"  # from `amount_before` to `amount`; `remaining` may be captured; `total_cost`, `total_payable`
    )
    AUTHORIZATION_EXTENDED = "plan.authorization_extended"  # by `days`, until `capture_by`; `remaining` may be captured
    EXPIRES_SOON = (
        "plan.expires_soon"  # in `days`, at `capture_by`; `remaining`; `extendable_days`, `extends_by_itself`
    )
    CONFIRMED = (
        "plan.confirmed"  # `remaining` may be captured until `capture_by`; `permission_id`; proved: `authenticated`, of
    )
    USE_STARTED = "plan.use_started"  # at `at`: it may be captured until `capture_by`, `remaining` at most
    USE_ENDED = "plan.use_ended"  # at `at`: it may be captured until `capture_by`, `remaining` at most
    CAPTURED = (  # `capture`, `reference`: `amount` by `lines`, `beyond` the agreed; `merchant_fee`; `merchant_cost`:
        "plan.captured"  # what of the plan's costs the merchant pays; `voided`
    )
    CAPTURE_LOWERED = (
        "plan.capture_lowered"  # `capture`, from `amount_before` to `amount` by `lines`, `because`; as `refund_id`
    )
    CAPTURE_REVERSED = (  # `capture`, `amount`, `reference`, `merchant_fee`, `merchant_cost`: taken back;
        "plan.capture_reversed"  # `remaining`, `overpaid`
    )
    VOIDED = "plan.voided"  # the merchant gave back what was left to capture: `amount`
    EXPIRED = (
        "plan.expired"  # nobody captured what was left: `amount` is given back; it may be until `late_capture_until`
    )
    CLAIM_MADE = (
        "deposit.claim_made"  # `claim_id`: `amount` by `lines`, `final`, `reference`, `evidence`; until `contest_until`
    )
    CLAIM_CONTESTED = "deposit.claim_contested"  # `claim_id`: the consumer contests `amount`, in their `words`
    CLAIM_LOWERED = "deposit.claim_lowered"  # `claim_id`: from `amount_before` to `amount`, by `lines`
    CLAIM_CLOSED = "deposit.claim_closed"  # `claim_id`: nothing is taken of `amount`; the `outcome`
    CLAIMED = (  # of a deposit, as `capture`: `amount` = `from_held` + `owed` is taken; `released` is given back;
        "deposit.claimed"  # `merchant_fee`, `lines`, `evidence`; `claim_id`, if it could be contested
    )
    WITHDRAWN = "plan.withdrawn"  # from the credit: `principal` and `interest` are owed until `repay_by` ends; `voided`
    RELEASES_SOON = "deposit.releases_soon"  # in `days`, at `released_at`, unless it is claimed: what is `remaining`
    RELEASED = (
        "deposit.released"  # `amount` is given back, `from_held` of it on the card; `by_itself`: nobody claimed it
    )
    TOPPED_UP = "deposit.topped_up"  # by `amount` = `waived` + `held` to `deposit`; `remaining` may be claimed
    PAID = (  # `payment_id`, `received_on`, `received_by`: `amount`
        "payment.recorded"  # = `principal` + `interest` + `fee` + `penalty` + `overpaid`
    )
    PAYMENT_RETURNED = "payment.returned"  # the bank returned it unpaid: `payment_id`, `amount`
    CHARGED_BACK = "payment.charged_back"  # the consumer's bank took `amount` of `payment_id` back: it is owed again
    OVERPAYMENT_RETURNED = "payment.overpayment_returned"  # `amount` went back to the consumer; `overpaid` is left
    REFUNDED = (
        "plan.refunded"  # `refund_id`, `amount`: goods came back, their `lines` less a `return_fee`; `refunded` in all
    )
    FEE_LEVIED = "fee.levied"  # `fee_id`: `amount` is owed besides, `due_on`; `is_penalty`
    FEE_WAIVED = "fee.waived"  # `fee_id` is not asked for after all: `amount`
    CREDITED = "plan.credited"  # `credit_id`: `amount` of a `kind` was taken off as of `effective_on`
    CORRECTED = "plan.corrected"  # `fact_id` was a mistake, by a person or by time, and never happened; which `fact`
    RESCHEDULED = "plan.rescheduled"  # the schedule was changed: which `change`, `effective_on`
    CONVERTED = "plan.converted"  # `overdue` and all else owed is due in `instalments`, from `first_due_on` on
    SETTLEMENT_QUOTED = "plan.settlement_quoted"  # `amount`, paid until `good_until` ends, settles it: `quote_id`
    DUE_SOON = "instalment.due_soon"  # in some days, when autopay takes it: number `instalment`, `due_on`, `amount`
    DUE = "instalment.due"  # today: number `instalment`, `due_on`, `amount`
    OVERDUE = "instalment.overdue"  # since yesterday: number `instalment`, `due_on`, `amount`
    AGED = "plan.aged"  # so many `days_past_due`, the oldest `since` its due date: the next bucket
    COLLECTION_PAUSED = "plan.collection_paused"  # nothing is collected from `effective_on` on, and `why`
    COLLECTION_RESUMED = "plan.collection_resumed"  # it is again from `effective_on` on; `why` it was not
    DISPUTE_OPENED = (
        "dispute.opened"  # `dispute_id`: `opened_by` disputes `amount`: `reason`, `words`, `reference`; `respond_by`
    )
    DISPUTE_ANSWER_DUE = "dispute.answer_due"  # soon: to `dispute_id`, `amount`, until `respond_by` ends
    DISPUTE_ANSWERED = "dispute.answered"  # by the merchant: `dispute_id`
    DISPUTE_ASKED_AGAIN = "dispute.asked_again"  # `dispute_id`: the answer does not do; another until `respond_by` ends
    DISPUTE_CLOSED = "dispute.closed"  # `dispute_id`, its `outcome`, and the `amount` that is refunded
    ACCELERATED = (
        "plan.accelerated"  # all `outstanding` falls due on `due_on`, `why`; `not_asked_for`: interest of later days
    )
    CHARGED_OFF = "plan.charged_off"  # collection was given up: `amount`, `cause`
    FORGIVEN = "plan.forgiven"  # what was still owed was let go: `amount`
    LIMIT_CHANGED = "account.limit_changed"  # of `consumer` in `currency`: `limit_before`, `limit`, `rule`, `version`
    REVIEWED = "checkout.reviewed"  # a person decided `referral_id`: `outcome`, `decision_id`, `merchant_reference`
    CHARGE_MADE = "charge.made"  # money is pulled for `plan_id`: `charge_id`, `amount`, its `origin`
    CHARGE_SUCCEEDED = "charge.succeeded"  # it came, as `payment_id`: `plan_id`, `charge_id`, `amount`
    CHARGE_DECLINED = (
        "charge.declined"  # `plan_id`, `charge_id`, `amount`, `reason`; tried again `retry_at`, or `is_stopped`
    )
    CHARGE_RETURNED = (
        "charge.returned"  # with `payment_id`: `plan_id`, `charge_id`, `amount`, `reason`, `retry_at`, `is_stopped`
    )
    HOLD_PLACED = "hold.placed"  # a deposit is held on the card: `plan_id`, `hold_id`, `amount`, `expires_at`
    HOLD_DECLINED = (  # it is not: `plan_id`, `hold_id`, `amount`, `reason`;
        "hold.declined"  # `is_stopped`: it is not asked for again until another instrument is named
    )
    HOLD_CAPTURED = "hold.captured"  # of `amount` held `captured` was taken, the rest let go: `plan_id`, `hold_id`
    HOLD_RELEASED = "hold.released"  # it was let go: `plan_id`, `hold_id`, `amount`
    HOLD_EXPIRED = "hold.expired"  # its time was over: `plan_id`, `hold_id`, `amount`
    REFUND_PAID = (
        "refund.paid"  # what was overpaid went back to what it was paid with: `plan_id`, `payback_id`, `amount`
    )
    REFUND_FAILED = (  # it did not reach the consumer, or their bank has sent it back: it is owed to them again:
        "refund.failed"  # `plan_id`, `payback_id`, `amount`, `reason`
    )
    INSTRUMENT_GIVEN = "instrument.given"  # `consumer` may be charged by `instrument_id`
    INSTRUMENT_REMOVED = "instrument.removed"  # `consumer` is charged no more by `instrument_id`
    PERMISSION_GIVEN = "permission.given"  # `consumer` agrees to every order of a `scenario`: `permission_id`
    PERMISSION_REVOKED = "permission.revoked"  # `consumer` confirms each order of a `scenario` again: `permission_id`
    SETTLEMENT_MADE = (  # `settlement_id`, the `number` of its `currency`, of all until `business_on`:
        "settlement.made"  # `payout` is paid on `pays_on`, `closing` carried on
    )
    SETTLEMENT_ADJUSTED = (  # by `amount` in `currency`, which is in the next one:
        "settlement.adjusted"  # `adjustment_id`, `reason`, `reference`
    )
    SUBSIDISED = "plan.subsidised"  # `scheme_id` pays `amount` of the interest that is due on `effective_on`
    SUBSIDY_RETURNED = (
        "plan.subsidy_returned"  # `scheme_id` got `amount` back, from `effective_on` on: the consumer owes it
    )
    VOUCHER_REDEEMED = (  # `voucher_id` of `scheme_id`, for the order `reference`:
        "voucher.redeemed"  # `amount` in `currency` is owed to you, and in the next settlement
    )
    VOUCHER_RETURNED = (  # `voucher_id` of `scheme_id`, for the order `reference`:
        "voucher.returned"  # `amount` in `currency` went back to the scheme with what came back
    )
    RECEIVABLE_BOUGHT = (  # `receivable_id`, by `assignment_id`, of `batch_id`:
        "receivable.bought"  # `amount` in `currency`, of which `advance` is owed to you, and in the next settlement
    )
    RECEIVABLE_ENDED = (  # `receivable_id` of `assignment_id`, in `currency`, is over: `state`;
        "receivable.ended"  # `released` is owed to you, below zero by you, and in the next settlement
    )
    RECEIVABLE_NOTIFIED = (  # who owes `receivable_id` pays only us since `notified_on`:
        "receivable.notified"  # `assignment_id`
    )
    RECEIVABLE_REMIT = (  # what you collected of `receivable_id` is ours: `payment_id`, `amount` in `currency`
        "receivable.remit"  # until `due_on` ends; `is_misdirected`: it should have been paid to us
    )
    PAYOUT_ORDERED = (
        "payout.ordered"  # from our bank: `payout_id` of `settlement_id`, `amount`, `currency`, its `tries`
    )
    PAYOUT_PAID = (  # it left our bank: `payout_id` of `settlement_id`, `amount`, `currency`, `tries`, `reference`;
        "payout.paid"  # `word_of`: bank where its statement shows it, operator where a person says so
    )
    PAYOUT_RETURNED = (  # `payout_id` of `settlement_id`, `amount`, `currency`, `tries`, and why: `reference`,
        "payout.returned"  # by the `word_of` bank or operator; `given_up`: owed again, in the next settlement
    )
    ENDPOINT_TESTED = "endpoint.tested"  # somebody asked for it, to see that it arrives: `endpoint_id`
    INSTRUMENT_NAMED = "collection.instrument_named"  # `plan_id` is paid by `instrument_id` from now on
    FILE_MADE = "file.made"  # ours of a day: `file_id` of `programme_id`, its `kind`, `number` and `business_on`
    FILE_RECEIVED = "file.received"  # a partner's was loaded: `file_id` of `programme_id`, `kind`, `business_on`
    FILE_REFUSED = (  # a partner's was not loaded, `file_id` of `programme_id`, `kind`, `business_on`:
        "file.refused"  # `reason` for programs, and in `words`
    )
    FILE_WITHDRAWN = "file.withdrawn"  # a partner took it back: `file_id` of `programme_id`, `kind`, `business_on`
    RECONCILIATION_FINISHED = (
        "reconciliation.finished"  # `business_on` of `programme_id` was compared: `reconciliation_id`, `verdict`
    )
    BREAK_OPENED = (  # found, or found again: `break_id` of `programme_id` (null: of payouts), `kind`, `state`,
        "break.opened"  # `amount` in `currency`, `owner`, `due_on`
    )
    BREAK_CHANGED = (  # another class or owner: `break_id` of `programme_id`, `kind`, `state`,
        "break.changed"  # `amount` in `currency`, `owner`, `due_on`
    )
    BREAK_COMMENTED = (  # its history says what was said: `break_id` of `programme_id`, `kind`, `state`,
        "break.commented"  # `amount` in `currency`, `owner`, `due_on`
    )
    BREAK_RESOLVED = (  # its history says by what: `break_id` of `programme_id`, `kind`, `state`,
        "break.resolved"  # `amount` in `currency`, `owner`, `due_on`
    )
    ARRANGEMENT_AGREED = "arrangement.agreed"  # `arrangement_id`, which you bear, in a new `version`
    PARTNER_PAYOUT_ORDERED = (  # from our bank: `payout_id` of `programme_id` for `business_on`, its `settlement_id`:
        "partner_payout.ordered"  # `amount` in `currency`, `end_to_end_id`, `tries`
    )
    PARTNER_PAYOUT_PAID = (  # it left our bank: `payout_id` of `programme_id` for `business_on`, its `settlement_id`:
        "partner_payout.paid"  # `amount` in `currency`, `end_to_end_id`, `tries`, `reference`, `word_of` as payout.paid
    )
    PARTNER_PAYOUT_RETURNED = (  # `payout_id` of `programme_id` for `business_on`, its `settlement_id`, came back:
        "partner_payout.returned"  # `amount`, `currency`, `end_to_end_id`, `tries`, `reference`, `word_of`, `given_up`
    )
    TRANSFER_REQUESTED = (  # `transfer_id` of what you have or are to have of `plan_id`, `kind`; it changes hands
        "ownership_transfer.requested"  # at the close of `settlement_on`, for `ratio` x the principal held then
    )
    TRANSFER_COMPLETED = (  # `transfer_id` of `plan_id`, `kind`: it changed hands at the close of `settlement_on`,
        "ownership_transfer.completed"  # `principal` for its `price` in `currency`, `interest` with it
    )
    TRANSFER_DECLINED = (  # `transfer_id` of `plan_id`, `kind`: nothing changes hands on `settlement_on`, for the
        "ownership_transfer.declined"  # `reason` that nothing is owed any more, say
    )
    TRANSFER_CANCELLED = (  # `transfer_id` of `plan_id`, `kind`: nothing changes hands on `settlement_on`, for the
        "ownership_transfer.cancelled"  # `reason` that it was called off, or sold and bought back on one day
    )
    ARRANGEMENT_CHANGED = (  # `arrangement_id` is in another `state`: open, suspended or closed; or, of a
        "arrangement.changed"  # pool, at its line of alarm; its `ratio_bps`, where it came to a line
    )
    COVER_LOST = (  # `plan_id` had ended and owes again, and `arrangement_id` bears no loss of it any more, for the
        "cover.lost"  # `reason` that there is no room for it in `cover_set_id`
    )
    DEBTOR_LIMIT_ASKED = (  # of `debtor_id` under `policy_id`, from `effective_on` on: `amount` in `currency`; its
        "debtor_limit.asked"  # `state`: requested waits for your answer, granted was within what the policy allows
    )
    DEBTOR_OVERDUE = (  # `debtor_id` under `policy_id` owes `amount` in `currency` since `due_on`, for as long as
        "debtor.overdue"  # the policy says that you are told
    )
    INSURER_SETTLED = (  # `settlement_id` with you, until `business_on`: its `state` is made, ordered, paid or
        "insurer_settlement.changed"  # returned; `amount` in `currency` is yours, below zero ours
    )
    PACK_MADE = "insurance_pack.made"  # `pack_id`: your debtors in the month that began on `begin_on`, `records` rows
    CLAIM_CHANGED = (  # `claim_id` on `arrangement_id`, of `loss_id`, is in another `state`:
        "claim.changed"  # `claimed`, `approved` and `paid` in `currency`
    )
    CLAIM_DEADLINE = "claim.deadline"  # `claim_id`: `what` is to be done by `due_on`, in `days`
    APPROVAL_PROPOSED = "approval.proposed"  # `approval_id` waits for a second operator: the `act`, about which `thing`
    APPROVAL_DECIDED = "approval.decided"  # `approval_id`, the `act` about a `thing`: its `state`
    REFERRED = (  # `decision_id` waits for a person until `review_by`:
        "checkout.referred"  # `amount` in `currency`, for the `merchant_reference`
    )
    SHARE_FUNDING = "share.funding"  # goods were captured: the partner's part of the principal
    SHARE_REPAYMENT = "share.repayment"  # the consumer paid
    SHARE_REFUND = "share.refund"  # goods came back
    SHARE_EARLY_SETTLEMENT = "share.early_settlement"  # the consumer paid all that was left before it was due
    SHARE_FEE = "share.fee"  # a fee or a penalty was paid
    SHARE_ADJUSTMENT = "share.adjustment"  # a credit, or what was recorded by mistake
    SHARE_CHARGE_OFF = "share.charge_off"  # collection was given up: the partner's part of the loss
    SHARE_RECOVERY = "share.recovery"  # money came after that
    SHARE_LOSS = "share.loss"  # others bear a part of a loss, by which the partner bears less; or more, after all
    SHARE_SALE = "share.sale"  # the share went to another owner
    SHARE_BUY_BACK = "share.buy_back"  # ... and came back
