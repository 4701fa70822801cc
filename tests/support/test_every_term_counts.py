"""Nothing can be agreed that does nothing: of each term of each document it is shown what it changes.

Either two documents that differ in it alone come to something else, or a test is named that is about it. A term without
either fails here, and so does one that is shown and is not there any more.
"""

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from service.claims import claim as rules
from service.claims.evidence import Contract, EvidencePack, Identified, missing_of
from service.claims.steps_flow import looked_on
from service.errors import Refused
from service.factoring.purchase import PurchaseTerms, bought, discount_of, paid, recourse_price
from service.insurance.abroad import unchanged
from service.insurance.granting import DebtorRecord, asked_for
from service.insurance.insured import Sale
from service.insurance.limit import LimitSource, LimitState, LimitStep
from service.insurance.losing import indemnity_of
from service.insurance.policy import (
    AutomaticLimit,
    CountryCover,
    CountryStatus,
    Insurance,
    InsurancePolicy,
    Line,
    require_policy,
)
from service.insurance.premium import Turnover, periods, premium_of
from service.support.arrangement import (
    Arrangement,
    ArrangementKind,
    Attachment,
    AttachmentKind,
    Cap,
    CapOf,
    Cause,
    CoveredParts,
    Form,
    Rate,
    require_arrangement,
)
from service.support.claim_terms import ClaimTerms, EffortGate, Evidence, times_of
from service.support.cover import Used, returned
from service.support.cover_set import Covering
from service.support.documents_flow import Waterfall
from service.support.pool_terms import PoolFunder, PoolTerms, require_pool_terms, room_of, shares_of
from service.support.recovering import RecoveryOrder, share
from service.support.waterfall import Tier, allocate
from tests.claims.test_claim_rules import DRAFT, DUE
from tests.insurance import sample
from tests.support.worked import POOL, A, arrangement, loss

FLOWS = Path(__file__).parents[1] / "flows"
WORDS = {"name", "conditions"}  # for people to read: nothing follows from them

# Arrangements ---------------------------------------------------------------------------------------------------------

ON_SALE: dict[str, Any] = {
    "segment": "small", "category": "goods", "region": "DE-HH", "is_first_time": True, "days_past_due": 45,
    "interest": 50_00, "fees": 20_00, "lent": 1_200_00,
}  # fmt: skip
LOSSES = (
    loss(970_00, **ON_SALE), loss(400_00, **ON_SALE), loss(9_000_00, **ON_SALE | {"cause": Cause.FRAUD}),
    loss(9_000_00, **ON_SALE | {"debtor": "consumer 2"}),
)  # fmt: skip


def borne(one: Arrangement) -> object:
    """What comes of some losses, or why it cannot be agreed; and of the first once some of it came back."""
    try:
        require_arrangement(one)
    except Refused as refused:
        return refused.pointer
    used, found = Used(covered=50_000_00, available=9_000_00), []
    for each in LOSSES:
        before = Tier("before", 1, arrangement(cover_bps=4_000))
        allocation, (_, used) = allocate([before, Tier("sa", 1, one)], [Used(), used], each)
        (_, tier) = allocation.tiers
        found.append((tier.bearer_id, tier.amount, tier.insured, tier.limit))
        used = returned(one, used, each, tier.amount // 2)
    return found, used.available, used.paid


CAUSES = (Cause.CREDIT, Cause.FRAUD)
GOOD = arrangement(causes=CAUSES)
FUNDERS = (PoolFunder(POOL, 10_000),)
CLAIMS = ClaimTerms(file_within_days=240, decide_within_days=60)
FUNDED_POOL = {"kind": ArrangementKind.COMPENSATION_POOL, "funded": True, "claims": CLAIMS, "pool": PoolTerms(FUNDERS)}

DIFFERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # what both say besides, and what only the second says
    "kind": ({"causes": (Cause.POLITICAL,)}, {"kind": ArrangementKind.EXPORT_TRADE_INSURANCE}),
    "currency": ({}, {"currency": "XXX"}),
    "cover_bps": ({}, {"cover_bps": 5_000}),
    "causes": ({}, {"causes": (Cause.CREDIT,)}),
    "begins_on": ({}, {"begins_on": date(2026, 6, 2)}),
    "ends_on": ({}, {"ends_on": date(2026, 5, 31)}),
    "provider_id": ({"kind": ArrangementKind.RESERVE}, {"provider_id": None}),
    "beneficiary_id": ({}, {"beneficiary_id": A}),
    "base": ({}, {"base": CoveredParts.PRINCIPAL_INTEREST}),
    "rates": ({}, {"rates": (Rate(1_000, segment="small"),)}),
    "categories": ({}, {"categories": ("travel",)}),
    "regions": ({}, {"regions": ("AT",)}),
    "attachment": ({}, {"attachment": Attachment(AttachmentKind.THRESHOLD, 500_00)}),
    "of_whole": ({"cover_bps": 4_000}, {"of_whole": True}),
    "aggregate": ({}, {"aggregate": Attachment(AttachmentKind.AGGREGATE_BY_LOSS, 500_00)}),
    "small_loss_max": ({}, {"small_loss_max": 500_00}),
    "loss_max": ({}, {"loss_max": 100_00}),
    "debtor_max": ({}, {"debtor_max": 1_000_00}),
    "debtor_paid_max": ({}, {"debtor_paid_max": 1_000_00}),
    "annual_max": ({}, {"annual_max": 1_000_00}),
    "aggregate_max": ({}, {"aggregate_max": 1_000_00}),
    "cap": ({}, {"cap": Cap(100, CapOf.PAYMENTS)}),
    "form": ({}, {"form": Form.CASH}),
    "invoke_after_days": ({}, {"invoke_after_days": 46}),
    "invoke_by_days": ({}, {"invoke_by_days": 44}),
    "reinstatable": ({}, {"reinstatable": True}),
    "claims": (FUNDED_POOL, {"claims": None}),
    "pool": ({}, {"pool": PoolTerms(FUNDERS)}),
    "funded": ({}, {"funded": True}),
}


@pytest.mark.parametrize("field", DIFFERS)
def test_each_term_of_an_arrangement_changes_what_comes_of_it(field: str) -> None:
    both, more = DIFFERS[field]
    first = replace(GOOD, **both)
    assert set(more) == {field}
    assert borne(first) != borne(replace(first, **more))


SCOPES: tuple[tuple[str, Any, Any], ...] = (
    ("segment", "small", "large"),
    ("category", "goods", "travel"),
    ("region", "DE", "AT"),
    ("is_first_time", True, False),
    ("cause", Cause.CREDIT, Cause.FRAUD),
    ("lent_max", 1_200_00, 1_199_99),
)  # of a rate: what fits the losses, and what does not
PARTS: dict[str, tuple[Arrangement, Arrangement]] = {
    "Attachment.kind": (
        replace(GOOD, attachment=Attachment(AttachmentKind.THRESHOLD, 500_00)),
        replace(GOOD, attachment=Attachment(AttachmentKind.EACH_AND_EVERY, 500_00)),
    ),
    "Attachment.amount": (
        replace(GOOD, attachment=Attachment(AttachmentKind.THRESHOLD, 500_00)),
        replace(GOOD, attachment=Attachment(AttachmentKind.THRESHOLD, 200_00)),
    ),
    "Cap.rate_bps": (replace(GOOD, cap=Cap(100, CapOf.PAYMENTS)), replace(GOOD, cap=Cap(200, CapOf.PAYMENTS))),
    "Cap.base": (
        replace(GOOD, cover_bps=5_000, cap=Cap(1_000, CapOf.PAYMENTS)),
        replace(GOOD, cover_bps=5_000, cap=Cap(1_000, CapOf.GROSS_DEFAULTS)),
    ),
} | {
    f"Rate.{field}": (replace(GOOD, rates=(Rate(1_000, **{field: fits}),)),
                      replace(GOOD, rates=(Rate(1_000, **{field: fits_not}),)))
    for field, fits, fits_not in SCOPES
} | {"Rate.cover_bps": (replace(GOOD, rates=(Rate(1_000),)), replace(GOOD, rates=(Rate(2_000),)))}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_a_term_changes_what_comes_of_it(part: str) -> None:
    first, second = PARTS[part]
    assert borne(first) != borne(second)


# Of other documents ---------------------------------------------------------------------------------------------------


def pooled(terms: PoolTerms) -> object:
    try:
        require_pool_terms(terms, "")
    except Refused as refused:
        return refused.pointer
    return shares_of(terms, 388_00), room_of(terms, 100, 0)


def bought_at(terms: PurchaseTerms) -> object:
    one = bought(10_000_00, terms, date(2026, 3, 2))
    done = paid(one, terms, 10_000_00, 0, date(2026, 5, 1))
    return one.advance, done.released, discount_of(one, terms), recourse_price(one, terms, date(2026, 7, 30))


def claimed(terms: ClaimTerms) -> object:
    """The days of a claim on these terms, what it lacks, and what was not tried; or why they cannot be agreed."""
    today, times = date(2026, 9, 1), times_of(terms, DUE)
    draft = replace(DRAFT, waits_until=times.waits_until, file_by=times.file_by)
    lodged = rules.lodged(replace(draft, waits_until=today), terms, today, [], [], disputed=False)
    tried = rules.effort_faults(terms.effort, 32, 1, legal=False, due_on=DUE)
    return (
        times, lodged.decide_by, rules.asked(lodged, terms, today).answer_by, looked_on(draft, terms, None, today),
        missing_of(NOTHING_SHOWN, terms.evidence), tried,
    )  # fmt: skip


def insured_by(one: InsurancePolicy) -> object:
    """What is granted, insured abroad, paid and charged by a policy; or why it cannot be agreed."""
    terms = sample.terms(ArrangementKind.EXPORT_TRADE_INSURANCE, causes=(Cause.CREDIT, Cause.POLITICAL))
    try:
        require_policy(one, terms)
    except Refused as refused:
        return refused.pointer
    record, on = DebtorRecord(3, 0, 700), date(2026, 3, 2)
    step = LimitStep(LimitState.GRANTED, LimitSource.RULE, 1_000, 1_000, date(2026, 1, 1))
    under, rate = Insurance("ip", one, terms), unchanged("EUR")
    lost = [
        indemnity_of(under, country, [step], Used(), rate, "db", cause, on, [Sale(on, 100)])
        for country in ("CN", "BR") for cause in (Cause.CREDIT, Cause.POLITICAL)
    ]  # fmt: skip
    asked = [
        asked_for(one, record, amount, 0, on, discretionary=False, restricted=False) for amount in (4_000_00, 9_000_00)
    ]
    year = periods(terms)
    charged = premium_of(one, year[-1], Turnover(10_000_00, 0, 0), [], 0)
    return lost, asked, charged


def ordered(document: Waterfall) -> object:
    """Who bears a loss, and who gets what comes of it."""
    tiers = {"first": Tier("first", 1, GOOD), "last": Tier("last", 1, replace(GOOD, cover_bps=5_000, loss_max=100_00))}
    found = tuple(tiers[name] for name in document.tiers)
    lost, _ = allocate(found, [Used(), Used()], replace(LOSSES[0], principal=20_000_00))
    return lost, share(document.recovery_order, found, lost, [], 50_00)


NOTHING_SHOWN = EvidencePack(
    Contract("of", "de", 1, 1, "0", "0", datetime(2026, 7, 1, tzinfo=UTC)), [], [], [], [],
    Identified("co", "pe", (), None), [],
)  # fmt: skip
FIRST_LAST = Waterfall("Both", ("last", "first"), RecoveryOrder.PARI_PASSU)
CHINA = CountryCover("CN", CountryStatus.OPEN, date(2026, 1, 1))
EXPORT = sample.policy(Line.EXPORT, countries=(CHINA,))
RULE = AutomaticLimit("prompt-payers")
GATE = EffortGate(days_past_due_min=33, notices_min=2, legal_started=True)


def covered(**more: Any) -> object:
    return insured_by(replace(EXPORT, countries=(replace(CHINA, **more),)))


def granted(**more: Any) -> object:
    return insured_by(replace(EXPORT, automatic=replace(RULE, **more)))


TWO = (PoolFunder(POOL, 7_000), PoolFunder(f"{POOL[:-1]}4", 3_000))
PRICE = PurchaseTerms(advance_bps=8_500)
OTHERS: dict[str, tuple[object, object]] = {
    "PoolTerms.funders": (pooled(PoolTerms(FUNDERS)), pooled(PoolTerms(TWO))),
    "PoolTerms.leverage": (pooled(PoolTerms(FUNDERS)), pooled(PoolTerms(FUNDERS, leverage=2))),
    "PoolTerms.alarm_bps": (pooled(PoolTerms(FUNDERS, stop_bps=1)), pooled(PoolTerms(FUNDERS, 0, 2, 1))),
    "PoolFunder.share_bps": (pooled(PoolTerms(TWO)), pooled(PoolTerms((replace(TWO[0], share_bps=6_000), TWO[1])))),
    "Waterfall.tiers": (ordered(FIRST_LAST), ordered(replace(FIRST_LAST, tiers=("first", "last")))),
    "Waterfall.recovery_order": (
        ordered(FIRST_LAST), ordered(replace(FIRST_LAST, recovery_order=RecoveryOrder.REVERSE)),
    ),
    "PurchaseTerms.advance_bps": (bought_at(PRICE), bought_at(replace(PRICE, advance_bps=8_000))),
    "PurchaseTerms.service_bps": (bought_at(PRICE), bought_at(replace(PRICE, service_bps=80))),
    "PurchaseTerms.discount_bps": (bought_at(PRICE), bought_at(replace(PRICE, discount_bps=800))),
} | {
    f"ClaimTerms.{field}": (claimed(CLAIMS), claimed(replace(CLAIMS, **{field: value})))
    for field, value in (
        ("file_within_days", 90), ("decide_within_days", 30), ("wait_months", 3), ("wait_days", 10),
        ("answer_within_days", 10), ("warn_days", 7), ("evidence", (Evidence.DUNNING,)), ("effort", GATE),
    )
} | {
    f"EffortGate.{field}": (claimed(replace(CLAIMS, effort=GATE)),
                            claimed(replace(CLAIMS, effort=replace(GATE, **{field: value}))))
    for field, value in (("days_past_due_min", 0), ("notices_min", 0), ("legal_started", False))
} | {
    f"InsurancePolicy.{field}": (insured_by(EXPORT), insured_by(replace(EXPORT, **{field: value})))
    for field, value in (
        ("line", Line.DOMESTIC), ("country", "CN"), ("premium_bps", 40), ("minimum_premium", 9_000_00),
        ("limit_fee", 15_00), ("discretionary_max", 1_000_00), ("automatic", None), ("countries", ()),
    )
} | {
    f"CountryCover.{field}": (covered(), covered(**{field: value}))
    for field, value in (
        ("country", "BR"), ("status", CountryStatus.CLOSED), ("from_on", date(2026, 4, 1)), ("commercial", False),
        ("political", False),
    )
} | {
    f"AutomaticLimit.{field}": (granted(), granted(**{field: value}))
    for field, value in (("rule_id", "others"), ("paid_orders_min", 4), ("index_min", 71))
}  # fmt: skip


@pytest.mark.parametrize("term", OTHERS)
def test_each_other_term_changes_what_comes_of_it(term: str) -> None:
    first, second = OTHERS[term]
    assert first != second


# Terms whose effect is seen only in the running service: the test that is about each, and names it.
SHOWN_BY: dict[str, str] = {
    "Arrangement.exclusive_classes": "cover_sets: two_arrangements_of_a_class_exclude_each_other",
    "PoolTerms.stop_bps": "pools: it_warns_and_stops_once_and_checkouts_go_to_the_next",
    "PoolTerms.ratio_of": "pools: what_its_ratio_is_of",
    "PoolFunder.party_id": "pools: what_comes_back_is_theirs_who_paid_it",
    "InsurancePolicy.arrangement_id": "insured_plans: the_limit_of_the_day_of_the_sale_is_what_is_insured",
    "InsurancePolicy.legal_basis": "insurers: a_pack_is_the_ledger_of_its_debtors",
    "InsurancePolicy.overdue_report_days": "stopping_supply: the_insurer_is_told_once_who_is_overdue",
    "InsurancePolicy.extension_days_max": "stopping_supply: another_version_of_the_policy_counts_at_once",
    "InsurancePolicy.merchant_ids": "insuring: limits_that_cannot_be",
    "InsurancePolicy.loss_payee_id": "insured_losses: what_somebody_else_is_paid_is_not_in_our_books",
    "CountryCover.cap": "insuring: the_limits_of_a_country_are_within_its_cap",
    "PurchaseTerms.recourse_after_days": "factoring: a_seller_buys_back_what_is_not_paid",
    "Covering.arrangement_id": "cover_sets: what_cannot_be_enrolled",
    "Covering.mode": "cover_sets: a_static_set_does_not_revolve",
    "Covering.sanctioned": "cover_sets: a_set_takes_what_was_sanctioned_and_the_next_programme_the_rest",
    "Covering.revolving": "cover_sets: a_revolving_set_takes_again_what_was_paid_back",
}  # fmt: skip


@pytest.mark.parametrize("term", SHOWN_BY)
def test_what_is_said_to_be_shown_elsewhere_is(term: str) -> None:
    file, _, name = SHOWN_BY[term].partition(": ")
    text = (FLOWS / f"test_{file}.py").read_text()
    (found,) = [
        ast.get_source_segment(text, node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == f"test_{name}"
    ]
    field = term.partition(".")[2]
    assert found is not None
    assert field in found, f"{name} does not speak of {field}"


DOCUMENTS: tuple[type[Struct], ...] = (
    Arrangement, Attachment, Cap, Rate, PoolTerms, PoolFunder, ClaimTerms, EffortGate, Covering, Waterfall,
    InsurancePolicy, CountryCover, AutomaticLimit, PurchaseTerms,
)  # fmt: skip


def test_every_term_is_shown() -> None:
    shown = {f"Arrangement.{field}" for field in DIFFERS} | {*PARTS, *OTHERS, *SHOWN_BY}
    terms = {f"{one.__name__}.{field}" for one in DOCUMENTS for field in one.__struct_fields__ if field not in WORDS}
    assert shown == terms
