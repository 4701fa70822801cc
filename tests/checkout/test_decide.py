"""What is decided, and why: both sides of every edge."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace

from service import ids
from service.checkout.answer import Outcome, offer_of
from service.checkout.request import Item
from service.insurance.supply import SupplyTerms
from service.merchants.fee import MerchantFee
from service.partners.allocation import Takers, in_order
from service.plans.offer import Kind
from service.policies.reasons import ReasonCode
from service.policies.words import Language
from tests.checkout.cases import DECISION, MERCHANT, NOON, PROGRAMMES, asked, codes, decided, known
from tests.partners.contracts import programme
from tests.policies.sample import POLICY, document_with, policy_with

TOMORROW, YESTERDAY = date(2026, 3, 3), date(2026, 3, 1)
YOUNG = {"attributes": {"age": 24, "job": "some"}}
INSURED = (SupplyTerms("ip_1", 60, date(2026, 12, 31)), SupplyTerms("ip_2", 30, date(2026, 3, 2)))
OVER = (SupplyTerms("ip_1", 30, YESTERDAY),)
UNVERIFIED = {"attributes": {"verified": False}}
NEARLY_SPENT = {"limit": 5_000_00, "reserved": 1_500_00, "used": 3_200_00}


@pytest.mark.parametrize(
    ("request_", "snapshot", "outcome", "reasons"),
    [
        ({}, {}, "approved", []),
        # the policy's rules
        ({}, {"attributes": {"age": 18}}, "approved", []),
        ({}, {"attributes": {"age": 17}}, "declined", ["UNDER_AGE"]),
        ({}, {"next_due_on": date(2026, 3, 2)}, "approved", []),  # due today is not overdue
        ({}, {"next_due_on": YESTERDAY}, "declined", ["PAYMENT_OVERDUE"]),
        ({}, {"next_due_on": YESTERDAY, "attributes": {"age": 17}}, "declined", ["UNDER_AGE", "PAYMENT_OVERDUE"]),
        ({"amount": 9_000_00}, {"limit": 9_000_00}, "approved", []),
        ({"amount": 9_000_01}, {"limit": 10_000_00}, "referred", ["REVIEW_NEEDED"]),
        ({"amount": 9_000_01}, {"limit": 10_000_00, "next_due_on": YESTERDAY}, "declined", ["PAYMENT_OVERDUE"]),
        # an insurer lets a debtor be extended for 30 days
        ({}, {"insured": INSURED, "next_due_on": date(2026, 1, 31)}, "declined", ["PAYMENT_OVERDUE"]),
        ({}, {"insured": INSURED, "next_due_on": date(2026, 1, 30)}, "declined", ["STOP_SUPPLY", "PAYMENT_OVERDUE"]),
        ({}, {"insured": INSURED}, "approved", []),
        ({}, {"insured": OVER, "next_due_on": date(2026, 1, 30)}, "declined", ["PAYMENT_OVERDUE"]),
        # nothing is collected from the person
        ({}, {"is_paused": True}, "referred", ["REVIEW_NEEDED"]),
        ({}, {"is_paused": True, "attributes": {"age": 17}}, "declined", ["UNDER_AGE"]),
        # a fact that must be there
        ({}, {"attributes": {"verified": None}}, "referred", ["INFORMATION_MISSING"]),
        ({}, {"attributes": {"verified": "yes"}}, "referred", ["INFORMATION_MISSING"]),
        # the score: 500 + age + job + owner; A from 620, B from 560, a person looks from 540
        ({}, {"attributes": {"age": 39, "job": "some"}}, "approved", []),  # 560
        ({}, YOUNG, "referred", ["REVIEW_NEEDED", "AGE_OF_APPLICANT", "OCCUPATION", "HOUSING"]),
        ({}, {"attributes": {"age": None, "job": "some"}}, "declined", ["AGE_OF_APPLICANT", "OCCUPATION", "HOUSING"]),
        ({}, {"attributes": {"job": "none"}}, "declined", ["OCCUPATION", "HOUSING"]),
        ({}, {"attributes": {"job": "star"}}, "referred", ["REVIEW_NEEDED", "OCCUPATION", "HOUSING"]),  # no such word
        # the limit: what a new consumer's grade is given, or what the account says
        ({"amount": 5_000_00}, {}, "approved", []),
        ({"amount": 5_000_01}, {}, "declined", ["LIMIT_EXCEEDED"]),
        ({"amount": 300_00}, NEARLY_SPENT, "approved", []),
        ({"amount": 301_00}, NEARLY_SPENT, "declined", ["LIMIT_EXCEEDED"]),
        ({"amount": 300_01}, NEARLY_SPENT, "declined", ["LIMIT_EXCEEDED"]),
        ({"amount": 30_00}, {"limit": 100_00, "used": 200_00}, "declined", ["LIMIT_EXCEEDED"]),
        # the price list
        ({"amount": 30_00}, {}, "approved", []),
        ({"amount": 29_99}, {}, "declined", ["AMOUNT_TOO_LOW"]),
        ({"amount": 10_000_01}, {"limit": 20_000_00}, "referred", ["REVIEW_NEEDED", "AMOUNT_TOO_HIGH"]),
        ({"amount": 5_000_00, "category": "car"}, {"limit": 20_000_00}, "approved", []),  # 4,000.00 after 20 %
        ({"amount": 5_000_01, "category": "car"}, {"limit": 20_000_00}, "declined", ["AMOUNT_TOO_HIGH"]),
        ({"instalments": 24, "amount": 500_00}, {}, "approved", []),
        ({"instalments": 25, "amount": 500_00}, {}, "declined", ["TERM_NOT_SERVED"]),
        ({"kinds": (Kind.PAY_AFTER_USE,)}, {}, "declined", ["PRODUCT_NOT_SERVED"]),
        ({"currency": "USD"}, {}, "declined", ["CURRENCY_NOT_SERVED"]),
        # a rule for some kinds bars those alone
        ({"amount": 100_00, "category": "bicycle"}, {}, "approved", []),
        ({"amount": 100_00, "category": "bicycle"}, UNVERIFIED, "declined", ["IDENTITY_UNCONFIRMED"]),
        ({}, UNVERIFIED, "approved", []),
    ],
)  # fmt: skip
def test_outcome(request_: dict[str, Any], snapshot: dict[str, Any], outcome: str, reasons: list[str]) -> None:
    decision = decided(asked(**request_), known(**snapshot))
    assert (decision.answer.outcome.value, codes(decision)) == (outcome, reasons)
    assert bool(decision.answer.offers) == (outcome == "approved")


@pytest.mark.parametrize(
    ("request_", "unknown"),
    [
        ({}, ()),
        ({"category": "car"}, ()),
        ({"category": "CAR"}, ()),
        ({"category": "other"}, ()),
        ({"category": "cra"}, ("cra",)),
        ({"items": (Item("x", 100_00, category="car"), Item("y", 300_00, category="bicycel"))}, ("bicycel",)),
        ({"items": (Item("x", 100_00, category="cra"), Item("y", 300_00, category="cra"))}, ("cra",)),
        ({"items": (Item("x", 400_00, category="cra"),), "category": "car"}, ()),  # it is the purchase's that counts
    ],
)
def test_a_word_that_stands_in_no_category_is_named(request_: dict[str, Any], unknown: tuple[str, ...]) -> None:
    answer = decided(asked(**request_)).answer
    assert answer.unknown == unknown
    assert (b'"unknown"' in msgspec.json.encode(answer)) == bool(unknown)


def test_an_inactive_merchant_sells_nothing_on_credit() -> None:
    assert codes(decided(merchant=replace(MERCHANT, active=False))) == ["MERCHANT_INACTIVE"]


def test_the_ladder_has_the_best_first_and_numbers_its_offers() -> None:
    offers = decided(asked(amount=1_000_00)).answer.offers
    assert [(offer.kind.value, offer.terms.instalments) for offer in offers] == [
        ("instalments", 4),
        ("instalments", 6),
        ("instalments", 12),
    ]
    assert [offer.offer_id for offer in offers] == [ids.derive(ids.OFFER, DECISION, n) for n in (1, 2, 3)]


def test_an_offer_says_everything() -> None:
    at_zero, _, year = decided(asked(amount=1_000_00)).answer.offers
    assert [(row.due_on.isoformat(), row.total) for row in at_zero.schedule] == [
        ("2026-03-02", 250_00), ("2026-03-16", 250_00), ("2026-03-30", 250_00), ("2026-04-13", 250_00),
    ]  # fmt: skip
    assert (at_zero.total_cost, at_zero.total_payable, at_zero.apr.printed) == (0, 1_000_00, "0.0")
    assert at_zero.merchant_fee == MerchantFee(390, 30)  # 2.90 % agreed, 1 % so that it costs the consumer nothing
    assert len(year.schedule) == 12
    assert sum(row.principal for row in year.schedule) == year.amount == 1_000_00
    assert year.total_cost == sum(row.interest for row in year.schedule)
    assert year.total_payable == 1_000_00 + year.total_cost
    assert (year.apr.method.value, year.apr.printed) == ("eu_effective", "10.4")  # (1 + 0.099 / 12) ** 12 - 1
    assert year.merchant_fee == MerchantFee(290, 30)
    assert (year.capture_within_days, year.expires_at) == (14, NOON + timedelta(minutes=30))


def test_a_down_payment_is_paid_in_the_checkout_and_is_no_part_of_the_plan() -> None:
    (offer,) = decided(asked(amount=2_000_00, category="car")).answer.offers
    assert (offer.amount, offer.down_payment, offer.terms.down_payment_bps) == (1_600_00, 400_00, 0)
    assert sum(row.principal for row in offer.schedule) == 1_600_00
    assert offer.total_payable == 2_000_00 + offer.total_cost


@pytest.mark.parametrize(
    ("clean", "limit", "deposit", "waived", "held"),
    [
        (3, 5_000_00, 2_000_00, 1_600_00, 400_00),
        (3, 1_000_00, 2_000_00, 1_000_00, 1_000_00),  # no more than the limit leaves
        (2, 5_000_00, 2_000_00, 1_000_00, 1_000_00),
        (9, 5_000_00, 2_000_00, 2_000_00, 0),
        (1, 5_000_00, 20_00, 10_00, 10_00),
        (1, 10_00, 2_000_00, 10_00, 1_990_00),
        (3, 5_000_00, 99_99, 79_99, 20_00),  # 79.992 is rounded to the cent
        (9, 5_000_00, 3_000_00, 3_000_00, 0),
    ],
)
def test_deposit(clean: int, limit: int, deposit: int, waived: int, held: int) -> None:
    request = asked(kinds=(Kind.DEPOSIT,), deposit_amount=deposit)
    (offer,) = decided(request, known(clean_deposits=clean, limit=limit)).answer.offers
    assert (offer.kind, offer.amount, offer.waived, offer.held) == (Kind.DEPOSIT, deposit, waived, held)
    assert [row.total for row in offer.schedule] == [waived]
    assert offer.merchant_fee == MerchantFee(50, 0)


@pytest.mark.parametrize(
    ("clean", "limit", "deposit", "reason"),
    [
        (0, 5_000_00, 2_000_00, "HISTORY_TOO_SHORT"),  # the ladder starts at one clean deposit
        (3, 9_99, 2_000_00, "LIMIT_EXCEEDED"),  # less than the smallest waiver
        (1, 5_000_00, 19_99, "AMOUNT_TOO_LOW"),
        (9, 5_000_00, 3_000_01, "AMOUNT_TOO_HIGH"),
    ],
)
def test_no_deposit(clean: int, limit: int, deposit: int, reason: str) -> None:
    request = asked(kinds=(Kind.DEPOSIT,), deposit_amount=deposit)
    assert codes(decided(request, known(clean_deposits=clean, limit=limit))) == [reason]


def test_all_kinds_in_one_ladder() -> None:
    request = asked(amount=150_00, category="power bank", deposit_amount=100_00)
    offers = decided(request, known(clean_deposits=9)).answer.offers
    assert [(offer.kind.value, offer.amount) for offer in offers] == [("pay_after_use", 150_00), ("deposit", 100_00)]
    assert [row.due_on for row in offers[0].schedule] == [date(2026, 4, 1)]


@pytest.mark.parametrize("shown", [1, 2, 3, 12])
def test_a_deposit_asked_for_keeps_its_place_however_few_offers_the_policy_shows(shown: int) -> None:
    request = asked(amount=150_00, category="power bank", deposit_amount=100_00)
    everything = msgspec.json.decode(document_with())
    by_the_month = everything["instalments"][1] | {"categories": [], "amount_min": 1, "lengths": [2, 3, 4]}
    after_use = [everything["pay_after_use"][0] | {"due_days": days} for days in (30, 60, 90)]
    policy = policy_with(("/offers_max", shown), ("/instalments", [by_the_month]), ("/pay_after_use", after_use))
    offers = decided(request, known(clean_deposits=9), policy=policy).answer.offers
    kinds = [offer.kind.value for offer in offers]
    assert kinds == [*(["instalments"] * 3 + ["pay_after_use"] * 3)[:shown], "deposit"]


@pytest.mark.parametrize(
    ("deposit", "clean", "limit", "waived", "reasons"),
    [
        (100_00, 1, 5_000_00, [50_00], []),
        (100_00, 0, 5_000_00, [], ["HISTORY_TOO_SHORT"]),
        (20_00, 1, 5_000_00, [10_00], []),
        (19_99, 1, 5_000_00, [], ["AMOUNT_TOO_LOW"]),
        (3_000_00, 9, 5_000_00, [3_000_00], []),
        (3_000_01, 9, 5_000_00, [], ["AMOUNT_TOO_HIGH"]),
        (0, 1, 5_000_00, [], []),  # none was asked for
    ],
)
def test_a_deposit_asked_for_is_answered_beside_the_price(
    deposit: int, clean: int, limit: int, waived: list[int], reasons: list[str]
) -> None:
    request = asked(deposit_amount=deposit, language=Language.ENGLISH)
    answer = decided(request, known(clean_deposits=clean, limit=limit), policy=policy_with(("/offers_max", 1))).answer
    assert (answer.outcome.value, answer.offers[0].kind) == ("approved", Kind.INSTALMENTS)
    assert [offer.waived for offer in answer.offers if offer.kind is Kind.DEPOSIT] == waived
    assert [(reason.code.value, reason.kind) for reason in answer.reasons] == [(code, "deposit") for code in reasons]
    assert all("eposit" in reason.sentence for reason in answer.reasons)


def test_a_deposit_that_is_too_high_has_an_alternative_beside_the_offers() -> None:
    answer = decided(asked(deposit_amount=4_000_00), known(clean_deposits=3)).answer
    assert {offer.kind for offer in answer.offers} == {Kind.INSTALMENTS}
    assert [(one.change.value, one.offer.kind, one.offer.held) for one in answer.alternatives] == [
        ("smaller_waiver", Kind.DEPOSIT, 1_600_00)
    ]
    ids_ = [offer.offer_id for offer in answer.offers] + [one.offer.offer_id for one in answer.alternatives]
    assert ids_ == [ids.derive(ids.OFFER, DECISION, n + 1) for n in range(len(ids_))]


def test_a_rule_that_bars_the_deposit_alone_is_told_beside_the_offers() -> None:
    answer = decided(asked(deposit_amount=100_00), known(clean_deposits=9, **UNVERIFIED)).answer
    assert {offer.kind for offer in answer.offers} == {Kind.INSTALMENTS}
    assert [(reason.code.value, reason.kind) for reason in answer.reasons] == [("IDENTITY_UNCONFIRMED", "deposit")]


def test_where_neither_can_be_both_hear_why() -> None:
    request = asked(amount=5_000_01, deposit_amount=100_00)
    reasons = decided(request).answer.reasons
    assert [(reason.code.value, reason.kind or "") for reason in reasons] == [
        ("LIMIT_EXCEEDED", ""), ("HISTORY_TOO_SHORT", "deposit"),
    ]  # fmt: skip


def test_a_deposit_too_small_to_waive_any_of_is_not_a_matter_of_history() -> None:
    policy = policy_with(("/deposits/0/waived_min", 50_01))
    assert codes(decided(asked(kinds=(Kind.DEPOSIT,), deposit_amount=50_00), policy=policy)) == ["AMOUNT_TOO_LOW"]
    assert codes(decided(asked(kinds=(Kind.DEPOSIT,), deposit_amount=50_01), policy=policy)) == ["HISTORY_TOO_SHORT"]


def test_of_the_same_rhythm_only_the_best_is_shown() -> None:
    free = {
        "name": "free", "currency": "EUR", "amount_min": 500_00, "amount_max": 1_000_00,
        "terms": {"every": 1, "unit": "month"}, "lengths": [12],
    }  # fmt: skip
    paid = msgspec.json.decode(document_with())["instalments"][1]
    policy = policy_with(("/instalments", [free, paid]))
    for amount, costs in ((1_000_00, [(12, True), (6, False)]), (1_000_01, [(6, False), (12, False)])):
        offers = decided(asked(amount=amount), policy=policy).answer.offers
        assert [(offer.terms.instalments, offer.total_cost == 0) for offer in offers] == costs


def test_it_is_known_whose_money_each_offer_would_be() -> None:
    request = asked(amount=150_00, category="power bank", deposit_amount=100_00)
    decision = decided(request, known(clean_deposits=9))
    assert {offer.kind for offer in decision.answer.offers} == {Kind.PAY_AFTER_USE, Kind.DEPOSIT}
    assert decision.takers == Takers()  # the programme takes instalments alone
    alternatives = decided(asked(amount=5_000_01))
    assert not alternatives.answer.offers
    (funding,) = alternatives.takers.of(alternatives.answer.alternatives[0].offer.offer_id)
    assert funding.participations[0].principal_bps == 7000
    assert alternatives.takers.grade == "A"
    assert decided(programmes=()).takers == Takers()


def test_each_offer_has_the_programmes_that_take_it_in_their_order() -> None:
    small = programme("pr_small", priority=50, eligibility={"amount_max": 300_00})
    first, last = programme("pr_first", priority=1), programme("pr_last")
    takers = {}
    for amount in (300_00, 300_01):
        decision = decided(asked(amount=amount), programmes=tuple(in_order([last, small, first])))
        offer = decision.answer.offers[0]
        assert offer.amount == amount
        takers[amount] = [one.programme_id for one in decision.takers.of(offer.offer_id)]
    assert takers == {300_00: ["pr_first", "pr_small", "pr_last"], 300_01: ["pr_first", "pr_last"]}


def test_what_nobody_funds_is_offered_or_not_as_the_policy_says() -> None:
    """Nobody has heard of a test merchant's plans: they are never asked for money."""
    declines = policy_with(("/unfunded", "decline"))
    tries = replace(MERCHANT, is_test=True)
    for policy, merchant, programmes, partners_only in (
        (POLICY, MERCHANT, (), False),
        (declines, MERCHANT, PROGRAMMES, True),
        (declines, tries, (), False),
    ):
        answer = decided(merchant=merchant, programmes=programmes, policy=policy).answer
        assert [offer.partners_only for offer in answer.offers] == [partners_only] * len(answer.offers)
        assert answer.outcome is Outcome.APPROVED
    declined = decided(programmes=(), policy=declines).answer
    assert (declined.outcome, declined.alternatives) == (Outcome.DECLINED, ())
    assert [reason.code for reason in declined.reasons] == [ReasonCode.PRODUCT_NOT_SERVED]


def test_an_offer_is_found_by_its_id() -> None:
    answer = decided(asked(amount=5_000_01)).answer
    last = answer.alternatives[-1].offer
    assert offer_of(answer, last.offer_id) == last
    assert offer_of(answer, "of_00000000000000000000000000") is None


@pytest.mark.parametrize("funded_in", ["Europe/Berlin", "Asia/Singapore"])
@pytest.mark.parametrize(
    ("zone", "day"), [("America/Los_Angeles", 2), ("Europe/Berlin", 2), ("Europe/Athens", 3), ("Asia/Singapore", 3)]
)
def test_the_merchant_s_calendar_dates_the_plan_whoever_funds_it(zone: str, day: int, funded_in: str) -> None:
    evening = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # 14:30 in Los Angeles, 23:30 in Berlin, 00:30 in Athens
    funds = programme(time_zone=funded_in)
    decision = decided(merchant=replace(MERCHANT, time_zone=zone), programmes=(funds,), now=evening)
    offer = decision.answer.offers[0]
    assert (offer.time_zone, offer.schedule[0].due_on) == (zone, date(2026, 3, day))
    assert decision.takers.of(offer.offer_id)[0].time_zone == funded_in


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"])
def test_on_the_due_day_nobody_is_overdue_until_it_ends_in_the_shop(zone: str) -> None:
    merchant, owes = replace(MERCHANT, time_zone=zone), known(next_due_on=date(2026, 3, 2))
    midnight = datetime(2026, 3, 3, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for ago, outcome in ((timedelta(microseconds=1), Outcome.APPROVED), (timedelta(), Outcome.DECLINED)):
        assert decided(snapshot=owes, merchant=merchant, now=midnight - ago).answer.outcome is outcome


def test_the_limit_is_the_account_s_or_what_the_grade_is_given() -> None:
    grade_b = {"age": 25, "job": "some"}
    assert (decided().limit, decided().grade, decided().score) == (5_000_00, "A", 630)
    assert decided(snapshot=known(limit=70_00)).limit == 70_00
    assert decided(snapshot=known(attributes=grade_b)).limit == 1_000_00
    assert decided(snapshot=known(attributes=grade_b, paid_off_plans=2)).limit == 1_000_00
    assert decided(snapshot=known(attributes=grade_b, paid_off_plans=3)).limit == 2_000_00
    assert decided(snapshot=known(attributes={"job": "none"})).limit == 0


def test_reasons_say_which_fact_and_which_way() -> None:
    policy = policy_with(("/scorecard/characteristics/1/bins/2/points", 0))  # a fine job is not better than some
    reasons = decided(snapshot=known(attributes={"age": None, "job": "none"}), policy=policy).answer.reasons
    assert [(reason.feature, reason.direction and reason.direction.value) for reason in reasons] == [
        ("job", "unfavourable"), ("age", "absent"), ("owner", "unfavourable"),
    ]  # fmt: skip
    young = decided(snapshot=known(attributes={"age": 20, "job": "none"})).answer.reasons
    assert ("age", "too_low") in [(reason.feature, reason.direction and reason.direction.value) for reason in young]
    assert decided(snapshot=known(next_due_on=YESTERDAY)).answer.reasons[0].feature == "overdue"


def test_other_outcomes_have_no_offers() -> None:
    for snapshot in (known(attributes={"verified": None}), known(next_due_on=YESTERDAY)):
        answer = decided(snapshot=snapshot).answer
        assert answer.outcome is not Outcome.APPROVED
        assert (answer.offers, answer.alternatives) == ((), ())
    assert decided(snapshot=known(next_due_on=TOMORROW)).answer.outcome is Outcome.APPROVED


def test_a_price_that_became_illegal_is_not_offered() -> None:
    changes = (("/jurisdiction", "CN"), ("/product_class", "consumer_finance_loan"))
    policy = policy_with(*changes, ("/instalments/1/terms/rate_percent", "19.9"))  # 21.8 % compound
    request = asked(amount=1_000_00, instalments=12)
    before, after = datetime(2025, 12, 30, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert decided(request, policy=policy, now=before).answer.offers[0].apr.printed == "21.82"
    assert codes(decided(request, policy=policy, now=after)) == ["PRICE_ABOVE_LEGAL_CAP"]


def test_reasons_are_said_in_the_consumer_s_language() -> None:
    said = [
        decided(asked(language=language), known(next_due_on=YESTERDAY)).answer.reasons[0].sentence
        for language in Language
    ]
    assert said == ["A payment to us is overdue.", "Eine Zahlung an uns ist überfällig.", "您有一笔应付款项已经逾期。"]


def test_no_price_in_the_published_range_is_declined_for_its_cents() -> None:
    policy = policy_with(("/instalments/0/amount_min", 1), ("/instalments/0/terms", {"instalments": 36}))
    for amount in [*range(1, 120), 8_999_99, 9_000_00]:
        decision = decided(asked(amount=amount), known(limit=10_000_00), policy=policy)
        assert decision.answer.outcome is Outcome.APPROVED, amount
        assert sum(row.total for row in decision.answer.offers[0].schedule) == amount


# Closed days 4 to 10 February 2027: instalments of two Thursdays are due on the 11th.
VIETNAMESE = {"instalments": 8, "every": 1, "unit": "week", "non_business_day": "following", "calendar": "VN"}


@pytest.mark.parametrize("day", range(17, 32))
def test_a_long_holiday_stands_in_nobodys_way(day: int) -> None:
    policy = policy_with(("/instalments/0/terms", VIETNAMESE))
    decision = decided(asked(), policy=policy, now=datetime(2026, 12, day, 3, tzinfo=UTC))
    assert decision.answer.outcome is Outcome.APPROVED
    assert len(decision.answer.offers[0].schedule) == 8


@pytest.mark.parametrize(("start", "reasons"), [((2026, 1, 8), []), ((2026, 1, 9), ["TERM_NOT_SERVED"])])
def test_terms_that_make_no_schedule_today_are_not_told_as_an_amount(
    start: tuple[int, int, int], reasons: list[str]
) -> None:
    """At 300 % the first of twelve instalments covers the interest of a month, from the 8th, and not that of two."""
    terms = {"instalments": 12, "every": 1, "unit": "month", "anchor_day": 8, "rate_percent": "300"}
    policy = policy_with(("/jurisdiction", "CN"), ("/product_class", "none"), ("/instalments/0/terms", terms))
    decision = decided(asked(), policy=policy, now=datetime(*start, 12, tzinfo=UTC))
    assert codes(decision) == reasons
