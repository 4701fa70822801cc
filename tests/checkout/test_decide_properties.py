"""What holds for every decision, whatever is asked and known."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from service.checkout.answer import Answer, Outcome
from service.checkout.case import lay_out
from service.checkout.request import ALL_KINDS, Checkout
from service.checkout.snapshot import Snapshot
from service.plans.offer import Kind
from tests import properties  # noqa: F401 - loads the profile
from tests.checkout.cases import CONSUMER, MERCHANT, NOON, asked, decided, known
from tests.policies.sample import POLICY

amounts = st.one_of(st.integers(1, 12_000_00), st.integers(1, 10**12))
kinds = st.lists(st.sampled_from(ALL_KINDS), min_size=1, unique=True).map(tuple)
checkouts = st.builds(
    Checkout,
    merchant_reference=st.just("order 1"),
    consumer_id=st.just(CONSUMER),
    currency=st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
    amount=amounts,
    kinds=kinds,
    deposit_amount=st.one_of(st.just(0), st.integers(1, 5_000_00)),
    category=st.sampled_from(["", "car", "BICYCLE", "unheard of"]),
    instalments=st.one_of(st.none(), st.integers(1, 40)),
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "age": st.one_of(st.integers(0, 120), st.text(max_size=3), st.none()),
        "job": st.sampled_from(["none", "some", "fine", "king", 7]),
        "owner": st.sampled_from([True, False, None, "yes"]),
        "verified": st.sampled_from([True, True, True, False, None]),
    },
)
limits = st.one_of(st.none(), st.integers(0, 12_000_00))
snapshots = st.builds(
    Snapshot,
    consumer_id=st.just(CONSUMER),
    attributes=attributes,
    limit=limits,
    reserved=st.integers(0, 3_000_00),
    used=st.integers(0, 3_000_00),
    paid_off_plans=st.integers(0, 5),
    next_due_on=st.one_of(st.none(), st.dates(NOON.date() - timedelta(30), NOON.date() + timedelta(30))),
    clean_deposits=st.integers(0, 10),
)


@given(checkouts, snapshots)
def test_every_answer_explains_itself_and_keeps_within_the_limit(request: Checkout, snapshot: Snapshot) -> None:
    decision = decided(request, snapshot)
    answer = decision.answer
    offers = [*answer.offers, *(alternative.offer for alternative in answer.alternatives)]
    available = max(0, decision.limit - snapshot.reserved - snapshot.used)
    offered = {offer.kind for offer in answer.offers}
    is_price_answered = bool(offered - {Kind.DEPOSIT}) or request.kinds == (Kind.DEPOSIT,)
    is_deposit_answered = Kind.DEPOSIT in offered or Kind.DEPOSIT not in request.kinds_asked
    assert (answer.outcome is Outcome.APPROVED) == bool(answer.offers)
    assert (is_price_answered and is_deposit_answered) == (not answer.reasons)
    if answer.offers:  # what is offered needs no reason
        assert all((reason.kind is Kind.DEPOSIT) == is_price_answered for reason in answer.reasons if reason.kind)
    assert len(answer.reasons) <= 4
    assert decision.takers.offers.keys() == {offer.offer_id for offer in offers if offer.kind is Kind.INSTALMENTS}
    assert len({offer.offer_id for offer in offers}) == len(offers)
    for offer in offers:
        assert offer.kind in request.kinds
        assert sum(row.principal for row in offer.schedule) == offer.amount - offer.held
        assert 0 < offer.amount - offer.held <= available
        assert offer.total_payable == offer.down_payment + offer.amount + offer.total_cost
        if offer.kind is Kind.DEPOSIT:
            assert offer.waived + offer.held == offer.amount == request.deposit_amount
    for offer in answer.offers:
        if offer.kind is not Kind.DEPOSIT:
            assert offer.amount + offer.down_payment == request.amount


@given(checkouts, snapshots)
def test_a_decision_is_replayed_from_its_log_byte_for_byte(request: Checkout, snapshot: Snapshot) -> None:
    logged = msgspec.json.encode(request), msgspec.json.encode(snapshot)
    sent = msgspec.json.encode(decided(request, snapshot).answer)
    again = decided(
        msgspec.json.decode(logged[0], type=Checkout), msgspec.json.decode(logged[1], type=Snapshot), policy=POLICY
    )
    assert msgspec.json.encode(again.answer) == sent
    assert msgspec.json.encode(msgspec.json.decode(sent, type=Answer)) == sent


def test_another_process_sends_the_same_bytes() -> None:
    script = (
        "import sys, msgspec; from tests.checkout.cases import asked, decided\n"
        "for amount in (1_000_00, 5_000_01):\n"
        "    sys.stdout.buffer.write(msgspec.json.encode(decided(asked(amount=amount)).answer))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, cwd=Path(__file__).parents[2]
    ).stdout
    ours = [msgspec.json.encode(decided(asked(amount=amount)).answer) for amount in (1_000_00, 5_000_01)]
    assert told == b"".join(ours)


@given(st.integers(0, 120), st.integers(0, 120))
def test_more_is_never_worse_where_the_policy_says_so(one: int, other: int) -> None:
    younger, older = sorted((one, other))
    scores = [decided(snapshot=known(attributes={"age": age})).score for age in (younger, older)]
    assert scores[0] <= scores[1]


@given(attributes)
@example({})
def test_the_points_lost_are_what_the_best_score_is_more(told: dict[str, Any]) -> None:
    scorecard = POLICY.scorecard
    snapshot = Snapshot(consumer_id=CONSUMER, attributes=told)
    case = lay_out(asked(), snapshot, MERCHANT, POLICY, date(2026, 3, 2))
    losses = [loss.points for loss in scorecard.losses(case.facts)]
    assert sum(losses) == scorecard.score_max - case.score
    assert losses == sorted(losses, reverse=True)
    assert scorecard.score_min <= case.score <= scorecard.score_max
