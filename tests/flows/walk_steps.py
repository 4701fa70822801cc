"""What may be tried next on a plan of the walk: any verb, mostly one that may go on, amounts at the edges."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.flows.walk_banks import PROCESSORS
from tests.flows.walk_model import Plan
from tests.flows.walk_money import MERCHANTS, OPERATORS

Bodies = st.SearchStrategy[dict[str, Any]]
REFERENCES: Final = (None, None, None, "box 1", " BOX  1", "box 2")
SENT: Final = ("after a dry run", "twice", "with another body", "by another merchant", "by the lender")
NOBODY: Final = "nobody's"  # the name of a fact that is not there


@dataclass(frozen=True)
class Step:
    """A verb with its body, in which facts go by their names; and how it is sent."""

    verb: str
    body: dict[str, Any] = field(default_factory=dict)
    sent: str = "once"  # or one of `SENT`


def steps(plan: Plan, today: date, limit: int) -> st.SearchStrategy[Step]:
    """The next one."""
    likely, anything = _likely(plan), [*MERCHANTS, *OPERATORS, *PROCESSORS, *OTHERS]
    if plan.agreed.kind == "deposit" or plan.agreed.rate:  # a deposit is held by it; rows with interest move by time
        anything.remove("another card")
    words = st.sampled_from(likely * (3 * len(anything) // len(likely)) + anything)
    sent = st.sampled_from(["once"] * 6 + list(SENT))
    return words.flatmap(lambda verb: st.builds(Step, st.just(verb), _body(verb, plan, today, limit), sent))


OTHERS: Final = ("wait", "close the day", "limit", "nothing", "another card")
OPEN: Final = {
    "instalments": ["capture"] * 5 + ["amend", "captures/reverse"],
    "pay_after_use": ["capture", "capture", "confirm", "use/start", "use/end", "amend"],
    "deposit": ["claims"] * 3 + ["release", "top_up", "use/start", "use/end"],
}
OWED: Final = [
    *["payments"] * 6, *["refunds"] * 3, "credits", "fees", "fees", "returns", "collection/pause", "disputes",
    "accelerate", "charge_off", "forgive", "settlement_quotes", "corrections", "extensions", "captures/reverse",
    "captures/lower",
]  # fmt: skip


def _likely(plan: Plan) -> list[str]:
    """What may go on from here."""
    stand, words = plan.stand, ["wait", "close the day"]
    if stand.claim is not None:
        next_ = ["claims/decide"] * 5 if stand.claim.is_contested else ["claims/contest"] * 5
        words += [*next_, "claims/contest", "claims/decide", "claims/lower", "claims/withdraw"]
    elif stand.remaining:
        words += OPEN[plan.agreed.kind] + ["extend_authorization", "payments"]
        words += ["use/end"] * 3 * bool(stand.used_from and not stand.used_until)
    elif plan.late_until:
        words += ["capture"] * 5
    if stand.lent:
        words += OWED if stand.outstanding else ["payments", "refunds", "credits", "corrections", "disputes"]
    if stand.left:
        words += ["payments/return", "payments/return", "payments/charge_back", "payments/charge_back"]
    words += ["overpayments/return"] * 2 if stand.overpaid else []
    words += ["fees/waive"] * 2 if stand.fees else []
    words += ["collection/resume", "returns/withdraw"] if stand.resting else []
    words += ["return_subsidy"] * 12 * (plan.subsidised > 0)
    words += ["wait", "close the day"] * 4 if plan.agreed.subsidy and stand.lent else []
    words += ["authentications"] * 6 if plan.must_prove else []
    words += ["due_dates"] * 12 if stand.outstanding and not plan.why_not_postponed else []
    words += ["rates", "holidays"] if stand.outstanding and stand.shown is not None else []
    if stand.outstanding and plan.agreed.use.get("convert_max"):
        is_overdue = any(row["paid_on"] is None and row["due_on"] < f"{plan.looked_on}" for row in plan.rows)
        words += ["convert"] * 20 if is_overdue else ["wait"] * 20 + ["convert"]
    words += ["wait", "close the day"] if stand.outstanding and plan.serving("late_fee", None) else []
    if plan.card is not None:
        words += ["charges"] * ((6 if plan.card.came else 20) if stand.outstanding else 1)
        words += ["wait", "close the day"] * 3 + ["another card"] * plan.card.is_stopped
        words += ["processor/disputes"] * (4 if _of_banks(plan) else 20) * bool(plan.card.came)
        words += ["processor/disputes/decide"] * 12 * bool(_of_banks(plan))
    words += ["withdrawal"] if plan.agreed.kind != "deposit" else []
    if stand.dispute.get("is_open"):
        words += ["disputes/answer", "disputes/answer", "disputes/ask_again", "disputes/decide", "disputes/accept"]
    return words


def _edges(whole: int, *more: int) -> st.SearchStrategy[int]:
    """All of it, a part, nothing, one cent more."""
    edges = {whole, whole // 2, whole // 3, whole - 1, whole + 1, 0, 1, *more}
    return st.sampled_from(sorted({one for one in edges if one >= 0}, key=lambda one: (one != whole, one)))


def _days(today: date, *offsets: int) -> st.SearchStrategy[str]:
    return st.sampled_from([(today + timedelta(days)).isoformat() for days in offsets])


def _body(verb: str, plan: Plan, today: date, limit: int) -> Bodies:
    made = BODIES.get(verb)
    return st.just({}) if made is None else made(plan, today, limit)


def _with(**fields: st.SearchStrategy[Any]) -> Bodies:
    """A body without the fields that are null."""
    return st.fixed_dictionaries(fields).map(lambda body: {k: v for k, v in body.items() if v is not None})


def _capture(plan: Plan, *_: Any) -> Bodies:
    stand = plan.stand
    tolerated = stand.remaining + plan.agreed.amount * plan.agreed.leeway["capture_tolerance_bps"] // 10_000
    amounts = _edges(stand.remaining or stand.given_back, tolerated, tolerated + 1)
    more = _with(
        final=st.sampled_from([None, None, True]), reference=st.sampled_from(REFERENCES),
        evidence=st.sampled_from(["A photograph.", None]),
    )  # fmt: skip
    return st.tuples(amounts.flatmap(_billed), more).map(lambda both: both[0] | both[1])


def _billed(amount: int) -> Bodies:
    """The amount alone, or with lines that sum to it, or do not."""
    two = [{"name": "Tent", "amount": amount // 3}, {"name": "Mat", "amount": amount - amount // 3 + 1}]
    voucher = [{"name": "Voucher", "amount": 1}]
    return st.sampled_from([
        {"amount": amount}, {"amount": amount}, {"amount": amount, "items": [{"name": "Tent", "amount": amount}]},
        {"amount": amount, "items": two, "discounts": voucher}, {"amount": amount, "items": two},
    ])  # fmt: skip


def _claim(plan: Plan, *_: Any) -> Bodies:
    more = _with(final=st.sampled_from([None, False]), reference=st.sampled_from(REFERENCES))
    amounts = _edges(plan.stand.remaining, plan.stand.held, plan.stand.held + 1)
    return st.tuples(amounts, more).map(lambda both: {"amount": both[0]} | both[1])


def _reverse(plan: Plan, *_: Any) -> Bodies:
    last = max(1, len(plan.bills))
    return _with(capture=st.sampled_from([last, last, 1, last + 1]))


def _lower(plan: Plan, *_: Any) -> Bodies:
    last = max(1, len(plan.bills))
    stands = plan.bills[-1].amount - plan.stand.refunded_of.get(last, 0) if plan.bills else 10_00
    because = st.just("It was too high.")
    return _with(capture=st.sampled_from([last, last, 1, last + 1]), amount=_edges(stands), because=because)


def _amend(plan: Plan, _: date, limit: int) -> Bodies:
    room = limit - plan.stand.reserved - plan.stand.used[1]
    edges = room + plan.amount, room + plan.amount + 1, plan.stand.all_captured, plan.agreed.least
    return _with(amount=_edges(plan.amount, *edges))


def _top_up(plan: Plan, _: date, limit: int) -> Bodies:
    most = plan.agreed.most - plan.amount
    return _with(amount=st.sampled_from([100_00, 1, max(0, most), max(0, most) + 1, limit]))


def _extend(plan: Plan, *_: Any) -> Bodies:
    return _with(days=st.sampled_from([None, 1, plan.extendable, plan.extendable + 1]))


def _used(plan: Plan, today: date, _: int) -> Bodies:
    noon = f"{today.isoformat()}T00:30:00+00:00"
    early = f"{(plan.opened_on - timedelta(1)).isoformat()}T12:00:00+00:00"
    return _with(at=st.sampled_from([None, None, noon, early, f"{today + timedelta(2)}T12:00:00+00:00"]))


def _part_of_claim(plan: Plan, *_: Any) -> Bodies:
    return _with(amount=_edges(plan.stand.claim.amount if plan.stand.claim else 10_00))


def _release(plan: Plan, *_: Any) -> Bodies:
    return _with(amount=st.one_of(st.none(), _edges(plan.stand.remaining, plan.stand.held)))


def _pay(plan: Plan, today: date, _: int) -> Bodies:
    return _with(
        amount=_edges(plan.stand.outstanding, plan.agreed.amount // 4, 10_00),
        received_on=st.one_of(st.none(), _days(today, 0, -1, 1, 2), _days(plan.opened_on, -1, -2)),
        reference=st.sampled_from([None, None, "psp 1", "PSP  1", "psp 2"]),
        received_by=st.sampled_from([None, None, None, "merchant"]),
    )


def _named(plan: Plan, *kinds: str) -> st.SearchStrategy[str]:
    """A fact of one of these kinds by its name, or one that is not there."""
    names = [fact.name for fact in plan.facts if fact.name and (not kinds or fact.kind in kinds)]
    return st.sampled_from([*reversed(names), NOBODY])


def _charge_back(plan: Plan, *_: Any) -> Bodies:
    left = plan.stand.left

    def of(name: str) -> Bodies:
        return _with(payment_id=st.just(name), amount=_edges(left.get(name, 1)))

    return _named(plan, "paid").flatmap(of)


def _refund(plan: Plan, *_: Any) -> Bodies:
    places = [
        {"capture": bill.number, "line": number} | part
        for bill in plan.bills
        for number, amount in enumerate(bill.lines, 1)
        for part in ({}, {"amount": max(1, amount // 2)}, {"amount": abs(amount) + 1})
    ]
    wrong = {"capture": 1, "line": 9}
    lines = st.lists(st.sampled_from([*places, wrong]), min_size=1, max_size=2).map(lambda some: {"lines": some})
    fee = _with(return_fee=st.sampled_from([None, None, 1, 5_00]))
    amount = _with(amount=_edges(plan.stand.refundable, 10_00))
    bodies = st.one_of(amount, lines) if places else amount
    return st.tuples(bodies, fee).map(lambda both: both[0] | both[1])


def _credit(plan: Plan, today: date, _: int) -> Bodies:
    kinds = ["goodwill", "merchant_refund", "payout_refund", "down_payment", "interest_waiver", "interest_refund"]
    on = st.one_of(st.none(), _days(today, 0, 1), _days(plan.opened_on, 0, -1))
    return _with(kind=st.sampled_from(kinds), amount=_edges(plan.stand.refundable, 10_00), on=on)


def _fee(plan: Plan, today: date, _: int) -> Bodies:
    due_on = st.one_of(st.none(), _days(today, -1, 0, 20), _days(plan.opened_on, 0, -1))
    return _with(amount=st.sampled_from([2_50, 1, 0]), due_on=due_on, is_penalty=st.sampled_from([None, True]))


def _whys(on: bool) -> Callable[..., Bodies]:
    def made(plan: Plan, today: date, _: int) -> Bodies:
        whys = st.sampled_from([*plan.stand.resting, "hardship", "death", "return", "dispute"])
        days = st.one_of(st.none(), _days(today, -1, 0, 1), _days(plan.opened_on, -1)) if on else st.none()
        return _with(why=whys, on=days)

    return made


def _dispute(plan: Plan, *_: Any) -> Bodies:
    return _with(reason=st.just("not_received"), amount=st.one_of(st.none(), _edges(plan.stand.refundable)))


def _of_banks(plan: Plan) -> list[tuple[str, str]]:
    """The charges that a bank has disputed, and the processor's references of that."""
    return [fact.get("of") for fact in plan.facts if fact.kind == "dispute_opened" and fact.get("of")]


def _dispute_charge(plan: Plan, today: date, _: int) -> Bodies:
    charges = {} if plan.card is None else plan.card.charges
    more = _with(
        reference=st.sampled_from(["dp-1", "dp-2"]), reason=st.just("not_received"),
        respond_by=st.one_of(st.none(), st.none(), _days(today, 0, 30, 180, 181, -1)),
    )  # fmt: skip

    def of(name: str) -> Bodies:
        amounts = _edges(charges.get(name, (1, False))[0], plan.stand.refundable, plan.stand.refundable + 1)
        return st.tuples(_with(charge_id=st.just(name), amount=amounts), more).map(lambda both: both[0] | both[1])

    came = [name for name, (_, has_come) in charges.items() if has_come]
    return st.sampled_from([*came, *came, *charges, NOBODY]).flatmap(of)


def _decide_charge(plan: Plan, *_: Any) -> Bodies:
    known = [*_of_banks(plan)] * 4 + [(NOBODY, "dp-1"), *((name, "dp-2") for name, _ in _of_banks(plan))]
    outcomes = st.sampled_from(["won", "lost", "withdrawn"])
    return st.builds(
        lambda of, outcome: {"charge_id": of[0], "reference": of[1], "outcome": outcome},
        st.sampled_from(known), outcomes,
    )  # fmt: skip


def _charge(plan: Plan, *_: Any) -> Bodies:
    """What is due, or some of what is owed, mostly."""
    some = plan.stand.outstanding // 3 or 1
    return _with(amount=st.one_of(st.sampled_from([None, None, some, 10_00]), _edges(plan.stand.outstanding)))


def _settle(plan: Plan, *_: Any) -> Bodies:
    amounts = st.sampled_from([None, None, plan.stand.outstanding + 1])
    return _with(amount=amounts, deferred=st.sampled_from([None, None, True]))


def _accelerate(_: Plan, today: date, __: int) -> Bodies:
    return _with(due_on=_days(today, 14, 0, -1), why=st.just("fraud"))


def _withdraw(plan: Plan, today: date, _: int) -> Bodies:
    return _with(on=st.one_of(st.none(), _days(today, -1, 1), _days(plan.opened_on, 0, -1)))


def _schedule(*later: int, **more: Any) -> Callable[..., Bodies]:
    return lambda _plan, today, _limit: _with(on=_days(today, 0, *later), **{k: st.just(v) for k, v in more.items()})


def _re_age(_: Plan, today: date, __: int) -> Bodies:
    first = (today + timedelta(30)).isoformat()
    return st.just({"on": today.isoformat(), "first_due_on": first, "instalments": 3})


def _due_date(plan: Plan, today: date, _: int) -> Bodies:
    shown = [row["due_on"] for row in plan.rows if row["paid_on"] is None][:2]
    near = [(date.fromisoformat(one) + timedelta(days)).isoformat() for one in shown for days in (1, 14, 15)]
    due = st.one_of(st.sampled_from([*shown, "2026-03-16"]), _days(plan.opened_on, 14, 28, plan.agreed.lasts))
    anyway = _with(due_on=due, to=st.one_of(_days(today, 20, 45), st.sampled_from([*near, "2026-04-01"])))
    if not shown:
        return anyway
    later = (date.fromisoformat(shown[0]) + timedelta(3)).isoformat()
    return st.one_of(anyway, st.sampled_from([{"due_on": shown[0], "to": one} for one in (later, *near)]))


def _pause_interest(_: Plan, today: date, __: int) -> Bodies:
    days = st.sampled_from([(0, 10), (20, 30)])
    return days.map(
        lambda both: {n: (today + timedelta(d)).isoformat() for n, d in zip(("on", "end_on"), both, strict=True)}
    )


def _limit(plan: Plan, *_: Any) -> Bodies:
    out = plan.stand.reserved + plan.stand.used[1]
    return _with(limit=st.sampled_from([1_000_00, out, out + 1_00, max(0, out - 50_00), 5_000_00]))


RATES: Final = st.sampled_from(["4.9", "12", "0"])
BODIES: Final[dict[str, Callable[..., Bodies]]] = {
    "capture": _capture, "captures/reverse": _reverse, "captures/lower": _lower, "amend": _amend, "top_up": _top_up,
    "extend_authorization": _extend, "use/start": _used, "use/end": _used, "claims": _claim,
    "claims/lower": _part_of_claim, "claims/decide": _part_of_claim, "release": _release, "payments": _pay,
    "claims/contest": lambda *_: st.just({"words": "It was broken before."}),
    "payments/return": lambda plan, *_: _with(payment_id=_named(plan, "paid")), "payments/charge_back": _charge_back,
    "overpayments/return": lambda plan, *_: _with(amount=_edges(plan.stand.overpaid)), "refunds": _refund,
    "credits": _credit, "fees": _fee, "fees/waive": lambda plan, *_: _with(fee_id=_named(plan, "levied")),
    "collection/pause": _whys(True), "collection/resume": _whys(False), "disputes": _dispute,
    "processor/disputes": _dispute_charge, "processor/disputes/decide": _decide_charge,
    "disputes/answer": lambda *_: st.just({"evidence": "Signed for."}),
    "disputes/decide": lambda *_: _with(outcome=st.sampled_from(["won", "lost", "withdrawn"])),
    "settlement_quotes": _settle, "accelerate": _accelerate, "withdrawal": _withdraw,
    "corrections": lambda plan, *_: _with(fact_id=_named(plan)), "limit": _limit,
    "extensions": _schedule(25, instalments=1), "holidays": _schedule(25, principal=1), "re_amortizations": _schedule(),
    "rates": lambda _plan, today, _limit: _with(on=_days(today, 0, 15), rate_percent=RATES),
    "convert": lambda *_: _with(instalments=st.sampled_from([3, 3, 2, 4, 1])),
    "charges": _charge,
    "re_ageings": _re_age, "due_dates": _due_date, "pauses": _pause_interest,
    "wait": lambda *_: _with(hours=st.sampled_from([1, 13, 24, 24, 72, 240, 528])),
}  # fmt: skip
