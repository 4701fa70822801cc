"""What may happen to a plan after its purchase, for the operator: fees, money taken back, an early end, losses."""

from datetime import date
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from service.api.giving_up import propose_above
from service.api.plan_money import SettleBody
from service.api.verb import Names, verb
from service.checkout.request import Price
from service.errors import Code
from service.plans.acceleration import Accelerate
from service.plans.book import Command
from service.plans.charges import Levy, Waive
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.money_back import ChargeBack, ReturnOverpayment, ReturnPayment
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.reschedule import ChargeOff, Forgive
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.facts import PauseReason
from service.plans.settlement import QuoteSettlement
from service.support.arrangement import Cause

PaymentId = Annotated[str, Meta(pattern=r"^py_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
FactId = Annotated[str, Meta(pattern=r"^fa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
AnyFactId = Annotated[str, Meta(pattern=r"^(fa|py)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class ReturnBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A payment that the bank returned unpaid."""

    payment_id: PaymentId


class ChargeBackBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A payment that the consumer's bank took back, wholly or in part."""

    payment_id: PaymentId
    amount: Price  # in the plan's currency


class OverpaymentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What of an overpayment went back to the consumer."""

    amount: Price  # in the plan's currency


class CreditBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is taken off besides the consumer's payments. What is more than is owed is owed back to the consumer."""

    kind: CreditKind  # what it is: the terms say what each kind settles first
    amount: Price  # in the plan's currency
    on: date | None = None  # it counts as of this day, past or present; null: today
    returns_interest: bool | None = None  # of a refund: the interest on it comes back; null: as the terms say
    returns_costs: bool | None = None  # of a refund: its share of the costs comes back; null: as the terms say


class CorrectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The fact that was recorded by mistake."""

    fact_id: AnyFactId


class DayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The day on which it takes effect."""

    on: date | None = None  # past or present; null: today


class ChargeOffBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why collection is given up, and from which day on."""

    on: date | None = None  # past or present; null: today
    cause: Cause = Cause.CREDIT  # why the money is lost


class AccelerateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The day on which all of it falls due."""

    due_on: date  # today or later: laws give the consumer some days of notice
    why: AccelerationReason = AccelerationReason.LATE


class LevyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A fee or a penalty."""

    amount: Price  # in the plan's currency
    is_penalty: bool = False  # for paying late
    due_on: date | None = None  # null: today


class WaiveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The fee that is not asked for."""

    fee_id: FactId


class PauseCollectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is collected, and from when on."""

    why: PauseReason
    on: date | None = None  # past or present; null: today


class ResumeCollectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it was paused: that is over."""

    why: PauseReason


_CAPTURED: Final[dict[str, Any]] = {"after": ("capture_plan",)}
_PAID: Final[dict[str, Any]] = {"after": ("capture_plan", "record_payment")}


@verb("payments/return", 200, refuses=(Code.STATE_FORBIDS,), example={"payment_id": "{payment_id}"}, **_PAID)
def return_payment(body: ReturnBody, names: Names) -> Command:
    """The bank returned a payment unpaid: the plan stands as if it had not come."""
    return ReturnPayment(**names, payment_id=body.payment_id)


@verb(
    "payments/charge_back", 200, refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    example={"payment_id": "{payment_id}", "amount": 1_00}, **_PAID,
)  # fmt: skip
def charge_back(body: ChargeBackBody, names: Names) -> Command:
    """The consumer's bank took a payment back: it is owed again from today."""
    return ChargeBack(**names, payment_id=body.payment_id, amount=body.amount)


@verb(
    "overpayments/return",
    200,
    propose_above,
    refuses=(Code.AMOUNT_EXCEEDS_OUTSTANDING,),
    example={"amount": 1},
    after=("record_payment",),
)
def return_overpayment(body: OverpaymentBody, names: Names) -> Command:
    """What was paid too much went back to the consumer.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return ReturnOverpayment(**names, amount=body.amount)


@verb(
    "credits",
    201,
    propose_above,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    example={"kind": "goodwill", "amount": 10_00},
    **_CAPTURED,
)
def credit_plan(body: CreditBody, names: Names) -> Command:
    """A refund, goodwill, interest that is not asked for: it lowers what is owed by the rule for its kind.

    Goodwill is at most what was captured and asked for besides, interest at most what there is of it. More than one
    operator gives of a plan alone, now and before (`TENOR_ALONE_MAX`), waits for a second person: 202.
    """
    return Credit(
        **names, kind=body.kind, amount=body.amount, on=body.on, returns_interest=body.returns_interest,
        returns_costs=body.returns_costs,
    )  # fmt: skip


@verb(
    "corrections", 201, propose_above,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    example={"fact_id": "{fact_id}"}, **_PAID,
)  # fmt: skip
def correct_plan(body: CorrectionBody, names: Names) -> Command:
    """A fact was recorded by mistake: the plan stands as if it had never happened.

    One that moves more than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Correct(**names, undone_id=body.fact_id)


@verb(
    "fees",
    201,
    propose_above,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS),
    example={"amount": 5_00, "is_penalty": True},
    **_CAPTURED,
)
def levy_fee(body: LevyBody, names: Names) -> Command:
    """A fee or penalty is owed besides.

    A penalty is bounded as late fees are: by the terms and the law, for the instalment that is late, in a year and in
    all; where the terms have no late fee it is no more in all than was lent. None is levied while collection rests.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Levy(**names, amount=body.amount, is_penalty=body.is_penalty, due_on=body.due_on)


@verb(
    "fees/waive", 200, propose_above, refuses=(Code.STATE_FORBIDS,), example={"fee_id": "{fee_id}"},
    after=("capture_plan", "levy_fee"),
)  # fmt: skip
def waive_fee(body: WaiveBody, names: Names) -> Command:
    """A fee is not asked for after all: what was paid of it settles what else is owed, or is owed back.

    More than one operator moves alone (`TENOR_ALONE_MAX`) waits for a second person: 202.
    """
    return Waive(**names, fee_id=body.fee_id)


@verb("collection/pause", 200, refuses=(Code.STATE_FORBIDS,), example={"why": "hardship"}, **_CAPTURED)
def pause_collection(body: PauseCollectionBody, names: Names) -> Command:
    """Nothing is collected, and paying late costs nothing: a hardship, a death, a dispute."""
    return PauseCollection(**names, why=body.why, on=body.on)


@verb(
    "collection/resume", 200, refuses=(Code.STATE_FORBIDS,), example={"why": "hardship"},
    after=("capture_plan", "pause_collection"),
)  # fmt: skip
def resume_collection(body: ResumeCollectionBody, names: Names) -> Command:
    """It is collected again from today on. Days on which it rested are no days past due."""
    return ResumeCollection(**names, why=body.why)


@verb(
    "accelerate", 200, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS),
    example={"due_on": "2026-03-30", "why": "fraud"}, after=("capture_plan", "void_plan"),
)  # fmt: skip
def accelerate_plan(body: AccelerateBody, names: Names) -> Command:
    """All that is owed falls due on one day, because the consumer is late or has lied; interest ends with that day.

    The schedule ends with it. While collection rests, in a hardship or a dispute, no plan is accelerated.
    """
    return Accelerate(**names, due_on=body.due_on, why=body.why)


@verb("charge_off", 200, propose_above, refuses=(Code.STATE_FORBIDS,), after=("capture_plan", "void_plan"))
def charge_off_plan(body: ChargeOffBody, names: Names) -> Command:
    """Collection is given up; what is paid afterwards is a recovery.

    Not while collection rests for a dispute, goods on their way back or a hardship, unless it was fraud; after a death
    for that cause.

    Of more than one operator gives up alone (`TENOR_ALONE_MAX`), it waits for a second person: 202.
    """
    return ChargeOff(**names, on=body.on, cause=body.cause)


@verb("forgive", 200, propose_above, refuses=(Code.STATE_FORBIDS,), after=("capture_plan", "void_plan"))
def forgive_plan(body: DayBody, names: Names) -> Command:
    """What is still owed is let go.

    Of more than one operator gives up alone (`TENOR_ALONE_MAX`), it waits for a second person: 202.
    """
    return Forgive(**names, on=body.on)


@verb(
    "settlement_quotes",
    201,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    after=("capture_plan", "void_plan"),
)
def quote_any_settlement(body: SettleBody, names: Names) -> Command:
    """What settles a plan early, by its law: `settlement_quote`, which binds until its day ends."""
    return QuoteSettlement(**names, deferred=body.deferred, amount=body.amount)


ROUTES: Final = [
    return_payment, charge_back, return_overpayment, credit_plan, correct_plan, levy_fee, waive_fee, accelerate_plan,
    charge_off_plan, forgive_plan, quote_any_settlement, pause_collection, resume_collection,
]  # fmt: skip
