"""Every verb tried in every state: what may be done, and what is answered otherwise, as a table for people to read."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from service.errors import Code, Refused
from service.plans.acceleration import Accelerate
from service.plans.book import PlanCommand
from service.plans.capture import Capture
from service.plans.charges import Levy
from service.plans.contest import ContestClaim
from service.plans.deposit import Claim, Release
from service.plans.dispute import AnswerDispute, OpenDispute
from service.plans.guard import Guard
from service.plans.money_back import Refund
from service.plans.offer import Authentication, Kind, Leeway, Use
from service.plans.pausing import PauseCollection
from service.plans.payment import RecordPayment
from service.plans.postpone import PostponeDueDate
from service.plans.reschedule import UNWRITTEN, ChargeOff, Forgive, Reschedule
from service.plans.running.acceleration_fact import AccelerationReason
from service.plans.running.dispute_facts import DisputeReason
from service.plans.running.facts import HolidayGranted, PauseReason
from service.plans.settlement import QuoteSettlement
from service.plans.use import Confirm, EndUse, StartUse
from service.plans.void import Void
from service.plans.withdrawal import Withdraw
from service.terms.servicing import Servicing
from service.terms.terms import Terms
from tests.plans.lives import NOON, PAY_IN_4, Life, agreement
from tests.plans.verbs_of_routes import OPERATOR, VERBS, WHATEVER_STATE, WHO, Arguments, Lived, due_moved

HEAD = (
    "# What may be done to a plan in which state\n\n"
    "Made by `tests/plans/test_verbs_by_state.py` from the code: each verb is tried on a plan in each state.\n"
    "A verb is named by its route: `capture` is `POST /v1/plans/{plan_id}/capture`, an operator's stands below\n"
    "`/v1/operator`, and a processor's below `/v1/processor`. What is not named is answered with `state_forbids`.\n\n"
)
COLUMNS = (
    "\n| a plan that is | the merchant may | an operator may | a processor may | refused with another code |\n"
    "|---|---|---|---|---|\n"
)
SECOND_DUE_ON = (NOON + timedelta(14)).date()  # of four, a fortnight apart
OF_THE_DAY = {Guard}  # and `PassDays`, which goes before every verb


def lives() -> Iterator[tuple[str, Lived]]:
    """A plan in each state, with the words for it."""
    return chain(_of_instalments(), _of_a_use(), _of_a_deposit())


def table() -> str:
    """The whole of it, in Markdown."""
    always = "".join([f"- `{name}`: {why}\n" for name, why in WHATEVER_STATE.items()])
    rows = "".join([_row(words, *tried(*lived)) for words, lived in lives()])
    return f"{HEAD}These do not ask in which state the plan is:\n\n{always}{COLUMNS}{rows}"


def _row(words: str, allowed: list[str], refused: dict[str, Code]) -> str:
    may = [", ".join([f"`{name.removeprefix(who)}`" for name in allowed if _is_of(name, who)]) for who in WHO]
    codes = defaultdict[Code, list[str]](list)
    for name, code in refused.items():
        if code is not Code.STATE_FORBIDS:
            codes[code].append(f"`{name}`")
    others = "; ".join([f"{code}: {', '.join(names)}" for code, names in sorted(codes.items())])
    return f"| {words} | {' | '.join(may)} | {others} |\n"


def _is_of(name: str, who: str) -> bool:
    return name.startswith(who) if who else not name.startswith(WHO[1:])


def tried(life: Life, plan_id: str) -> tuple[list[str], dict[str, Code]]:
    """The verbs that may be used on the plan as it stands, and the codes of the others."""
    allowed, refused = [], {}
    for name, verb in VERBS.items():
        other = Life(life.account, life.now, dict(life.plans), {plan_id: life.facts[plan_id][:]})
        try:
            verb(other, plan_id)
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
    yield _that(kind, "active and disputed", active, _DISPUTED)
    yield _that(kind, "active, disputed and answered", active, _DISPUTED, (AnswerDispute, {"evidence": "A receipt."}))
    yield _that(kind, "active, its goods on their way back", active, (PauseCollection, {"why": PauseReason.RETURN}))
    hardship = (PauseCollection, {"why": PauseReason.HARDSHIP, "actor": OPERATOR})
    yield _that(kind, "active, its consumer in hardship", active, hardship)
    yield _that(kind, "active, what settles it early was told", active, (QuoteSettlement, {}))
    fraud = (Accelerate, {"due_on": NOON.date(), "why": AccelerationReason.FRAUD, "actor": OPERATOR})
    yield _that(kind, "active, all of it due at once", active, fraud)
    to_come = HolidayGranted(**UNWRITTEN, on=SECOND_DUE_ON, principal=1)
    changed = (Reschedule, {"change": to_come, "actor": OPERATOR})
    yield _that(kind, "active, its schedule to be changed on a day to come", active, changed)
    moved = Reschedule, {"change": due_moved(SECOND_DUE_ON, NOON.date() + timedelta(50)), "actor": OPERATOR}
    yield _that(kind, "active, a due date was moved by the lender", active, moved)
    yield _that(kind, "active and withdrawn from", active, (Withdraw, {}))
    yield _that(kind, "paid off", active, (RecordPayment, {"amount": 600_00}))
    yield _that(kind, "overpaid", active, (RecordPayment, {"amount": 700_00}))
    yield _that(kind, "refunded", active, (Refund, {"amount": 600_00}))
    given_up = (ChargeOff, {"actor": OPERATOR})
    yield _that(kind, "charged off", active, given_up)
    yield _that(kind, "recovered", active, given_up, (RecordPayment, {"amount": 600_00}))
    yield _that(kind, "forgiven", active, (Forgive, {"actor": OPERATOR}))
    yield _that(kind, "voided", (Void, {}))
    yield _ended(kind, "expired", NOON + timedelta(31))


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
    billed = (Capture, {"amount": 60_00})
    yield _that(kind, "payment due, and disputed", billed, _DISPUTED)
    yield _that(kind, "paid off", billed, (RecordPayment, {"amount": 60_00}))
    yield _that(kind, "charged off", billed, (ChargeOff, {"actor": OPERATOR}))
    yield _that(kind, "voided", (Void, {}))
    yield _ended(kind, "expired, as nobody confirmed it", NOON + timedelta(31), use=asked)


def _of_a_deposit() -> Iterator[tuple[str, Lived]]:
    kind, contested = Kind.DEPOSIT, Servicing(contest_days=7)
    claim = (Claim, {"amount": 500_00, "evidence": "A photograph."})
    yield _that(kind, "authorized")
    yield _that(kind, "authorized, not authenticated", authentication=Authentication())
    yield _that(kind, "in use", (StartUse, {}))
    yield _that(kind, "in use, ended", (StartUse, {}), (EndUse, {}))
    yield _that(kind, "assessing", claim, servicing=contested)
    yield _that(kind, "assessing, contested", claim, (ContestClaim, {"words": "No."}), servicing=contested)
    yield _that(kind, "payment due", claim)
    yield _that(kind, "payment due, and disputed", claim, _DISPUTED)
    yield _that(kind, "charged off", claim, (ChargeOff, {"actor": OPERATOR}))
    yield _that(kind, "closed, its claim paid", claim, (RecordPayment, {"amount": 300_00}))
    yield _that(kind, "closed, released", (Release, {}))
    yield _that(kind, "closed, voided", (Void, {}))
    by_itself = Servicing(release_days=7)
    yield _ended(kind, "closed, released by itself", NOON + timedelta(40), servicing=by_itself)


_LEVIED: tuple[type[PlanCommand], Arguments] = (Levy, {"amount": 1_00, "actor": OPERATOR})
_DISPUTED: tuple[type[PlanCommand], Arguments] = (OpenDispute, {"reason": DisputeReason.NOT_RECEIVED})


def _ended(kind: Kind, words: str, at: datetime, **offer: Any) -> tuple[str, Lived]:
    """A plan of which nobody has captured or claimed anything by then."""
    life, plan_id = _opened(kind, **offer)
    life.now = at
    life.do(Guard, plan_id)
    return f"{kind.replace('_', ' ')}: {words}", (life, plan_id)


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
