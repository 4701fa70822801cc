"""A claim by itself: its days, which verbs go in which state, and what each leaves of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.claims import claim as rules
from service.claims.claim import LossClaim, LossClaimState, Rejection
from service.errors import Code, Refused
from service.support.claim_terms import ClaimTerms, EffortGate, Evidence, require_claim_terms, times_of

TERMS = ClaimTerms(file_within_days=240, decide_within_days=60, wait_months=3)
DUE = date(2026, 7, 31)
FIRST, LAST = date(2026, 10, 31), date(2027, 3, 28)
DRAFT = LossClaim(
    "cl_1", "sa_1", 1, "lo_1", "pl_1", "sp_1", "EUR", LossClaimState.DRAFT, 2_880_00, 0, 0, 0, 0, None, DUE, FIRST,
    LAST, None, None, None, None,
)  # fmt: skip


def lodged(on: date = FIRST, **differs: Any) -> LossClaim:
    given_: dict[str, Any] = {"missing": [], "faults": [], "disputed": False} | differs
    return replace(rules.lodged(DRAFT, TERMS, on, **given_), reserved=2_880_00)


def code_of(do: Any) -> Code:
    with pytest.raises(Refused) as refused:
        do()
    return refused.value.code


def test_days_are_those_of_the_worked_example() -> None:
    """Multi-buyer export insurance: three months, 240 days, 60 days."""
    times = times_of(TERMS, DUE)
    assert (times.waits_until, times.file_by) == (FIRST, LAST)
    assert lodged().decide_by == date(2026, 12, 30)
    assert times_of(TERMS, date(2026, 11, 30)).waits_until == date(2027, 2, 28)
    assert times_of(replace(TERMS, wait_months=0, wait_days=90), DUE).waits_until == date(2026, 10, 29)


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (date(2026, 10, 30), Code.CLAIM_TOO_EARLY), (FIRST, None), (LAST, None),
        (date(2027, 3, 29), Code.CLAIM_TOO_LATE),
    ],
)  # fmt: skip
def test_it_is_lodged_neither_too_early_nor_too_late(on: date, code: Code | None) -> None:
    if code is None:
        assert lodged(on).state is LossClaimState.LODGED
        return
    with pytest.raises(Refused, match=r"2026-10-31|2027-03-28") as refused:
        lodged(on)
    assert refused.value.code is code


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Refused, match=r"delivery, identity\.$"):
        lodged(missing=[Evidence.DELIVERY, Evidence.IDENTITY])
    assert code_of(lambda: lodged(missing=[Evidence.DUNNING])) is Code.INCOMPLETE
    assert code_of(lambda: lodged(faults=["notices: 1 of 2"])) is Code.EFFORT_MISSING


@pytest.mark.parametrize(
    ("days", "notices", "legal", "faults"),
    [
        (59, 2, True, ["days_past_due: 59 of 60, on 2026-09-29 it would do"]),
        (60, 1, True, ["notices: 1 of 2"]),
        (60, 2, False, ["legal_started: no lawyer or court has it"]),
        (60, 2, True, []),
    ],
)
def test_what_must_have_been_tried(days: int, notices: int, legal: bool, faults: list[str]) -> None:
    gate = EffortGate(days_past_due_min=60, notices_min=2, legal_started=True)
    assert rules.effort_faults(gate, days, notices, legal=legal, due_on=DUE) == faults


def test_a_decision_of_nothing_pays_nothing() -> None:
    none = rules.decided(lodged(), 0, Rejection.NOT_COVERED)
    assert (none.state, none.approved, none.reserved) == (LossClaimState.REJECTED, 0, 0)
    assert code_of(lambda: rules.paid(none, 1)) is Code.STATE_FORBIDS
    assert rules.closed(none).state is LossClaimState.CLOSED


@pytest.mark.parametrize(
    ("approved", "rejection", "code", "state"),
    [
        (2_880_00, None, None, LossClaimState.APPROVED),
        (2_879_99, Rejection.OVER_LIMIT, None, LossClaimState.PART_APPROVED),
        (2_879_99, None, Code.INVALID_FIELD, None),
        (2_880_00, Rejection.OTHER, Code.INVALID_FIELD, None),
        (2_880_01, None, Code.CAPACITY_EXCEEDED, None),
        (0, None, Code.INVALID_FIELD, None),
    ],
)
def test_decisions(
    approved: int, rejection: Rejection | None, code: Code | None, state: LossClaimState | None
) -> None:  # fmt: skip
    if code is not None:
        assert code_of(lambda: rules.decided(lodged(), approved, rejection)) is code
        return
    assert rules.decided(lodged(), approved, rejection).state is state


def test_it_is_paid_in_parts_and_no_more_than_approved() -> None:
    one = rules.decided(lodged(), 2_000_00, Rejection.OVER_LIMIT)
    one = rules.paid(one, 1_500_00)
    assert (one.state, one.payable, one.reserved) == (LossClaimState.PAID, 500_00, 500_00)
    assert code_of(lambda: rules.paid(one, 500_01)) is Code.AMOUNT_EXCEEDS_OUTSTANDING
    assert code_of(lambda: rules.closed(one)) is Code.STATE_FORBIDS
    one = rules.paid(one, 500_00)
    assert rules.closed(one).state is LossClaimState.CLOSED
    back = rules.clawed_back(one, 300_00)
    assert (back.state, back.clawed_back, back.reserved) == (LossClaimState.CLAWED_BACK, 1_700_00, 0)


def test_its_days_rest_while_it_waits_for_an_answer_or_a_dispute() -> None:
    one = rules.asked(lodged(), TERMS, date(2026, 11, 10))
    assert (one.decide_by, one.days_left, one.answer_by) == (None, 50, date(2026, 12, 10))
    assert code_of(lambda: rules.answered(one, date(2026, 12, 11))) is Code.CLAIM_TOO_LATE
    again = rules.answered(one, date(2026, 12, 10))
    assert (again.state, again.decide_by) == (LossClaimState.LODGED, date(2027, 1, 29))
    rests = rules.held(again, date(2027, 1, 19))
    assert (rests.state, rests.days_left) == (LossClaimState.HOLD, 10)
    assert code_of(lambda: rules.decided(rests, 0, Rejection.OTHER)) is Code.STATE_FORBIDS
    assert rules.resumed(rests, date(2027, 2, 1)).decide_by == date(2027, 2, 11)
    first = lodged(disputed=True)
    assert (first.state, first.lodged_on, first.days_left) == (LossClaimState.HOLD, FIRST, 60)


def test_it_lapses_when_nobody_files_or_answers() -> None:
    assert rules.lapsed(DRAFT, LAST) is None
    late = rules.lapsed(DRAFT, LAST + timedelta(days=1))
    assert late is not None
    assert late.state is LossClaimState.LAPSED
    one = rules.asked(lodged(), TERMS, FIRST)
    assert rules.lapsed(one, date(2026, 11, 30)) is None
    assert rules.lapsed(one, date(2026, 12, 1)) is not None
    assert rules.lapsed(lodged(), date(2030, 1, 1)) is None, "who decides is late, not who claims"


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"wait_months": 8}, "/file_within_days"),
        ({"wait_months": 0, "wait_days": 241}, "/file_within_days"),
        ({"effort": EffortGate(days_past_due_min=241)}, "/effort/days_past_due_min"),
        ({"evidence": (Evidence.CONTRACT, Evidence.CONTRACT)}, "/evidence"),
    ],
)
def test_terms_that_contradict_themselves(terms: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        require_claim_terms(replace(TERMS, **terms), "/document/claims")
    assert refused.value.pointer == f"/document/claims{pointer}"


VERBS = [
    lambda one, on, amount: rules.lodged(one, TERMS, on, [], [], disputed=amount % 7 == 0),
    lambda one, on, _: rules.waiting(one),
    lambda one, on, _: rules.asked(one, TERMS, on),
    lambda one, on, _: rules.answered(one, on),
    lambda one, on, amount: rules.decided(one, amount, None if amount == one.claimed else Rejection.OTHER),
    lambda one, on, amount: rules.paid(one, max(amount, 1)),
    lambda one, on, amount: rules.clawed_back(one, min(amount, one.paid)),
    lambda one, on, _: rules.withdrawn(one),
    lambda one, on, _: rules.held(one, on),
    lambda one, on, _: rules.resumed(one, on),
    lambda one, on, _: rules.lapsed(one, on) or one,
    lambda one, on, _: rules.in_recovery(one) or one,
    lambda one, on, _: rules.closed(one),
]


@given(st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 20), st.integers(0, 2_880_00)), max_size=30))
def test_whatever_is_done_what_is_reserved_is_what_may_still_be_paid(steps: list[tuple[Any, int, int]]) -> None:
    one, on = DRAFT, FIRST
    for verb, days, amount in steps:
        on += timedelta(days=days)
        before = one
        try:
            one = verb(one, on, amount)
        except Refused:
            continue
        if one.state in (LossClaimState.LODGED, LossClaimState.HOLD) and before.lodged_on is None:
            one = replace(one, reserved=one.claimed)
        assert 0 <= one.clawed_back <= one.paid <= one.approved <= one.claimed
        if one.approved and one.state is not LossClaimState.CLAWED_BACK:
            assert one.reserved == one.approved - one.paid
        if one.state in rules.UNPAID_ENDS or one.state is LossClaimState.CLOSED:
            assert one.reserved == 0
        assert (one.decide_by is not None) == (one.state is LossClaimState.LODGED)
        assert (one.answer_by is not None) == (one.state is LossClaimState.INFO_REQUESTED)
