"""Each POST about a plan that the app has, by its route: what it asks a plan in memory, and whether that is refused.

A verb is named by the last words of its route: `capture` is the merchant's, `operator/fees` an operator's.
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from service.actor import Actor, ActorKind
from service.authentication.asked import require_waiting
from service.payments.charge import amount_to_charge
from service.plans.acceleration import Accelerate
from service.plans.amend import Amend
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.charges import Levy, Waive
from service.plans.contest import ContestClaim, DecideClaim, LowerClaim, WithdrawClaim
from service.plans.convert import Convert
from service.plans.correction import Correct
from service.plans.credits import Credit, CreditKind
from service.plans.deposit import Claim, Release
from service.plans.dispute import AnswerDispute, AskAgain, CloseDispute, OpenDispute
from service.plans.guard import ExtendAuthorization
from service.plans.happening import today_of
from service.plans.lower import LowerCapture
from service.plans.money_back import ChargeBack, Refund, ReturnOverpayment, ReturnPayment
from service.plans.offer import Authenticator
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import RecordPayment
from service.plans.plan import Plan
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.reverse import ReverseCapture
from service.plans.running import facts
from service.plans.running.dispute_facts import DisputeOpener, DisputeReason, DisputeState
from service.plans.settlement import QuoteSettlement
from service.plans.subsidised import ReturnSubsidy
from service.plans.top_up import TopUp
from service.plans.use import Confirm, EndUse, StartUse
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from tests.plans.lives import MERCHANT_ACTS, NOON, Life

OPERATOR: Final = Actor(ActorKind.OPERATOR, "op_1")
PROCESSOR: Final = Actor(ActorKind.PROCESSOR, "pr_1")
WHO: Final = ("", "operator/", "processor/")  # how the names of routes begin, by who asks

Arguments = dict[str, Any]
Lived = tuple[Life, str]
Verb = Callable[[Life, str], object]  # Refused, where the plan as it stands does not allow it


def route_of(name: str) -> str:
    """The route of a verb: `operator/fees` is `POST /v1/operator/plans/{plan_id}/fees`."""
    who = next((who for who in WHO[1:] if name.startswith(who)), "")
    words = name.removeprefix(who)
    return f"POST /v1/{name}" if who == "processor/" else f"POST /v1/{who}plans/{{plan_id}}/{words}"


def due_moved(due_on: date, to: date) -> facts.DueMoved:
    """The lender moves a due date, as its route has it."""
    return facts.DueMoved(**UNWRITTEN, on=due_on, to=to)


class Does:
    """A command of the plan's, with what its route asks for."""

    def __init__(self, command: type[PlanCommand], more: Callable[[Plan], Arguments] | None = None) -> None:
        self.command, self.more = command, more

    def by(self, actor: Actor) -> Verb:
        """The same, asked by somebody."""

        def verb(life: Life, plan_id: str) -> None:
            more = self.more(life.plans[plan_id]) if self.more else {}
            for word, kind in _NAMED.items():
                if more.get(word) == "":
                    more[word] = _last(life, plan_id, kind)
            life.do(self.command, plan_id, **more, actor=actor)

        return verb


def _asks(command: type[PlanCommand], **more: Any) -> Does:
    return Does(command, lambda _: dict(more))


def _changes(change: Callable[[date], facts.AnyFact]) -> Does:
    return Does(Reschedule, lambda plan: {"change": change(plan.changed_at.date())})


def _last(life: Life, plan_id: str, kind: type[facts.AnyFact] | None) -> str:
    found = [one.fact.id for one in life.facts[plan_id] if kind is None or isinstance(one.fact, kind)]
    return found[-1] if found else "py_none"


def _last_due(plan: Plan) -> date:
    return max((line.due_on for line in plan.lines), default=NOON.date())


def _put_off(plan: Plan) -> Arguments:
    return {"due_on": _last_due(plan), "to": _last_due(plan) + timedelta(1)}


def _move(plan: Plan) -> Arguments:
    return {"change": due_moved(_last_due(plan), _last_due(plan) + timedelta(1))}


def _charge(life: Life, plan_id: str) -> None:
    amount_to_charge(life.plans[plan_id], None, today_of(life.plans[plan_id], life.now))


def _authenticate(life: Life, plan_id: str) -> None:
    require_waiting(life.plans[plan_id], Authenticator.CODE)


_NAMED: Final[dict[str, type[facts.AnyFact] | None]] = {
    "payment_id": facts.Paid,
    "fee_id": facts.Levied,
    "undone_id": None,
}
_PAY, _REFUND = _asks(RecordPayment, amount=1_00), _asks(Refund, amount=1_00)
_DISPUTE, _QUOTE = _asks(OpenDispute, reason=DisputeReason.NOT_RECEIVED), _asks(QuoteSettlement)
_CONVERT, _WITHDRAW, _CONTEST = (
    _asks(Convert, instalments=3),
    _asks(Withdraw),
    _asks(ContestClaim, words="It was broken."),
)

MERCHANTS: Final = {
    "confirm": _asks(Confirm),
    "use/start": _asks(StartUse),
    "use/end": _asks(EndUse),
    "amend": Does(Amend, lambda plan: {"amount": plan.amounts.amount + 1_00}),
    "top_up": _asks(TopUp, amount=1_00),
    "extend_authorization": _asks(ExtendAuthorization, days=1),
    "capture": Does(Capture, lambda plan: {"amount": max(1, plan.remaining)}),
    "captures/reverse": _asks(ReverseCapture, capture=1),
    "captures/lower": _asks(LowerCapture, capture=1, amount=1_00, because="A mistake."),
    "convert": _CONVERT,
    "void": _asks(Void),
    "claims": Does(Claim, lambda plan: {"amount": max(1, plan.remaining)}),
    "claims/contest": _CONTEST,
    "claims/lower": _asks(LowerClaim, amount=1_00),
    "claims/withdraw": _asks(WithdrawClaim),
    "release": _asks(Release),
    "payments": _PAY,
    "refunds": _REFUND,
    "returns": _asks(PauseCollection, why=facts.PauseReason.RETURN),
    "returns/withdraw": _asks(ResumeCollection, why=facts.PauseReason.RETURN),
    "withdrawal": _WITHDRAW,
    "settlement_quotes": _QUOTE,
    "due_dates": Does(PostponeDueDate, _put_off),
    "disputes": _DISPUTE,
    "disputes/answer": _asks(AnswerDispute, evidence="It was signed for."),
    "disputes/accept": _asks(CloseDispute, outcome=DisputeState.ACCEPTED),
}
OPERATORS: Final = {
    "payments": _PAY,
    "payments/return": _asks(ReturnPayment, payment_id=""),
    "payments/charge_back": _asks(ChargeBack, payment_id="", amount=1_00),
    "overpayments/return": _asks(ReturnOverpayment, amount=1_00),
    "refunds": _REFUND,
    "credits": _asks(Credit, kind=CreditKind.GOODWILL, amount=1_00),
    "withdrawal": _WITHDRAW,
    "convert": _CONVERT,
    "settlement_quotes": _QUOTE,
    "disputes": _DISPUTE,
    "disputes/ask_again": _asks(AskAgain),
    "disputes/decide": _asks(CloseDispute, outcome=DisputeState.WON),
    "claims/contest": _CONTEST,
    "claims/decide": _asks(DecideClaim, amount=1_00),
    "fees": _asks(Levy, amount=1_00),
    "fees/waive": _asks(Waive, fee_id=""),
    "collection/pause": _asks(PauseCollection, why=facts.PauseReason.HARDSHIP),
    "collection/resume": _asks(ResumeCollection, why=facts.PauseReason.HARDSHIP),
    "due_dates": Does(Reschedule, _move),
    "holidays": _changes(lambda on: facts.HolidayGranted(**UNWRITTEN, on=on, principal=1)),
    "pauses": _changes(lambda on: facts.InterestPaused(**UNWRITTEN, on=on, end_on=on + timedelta(10))),
    "extensions": _changes(lambda on: facts.Extended(**UNWRITTEN, on=on, instalments=1)),
    "rates": _changes(lambda on: facts.RateChanged(**UNWRITTEN, on=on, rate_percent=Decimal("4.9"))),
    "re_ageings": _changes(lambda on: facts.ReAged(**UNWRITTEN, on=on, first_due_on=on + timedelta(30), instalments=3)),
    "re_amortizations": _changes(lambda on: facts.ReAmortized(**UNWRITTEN, on=on)),
    "accelerate": Does(Accelerate, lambda plan: {"due_on": plan.changed_at.date(), "why": "fraud"}),
    "charge_off": _asks(ChargeOff),
    "forgive": _asks(Forgive),
    "return_subsidy": _asks(ReturnSubsidy),
    "corrections": _asks(Correct, undone_id=""),
}
PROCESSORS: Final = {
    "disputes": _asks(
        OpenDispute, reason=DisputeReason.NOT_RECEIVED, opened_by=DisputeOpener.PROCESSOR, reference="dp_1"
    ),
    "disputes/decide": _asks(CloseDispute, outcome=DisputeState.WON),
}
VERBS: Final[dict[str, Verb]] = {
    **{name: does.by(MERCHANT_ACTS) for name, does in MERCHANTS.items()},
    "charges": _charge,
    "authentications": _authenticate,
    **{f"operator/{name}": does.by(OPERATOR) for name, does in OPERATORS.items()},
    "operator/charges": _charge,
    **{f"processor/{name}": does.by(PROCESSOR) for name, does in PROCESSORS.items()},
}
# `tests/flows/test_whatever_state.py` holds that these are done whatever has become of a plan.
WHATEVER_STATE: Final = {
    "sessions": "a page may ask about it; what it asks is answered as `authentications` is",
    "instrument": "with what it is paid, should it be owed again",
    "operator/instrument": "the same, said by the lender",
    "operator/efforts": "how somebody tried to have its money paid",
    "operator/ownership-transfers": "a part of it changes hands, whatever that part is worth by then",
    "operator/payments/prove": "a payment of it was seen at the bank: that is asked of the payment, not of the plan",
}
COMMANDS: Final = {does.command for verbs in (MERCHANTS, OPERATORS, PROCESSORS) for does in verbs.values()}
