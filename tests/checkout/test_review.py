"""A person's yes sets referrals aside and nothing else; a person's no is heard in the person's reasons."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.checkout.answer import Outcome
from service.checkout.evidence import evidence_of
from service.checkout.replay import Differing, replay
from service.checkout.review import Review, ReviewOutcome, decide_reviewed, reviewed_snapshot
from service.outside.source import SourceOutcome, SourceRead
from service.partners.allocation import Takers
from service.policies.reasons import ReasonCode
from tests.checkout.cases import DECISION, MERCHANT, NOON, PROGRAMMES, asked, codes, decided, known
from tests.partners.contracts import programme
from tests.policies.sample import POLICY, policy_with

MADE = "de_01JD8Q4Z7K7M8W3N5V2C9XTC00"
YES = Review(DECISION, ReviewOutcome.APPROVE)
NO = Review(DECISION, ReviewOutcome.DECLINE, (ReasonCode.INCOME, ReasonCode.GUARANTEE))


def reviewed(review: Review, facts: dict[str, Any], **request: Any) -> Any:
    evidence = evidence_of(known(**facts), MERCHANT, PROGRAMMES, "EUR")
    return decide_reviewed(MADE, review, asked(**request), evidence, POLICY, NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("facts", "request_", "outcome", "reasons"),
    [
        ({"attributes": {"verified": None}}, {}, "approved", []),  # a fact that was missing
        ({"attributes": {"job": None}}, {}, "approved", []),  # a grade that a person shall look at
        ({"limit": 20_000_00}, {"amount": 9_000_01}, "approved", []),  # a rule that refers
        ({"attributes": {"verified": None, "age": 17}}, {}, "declined", ["UNDER_AGE"]),  # rules that decline hold
        ({"attributes": {"verified": None}, "next_due_on": (NOON - timedelta(days=1)).date()}, {},
         "declined", ["PAYMENT_OVERDUE"]),
        ({"attributes": {"job": "none", "verified": None}}, {}, "declined", ["OCCUPATION", "HOUSING"]),
        ({"attributes": {"verified": None}, "limit": 500_00, "used": 200_00}, {}, "declined", ["LIMIT_EXCEEDED"]),
    ],
)  # fmt: skip
def test_a_yes(facts: dict[str, Any], request_: dict[str, Any], outcome: str, reasons: list[str]) -> None:
    made = reviewed(YES, facts, **request_)
    assert (made.answer.outcome.value, codes(made)) == (outcome, reasons)
    assert made.answer.referral_id == DECISION
    assert made.answer.expires_at == made.answer.decided_at + POLICY.offers_live
    assert all(offer.offer_id.startswith(f"of_{MADE[3:-2]}") for offer in made.answer.offers)


def test_a_yes_offers_what_was_kept_back() -> None:
    """But for the fact that was missing, the same person is offered the same."""
    made = reviewed(YES, {"attributes": {"verified": None}})
    whole = decided(snapshot=known())
    assert [(o.kind, o.terms, o.total_cost) for o in made.answer.offers] == [
        (o.kind, o.terms, o.total_cost) for o in whole.answer.offers
    ]
    assert made.takers.fundings == whole.takers.fundings


def test_a_no_is_heard_in_the_consumers_language() -> None:
    made = reviewed(NO, {"attributes": {"verified": None}}, language="de")
    assert (made.answer.outcome, made.answer.offers, made.answer.alternatives, made.takers) == (
        Outcome.DECLINED, (), (), Takers(),
    )  # fmt: skip
    assert codes(made) == ["INCOME", "GUARANTEE"]
    assert made.answer.reasons[0].sentence != reviewed(NO, {}).answer.reasons[0].sentence


def test_the_facts_are_those_the_person_read() -> None:
    heard = {"bureau": SourceRead(SourceOutcome.ANSWERED, {"score": 612})}
    read = known(attributes={"job": "some"}, outside=heard)
    merged = reviewed_snapshot(read, known(attributes={"job": "fine"}, limit=100_00, used=1))
    assert (merged.attributes, merged.outside, merged.limit, merged.used) == (read.attributes, heard, 100_00, 1)


@given(
    st.sampled_from([YES, NO]),
    st.sampled_from([{"attributes": {"verified": None}}, {"attributes": {"job": None}}, {"limit": 100_00}]),
    st.integers(1, 10_000_00),
)
def test_a_review_replays_to_the_byte(review: Review, facts: dict[str, Any], amount: int) -> None:
    evidence = evidence_of(known(**facts), MERCHANT, PROGRAMMES, "EUR")
    sent = msgspec.json.encode(decide_reviewed(MADE, review, asked(amount=amount), evidence, POLICY, NOON).answer)
    request, kept = msgspec.json.encode(asked(amount=amount)), msgspec.json.encode(evidence)
    again = replay(MADE, request, kept, sent, POLICY, NOON, review)
    assert (again.is_identical, again.differences) == (True, ())


def test_differences_are_told_place_by_place() -> None:
    evidence = evidence_of(known(), MERCHANT, PROGRAMMES, "EUR")
    sent = msgspec.json.encode(decided().answer)
    request, kept = msgspec.json.encode(asked()), msgspec.json.encode(evidence)
    other = replay(DECISION, request, kept, sent, policy_with(("/capture_within_days", 15)), NOON)
    assert not other.is_identical
    assert other.differences == tuple(
        Differing(f"/offers/{place}/capture_within_days", 14, 15) for place in range(len(decided().answer.offers))
    )


def test_a_programme_in_another_currency_is_no_evidence() -> None:
    elsewhere = programme(currency="CHF")
    assert evidence_of(known(), MERCHANT, (elsewhere, *PROGRAMMES), "EUR").programmes == PROGRAMMES


def test_of_the_merchants_that_a_programme_lists_only_this_one_is_evidence() -> None:
    """What is decided by it is the same."""
    others = [f"me_{place:026d}" for place in range(499)]
    listing = programme("pr_listing", priority=1, eligibility={"merchants": [*others, MERCHANT.merchant_id]})
    not_ours = programme("pr_not_ours", eligibility={"merchants": others})
    suspended = programme("pr_suspended", active=False)
    all_of_them = (listing, not_ours, suspended, *PROGRAMMES)
    evidence = evidence_of(known(), MERCHANT, all_of_them, "EUR")
    assert [one.programme_id for one in evidence.programmes] == ["pr_listing", PROGRAMMES[0].programme_id]
    assert evidence.programmes[0].terms.eligibility.merchants == (MERCHANT.merchant_id,)
    assert decided(programmes=evidence.programmes) == decided(programmes=all_of_them)
