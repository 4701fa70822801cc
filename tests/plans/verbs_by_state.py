"""Every verb tried in every state: what may be done, and what is answered otherwise, as a table for people to read."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Any

from service.actor import Actor, ActorKind
from service.errors import Code, Refused
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
from service.plans.guard import ExtendAuthorization, Guard
from service.plans.lower import LowerCapture
from service.plans.money_back import ChargeBack, Refund, ReturnOverpayment, ReturnPayment
from service.plans.offer import Authentication, Kind, Leeway, Use
from service.plans.pausing import PauseCollection, ResumeCollection
from service.plans.payment import RecordPayment
from service.plans.plan import Plan
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.reverse import ReverseCapture
from service.plans.running.dispute_facts import DisputeReason, DisputeState
from service.plans.running.facts import Event, Levied, Paid, PauseReason, ReAmortized
from service.plans.settlement import QuoteSettlement
from service.plans.subsidised import ReturnSubsidy
from service.plans.top_up import TopUp
from service.plans.use import Confirm, EndUse, StartUse
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.terms.servicing import Servicing
from service.terms.terms import Terms
from tests.plans.lives import MERCHANT_ACTS, NOON, PAY_IN_4, Life, agreement

OPERATOR = Actor(ActorKind.OPERATOR, "op_1")
PROCESSOR = Actor(ActorKind.PROCESSOR, "pr_1")
HEAD = (
    "# What may be done to a plan in which state\n\n"
    "Made by `tests/plans/test_verbs_by_state.py` from the code: each verb is tried on a plan in each state.\n"
    "What is not named as allowed is answered with `state_forbids`, or with the code behind it.\n\n"
    "| a plan that is | allowed | refused with another code |\n|---|---|---|\n"
)
Arguments = dict[str, Any]
Lived = tuple[Life, str]

# Each verb by the last words of its route, with what it is asked, and by whom.
VERBS: dict[str, tuple[type[PlanCommand], Callable[[Plan, list[Event]], Arguments], Actor]] = {
    "confirm": (Confirm, lambda *_: {}, MERCHANT_ACTS),
    "use/start": (StartUse, lambda *_: {}, MERCHANT_ACTS),
    "use/end": (EndUse, lambda *_: {}, MERCHANT_ACTS),
    "amend": (Amend, lambda plan, _: {"amount": plan.amounts.amount + 1_00}, MERCHANT_ACTS),
    "top_up": (TopUp, lambda *_: {"amount": 1_00}, MERCHANT_ACTS),
    "extend_authorization": (ExtendAuthorization, lambda *_: {"days": 1}, MERCHANT_ACTS),
    "capture": (Capture, lambda plan, _: {"amount": max(1, plan.remaining)}, MERCHANT_ACTS),
    "captures/reverse": (ReverseCapture, lambda *_: {"capture": 1}, MERCHANT_ACTS),
    "captures/lower": (LowerCapture, lambda *_: {"capture": 1, "amount": 1_00, "because": "A mistake."}, MERCHANT_ACTS),
    "convert": (Convert, lambda *_: {"instalments": 3}, MERCHANT_ACTS),
    "void": (Void, lambda *_: {}, MERCHANT_ACTS),
    "claims": (Claim, lambda plan, _: {"amount": max(1, plan.remaining)}, MERCHANT_ACTS),
    "claims/contest": (ContestClaim, lambda *_: {"words": "It was broken before."}, MERCHANT_ACTS),
    "claims/lower": (LowerClaim, lambda *_: {"amount": 1_00}, MERCHANT_ACTS),
    "claims/withdraw": (WithdrawClaim, lambda *_: {}, MERCHANT_ACTS),
    "claims/decide": (DecideClaim, lambda *_: {"amount": 1_00}, OPERATOR),
    "release": (Release, lambda *_: {}, MERCHANT_ACTS),
    "payments": (RecordPayment, lambda *_: {"amount": 1_00}, MERCHANT_ACTS),
    "payments/return": (ReturnPayment, lambda _, facts: {"payment_id": _last(facts, Paid)}, PROCESSOR),
    "payments/charge_back": (
        ChargeBack, lambda _, facts: {"payment_id": _last(facts, Paid), "amount": 1_00}, PROCESSOR
    ),
    "overpayments/return": (ReturnOverpayment, lambda *_: {"amount": 1_00}, OPERATOR),
    "refunds": (Refund, lambda *_: {"amount": 1_00}, MERCHANT_ACTS),
    "credits": (Credit, lambda *_: {"kind": CreditKind.GOODWILL, "amount": 1_00}, OPERATOR),
    "returns": (PauseCollection, lambda *_: {"why": PauseReason.RETURN}, MERCHANT_ACTS),
    "returns/withdraw": (ResumeCollection, lambda *_: {"why": PauseReason.RETURN}, MERCHANT_ACTS),
    "withdrawal": (Withdraw, lambda *_: {}, MERCHANT_ACTS),
    "settlement_quotes": (QuoteSettlement, lambda *_: {}, MERCHANT_ACTS),
    "disputes": (OpenDispute, lambda *_: {"reason": DisputeReason.NOT_RECEIVED}, MERCHANT_ACTS),
    "disputes/answer": (AnswerDispute, lambda *_: {"evidence": "It was signed for."}, MERCHANT_ACTS),
    "disputes/ask_again": (AskAgain, lambda *_: {}, OPERATOR),
    "disputes/decide": (CloseDispute, lambda *_: {"outcome": DisputeState.WON}, OPERATOR),
    "fees": (Levy, lambda *_: {"amount": 1_00}, OPERATOR),
    "fees/waive": (Waive, lambda _, facts: {"fee_id": _last(facts, Levied)}, OPERATOR),
    "due_dates": (PostponeDueDate, lambda plan, _: _put_off(plan), MERCHANT_ACTS),
    "re_amortizations": (
        Reschedule, lambda plan, _: {"change": ReAmortized(**UNWRITTEN, on=plan.changed_at.date())}, OPERATOR
    ),
    "accelerate": (Accelerate, lambda plan, _: {"due_on": plan.changed_at.date(), "why": "fraud"}, OPERATOR),
    "charge_off": (ChargeOff, lambda *_: {}, OPERATOR),
    "forgive": (Forgive, lambda *_: {}, OPERATOR),
    "return_subsidy": (ReturnSubsidy, lambda *_: {}, OPERATOR),
    "corrections": (Correct, lambda _, facts: {"undone_id": facts[-1].id}, OPERATOR),
}  # fmt: skip
SECOND_DUE_ON = (NOON + timedelta(14)).date()  # of four, a fortnight apart
OF_THE_DAY = {Guard}  # and `PassDays`, which goes before every verb


def lives() -> Iterator[tuple[str, Lived]]:
    """A plan in each state, with the words for it."""
    return chain(_of_instalments(), _of_a_use(), _of_a_deposit())


def table() -> str:
    """The whole of it, in Markdown."""
    rows = []
    for words, lived in lives():
        allowed, refused = tried(*lived)
        others = [f"`{verb}` {code}" for verb, code in refused.items() if code is not Code.STATE_FORBIDS]
        rows.append(f"| {words} | {', '.join(f'`{verb}`' for verb in allowed)} | {', '.join(others)} |")
    return HEAD + "\n".join(rows) + "\n"


def tried(life: Life, plan_id: str) -> tuple[list[str], dict[str, Code]]:
    """The verbs that may be used on the plan as it stands, and the codes of the others."""
    allowed, refused = [], {}
    plan, facts = life.plans[plan_id], [one.fact for one in life.facts[plan_id]]
    for name, (verb, arguments, actor) in VERBS.items():
        other = Life(life.account, life.now, dict(life.plans), {plan_id: life.facts[plan_id][:]})
        try:
            other.do(verb, plan_id, **arguments(plan, facts), actor=actor)
            allowed.append(name)
        except Refused as no:
            refused[name] = no.code
    return allowed, refused


def _of_instalments() -> Iterator[tuple[str, Lived]]:
    kind = Kind.INSTALMENTS
    yield _that(kind, "authorized")
    yield _that(kind, "part captured", (Capture, {"amount": 100_00}))
    active = (Capture, {"amount": 600_00})
    yield _that(kind, "active", active)
    putting_off = Servicing(postpone_days_max=14, postpone_times_max=1)
    yield _that(kind, "active, its due dates may be put off once", active, servicing=putting_off)
    put_off = (PostponeDueDate, {"due_on": SECOND_DUE_ON, "to": SECOND_DUE_ON + timedelta(14)})
    yield _that(kind, "active, a due date was put off", active, put_off, servicing=putting_off)
    yield _that(kind, "active, partly paid, with a fee", active, (RecordPayment, {"amount": 100_00}), _LEVIED)
    yield _that(kind, "active and disputed", active, (OpenDispute, {"reason": DisputeReason.NOT_RECEIVED}))
    yield _that(kind, "active, its goods on their way back", active, (PauseCollection, {"why": PauseReason.RETURN}))
    yield _that(kind, "active and withdrawn from", active, (Withdraw, {}))
    yield _that(kind, "paid off", active, (RecordPayment, {"amount": 600_00}))
    yield _that(kind, "overpaid", active, (RecordPayment, {"amount": 700_00}))
    yield _that(kind, "refunded", active, (Refund, {"amount": 600_00}))
    given_up = (ChargeOff, {"actor": OPERATOR})
    yield _that(kind, "charged off", active, given_up)
    yield _that(kind, "recovered", active, given_up, (RecordPayment, {"amount": 600_00}))
    yield _that(kind, "forgiven", active, (Forgive, {"actor": OPERATOR}))
    yield _that(kind, "voided", (Void, {}))
    life, plan_id = _opened(kind)
    life.now = NOON + timedelta(31)
    life.do(Guard, plan_id)
    yield "instalments: expired", (life, plan_id)


def _of_a_use() -> Iterator[tuple[str, Lived]]:
    kind, asked = Kind.PAY_AFTER_USE, Use(confirm_days=30)
    yield _that(kind, "authorized, not confirmed", use=asked)
    yield _that(kind, "authorized, confirmed", (Confirm, {}), use=asked)
    yield _that(kind, "authorized, not authenticated", authentication=Authentication())
    proved = (Confirm, {"authentication_id": "at_1", "amount": 600_00})
    yield _that(kind, "authorized, authenticated", proved, authentication=Authentication())
    yield _that(kind, "in use", (StartUse, {}))
    yield _that(kind, "in use, ended", (StartUse, {}), (EndUse, {}))
    yield _that(kind, "payment due", (Capture, {"amount": 60_00}))
    life, plan_id = _that(kind, "", (Capture, {"amount": 60_00}), use=Use(convert_max=3))[1]
    life.now = NOON + timedelta(31)
    yield "pay after use: payment due, and overdue", (life, plan_id)
    yield _that(kind, "paid off", (Capture, {"amount": 60_00}), (RecordPayment, {"amount": 60_00}))


def _of_a_deposit() -> Iterator[tuple[str, Lived]]:
    kind, contested = Kind.DEPOSIT, Servicing(contest_days=7)
    claim = (Claim, {"amount": 500_00, "evidence": "A photograph."})
    yield _that(kind, "authorized")
    yield _that(kind, "in use", (StartUse, {}))
    yield _that(kind, "assessing", claim, servicing=contested)
    yield _that(kind, "assessing, contested", claim, (ContestClaim, {"words": "No."}), servicing=contested)
    yield _that(kind, "payment due", claim)
    yield _that(kind, "closed", (Release, {}))


_LEVIED: tuple[type[PlanCommand], Arguments] = (Levy, {"amount": 1_00, "actor": OPERATOR})


def _that(kind: Kind, words: str, *steps: tuple[type[PlanCommand], Arguments], **offer: Any) -> tuple[str, Lived]:
    life, plan_id = _opened(kind, **offer)
    for verb, arguments in steps:
        life.do(verb, plan_id, **arguments)
    return f"{kind.replace('_', ' ')}: {words}", (life, plan_id)


def _opened(kind: Kind, **offer: Any) -> Lived:
    """600.00, which may be amended and extended, under the law of Germany; of a deposit 200.00 are held."""
    life = Life()
    terms = PAY_IN_4 if kind is Kind.INSTALMENTS else Terms(instalments=1)
    more: Arguments = {
        "leeway": Leeway(extend_days_max=30),
        "amount_min": 1_00,
        "amount_max": 900_00,
        "jurisdiction": "DE",
    }
    held = 200_00 if kind is Kind.DEPOSIT else 0
    return life, life.authorize(agreement(kind, 600_00, terms, held, **more | offer))


def _put_off(plan: Plan) -> Arguments:
    """The last of its due dates, by a day."""
    due_on = max((line.due_on for line in plan.lines), default=NOON.date())
    return {"due_on": due_on, "to": due_on + timedelta(1)}


def _last(facts: list[Event], kind: type[Paid] | type[Levied]) -> str:
    return next((fact.id for fact in reversed(facts) if isinstance(fact, kind)), "py_none")
