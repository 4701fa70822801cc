"""What may happen to a plan after its purchase, for the operator: fees, other schedules, money taken back, losses."""

from datetime import date
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from service.api.plan_money import SettleBody
from service.api.verb import Names, verb
from service.checkout.request import Price
from service.errors import Code
from service.plans.book import Command
from service.plans.charges import Levy, Waive
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.money_back import ChargeBack, ReturnOverpayment, ReturnPayment
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running.facts import (
    DueMoved,
    Extended,
    HolidayGranted,
    InterestPaused,
    PauseReason,
    RateChanged,
    ReAged,
    ReAmortized,
)
from service.plans.settlement import QuoteSettlement
from service.terms.terms import Percent, Unit

PaymentId = Annotated[str, Meta(pattern=r"^py_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
FactId = Annotated[str, Meta(pattern=r"^fa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
AnyFactId = Annotated[str, Meta(pattern=r"^(fa|py)_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
Many = Annotated[int, Meta(ge=0, le=1200)]
Some = Annotated[int, Meta(ge=1, le=1200)]


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


class CorrectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The fact that was recorded by mistake."""

    fact_id: AnyFactId


class DayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The day on which it takes effect."""

    on: date | None = None  # past or present; null: today


class LevyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A fee or a penalty."""

    amount: Price  # in the plan's currency
    is_penalty: bool = False  # for paying late
    due_on: date | None = None  # null: today


class WaiveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The fee that is not asked for."""

    fee_id: FactId


class MoveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A due date and where it goes; those after it follow."""

    due_on: date  # the date that the schedule shows
    to: date  # where it goes


class HolidayBody(Struct, frozen=True, forbid_unknown_fields=True):
    """So many instalments due from a day ask for no principal, and as many follow the last; or for no interest."""

    on: date  # the holiday begins with the first instalment due then or later
    principal: Many = 0  # so many instalments
    interest: Many = 0  # so many instalments


class PauseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Days without interest, both included."""

    on: date  # the first day without interest
    end_on: date  # the last one


class ExtendBody(Struct, frozen=True, forbid_unknown_fields=True):
    """So many instalments more; those due from a day fall accordingly."""

    on: date  # those due from this day on are lower
    instalments: Some  # so many more


class RateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Another rate from a day on."""

    on: date  # the first day of the new rate
    rate_percent: Percent


class ReAgeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What is still owed in principal is spread anew over instalments of their own rhythm."""

    on: date  # as of this day
    first_due_on: date  # of the new instalments
    instalments: Some  # so many
    every: Some = 1  # so many units
    unit: Unit = Unit.MONTH  # of the rhythm


class ReAmortizeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Principal past due on a day is spread over the instalments not yet due."""

    on: date  # as of this day


class PauseCollectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing is collected, and from when on."""

    why: PauseReason
    on: date | None = None  # past or present; null: today


class ResumeCollectionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it was paused: that is over."""

    why: PauseReason


_CAPTURED: Final[dict[str, Any]] = {"after": ("capture_plan",)}
_PAID: Final[dict[str, Any]] = {"after": ("capture_plan", "record_payment")}
_SCHEDULES: Final[dict[str, Any]] = {"refuses": (Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS), **_CAPTURED}


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
    refuses=(Code.AMOUNT_EXCEEDS_OUTSTANDING,),
    example={"amount": 1},
    after=("record_payment",),
)
def return_overpayment(body: OverpaymentBody, names: Names) -> Command:
    """What was paid too much went back to the consumer."""
    return ReturnOverpayment(**names, amount=body.amount)


@verb(
    "credits",
    201,
    refuses=(Code.STATE_FORBIDS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    example={"kind": "goodwill", "amount": 10_00},
    **_CAPTURED,
)
def credit_plan(body: CreditBody, names: Names) -> Command:
    """A refund, goodwill, interest that is not asked for: it lowers what is owed by the rule for its kind."""
    return Credit(**names, kind=body.kind, amount=body.amount, on=body.on, returns_interest=body.returns_interest)


@verb(
    "corrections", 201, refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS, Code.AMOUNT_EXCEEDS_OUTSTANDING),
    example={"fact_id": "{fact_id}"}, **_PAID,
)  # fmt: skip
def correct_plan(body: CorrectionBody, names: Names) -> Command:
    """A fact was recorded by mistake: the plan stands as if it had never happened."""
    return Correct(**names, undone_id=body.fact_id)


@verb(
    "fees",
    201,
    refuses=(Code.STATE_FORBIDS, Code.IMPOSSIBLE_TERMS),
    example={"amount": 5_00, "is_penalty": True},
    **_CAPTURED,
)
def levy_fee(body: LevyBody, names: Names) -> Command:
    """A fee or penalty is owed besides."""
    return Levy(**names, amount=body.amount, is_penalty=body.is_penalty, due_on=body.due_on)


@verb(
    "fees/waive", 200, refuses=(Code.STATE_FORBIDS,), example={"fee_id": "{fee_id}"}, after=("capture_plan", "levy_fee")
)
def waive_fee(body: WaiveBody, names: Names) -> Command:
    """A fee is not asked for after all: what was paid of it settles what else is owed, or is owed back."""
    return Waive(**names, fee_id=body.fee_id)


@verb("due_dates", 200, example={"due_on": "2026-03-16", "to": "2026-03-20"}, **_SCHEDULES)
def move_due_date(body: MoveBody, names: Names) -> Command:
    """An instalment falls due on another day, and those after it follow."""
    return Reschedule(**names, change=DueMoved(**UNWRITTEN, on=body.due_on, to=body.to))


@verb("holidays", 200, example={"on": "2026-03-16", "principal": 1}, **_SCHEDULES)
def grant_holiday(body: HolidayBody, names: Names) -> Command:
    """Some instalments ask for less, and what follows asks for it."""
    change = HolidayGranted(**UNWRITTEN, on=body.on, principal=body.principal, interest=body.interest)
    return Reschedule(**names, change=change)


@verb("pauses", 200, example={"on": "2026-03-20", "end_on": "2026-04-20"}, **_SCHEDULES)
def pause_interest(body: PauseBody, names: Names) -> Command:
    """Some days bear no interest."""
    return Reschedule(**names, change=InterestPaused(**UNWRITTEN, on=body.on, end_on=body.end_on))


@verb("extensions", 200, example={"on": "2026-03-20", "instalments": 2}, **_SCHEDULES)
def extend_plan(body: ExtendBody, names: Names) -> Command:
    """The plan has more instalments, each lower."""
    return Reschedule(**names, change=Extended(**UNWRITTEN, on=body.on, instalments=body.instalments))


@verb("rates", 200, example={"on": "2026-03-20", "rate_percent": "4.9"}, **_SCHEDULES)
def change_rate(body: RateBody, names: Names) -> Command:
    """Another rate from a day on; the instalments not yet due follow."""
    return Reschedule(**names, change=RateChanged(**UNWRITTEN, on=body.on, rate_percent=body.rate_percent))


@verb("re_ageings", 200, example={"on": "2026-03-02", "first_due_on": "2026-04-15", "instalments": 6}, **_SCHEDULES)
def re_age(body: ReAgeBody, names: Names) -> Command:
    """The principal still owed falls due in instalments of a rhythm agreed now."""
    change = ReAged(
        **UNWRITTEN, on=body.on, first_due_on=body.first_due_on, instalments=body.instalments, every=body.every,
        unit=body.unit,
    )  # fmt: skip
    return Reschedule(**names, change=change)


@verb("re_amortizations", 200, example={"on": "2026-03-20"}, **_SCHEDULES)
def re_amortize(body: ReAmortizeBody, names: Names) -> Command:
    """Principal past due is spread over the instalments not yet due."""
    return Reschedule(**names, change=ReAmortized(**UNWRITTEN, on=body.on))


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


@verb("charge_off", 200, refuses=(Code.STATE_FORBIDS,), after=("capture_plan", "void_plan"))
def charge_off_plan(body: DayBody, names: Names) -> Command:
    """Collection is given up; what is paid afterwards is a recovery."""
    return ChargeOff(**names, on=body.on)


@verb("forgive", 200, refuses=(Code.STATE_FORBIDS,), after=("capture_plan", "void_plan"))
def forgive_plan(body: DayBody, names: Names) -> Command:
    """What is still owed is let go."""
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
    return_payment, charge_back, return_overpayment, credit_plan, correct_plan, levy_fee, waive_fee, move_due_date,
    grant_holiday, pause_interest, extend_plan, change_rate, re_age, re_amortize, charge_off_plan, forgive_plan,
    quote_any_settlement, pause_collection, resume_collection,
]  # fmt: skip
