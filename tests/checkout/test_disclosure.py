"""The disclosure of an offer, under the law of the day it was decided, in the consumer's language."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from service.checkout.disclosure import Disclosure, disclosure_of, page
from service.plans.offer import Kind, Leeway, Offer
from service.policies.words import Language
from service.printed import amount_in
from service.terms.disclosure import FORMS
from tests.checkout.cases import NOON, asked, decided, known
from tests.policies.sample import policy_with


def offered(jurisdiction: str, product_class: str, at: datetime, clean: int = 9, **facts: Any) -> Offer:
    """A car of 2,000.00: 400.00 at once, 24 instalments at 4.9 %."""
    policy = policy_with(("/jurisdiction", jurisdiction), ("/product_class", product_class))
    request = asked(**{"amount": 2_000_00, "category": "car"} | facts)
    return decided(request, known(clean_deposits=clean), policy=policy, now=at).answer.offers[0]


def disclosed(
    jurisdiction: str = "DE",
    product_class: str = "consumer_credit",
    language: Language = Language.ENGLISH,
    at: datetime = NOON,
    **facts: Any,
) -> Disclosure:
    offer = offered(jurisdiction, product_class, at, **facts)
    return disclosure_of(offer, jurisdiction, product_class, language, at)


TIME_LEFT = (
    "Jederzeit, ganz oder teilweise; dafür wird nichts berechnet. Wer erfragt, was alles ablöst, und es am selben Tag"
    " zahlt, schuldet keine Zinsen und Kosten der restlichen Laufzeit."
)


def test_german_lines() -> None:
    made = disclosed(language=Language.GERMAN)
    assert [(line.label, line.value) for line in made.lines] == [
        ("Sollzinssatz", "4.9 % pro Jahr"),
        ("Sonstige Kosten", "0,00 EUR"),
        ("Nettodarlehensbetrag", "1.600,00 EUR"),
        ("Effektiver Jahreszins", "5.0 %"),
        ("Vertragslaufzeit", "24 Monate"),
        ("Barzahlungspreis", "2.000,00 EUR"),
        ("Anzahlung", "400,00 EUR"),
        ("Gesamtkosten des Kredits", "82,93 EUR"),
        ("Gesamtbetrag", "1.682,93 EUR"),
        ("Teilzahlungen", "23 zu 70,12 EUR ab 2. April 2026, dann 1 zu 70,17 EUR am 2. März 2028"),
        ("Kosten bei Zahlungsverzug", "Für verspätete Zahlung wird nichts berechnet."),
        ("Widerrufsrecht", "Innerhalb von 14 Tagen, ohne Angabe von Gründen"),
        ("Vorzeitige Rückzahlung", TIME_LEFT),
        ("Warnhinweis", "Achtung! Kreditaufnahme kostet Geld."),
    ]
    assert (made.language, made.cooling_off_days, made.on.isoformat()) == ("de", 14, "2026-03-02")


@pytest.mark.parametrize(
    ("bps", "language", "said"),
    [
        (0, Language.ENGLISH, None),
        (1_500, Language.ENGLISH, "up to 15 % more may be captured on these terms: 1,840.00 EUR in all."),
        (250, Language.GERMAN, "bis zu 2.5 % mehr berechnet werden: insgesamt 1.640,00 EUR."),
    ],
)
def test_what_may_be_captured_above_the_amount_is_told(bps: int, language: Language, said: str | None) -> None:
    offer = replace(offered("DE", "consumer_credit", NOON), leeway=Leeway(capture_tolerance_bps=bps))
    made = disclosure_of(offer, "DE", "consumer_credit", language, NOON)
    told = [line.value for line in made.lines if line.name == "more"]
    assert told == ([] if said is None else [told[0]])
    assert said is None or told[0].endswith(said)


def test_what_costs_nothing_gives_nothing_back_early() -> None:
    made = disclosed(language=Language.GERMAN, amount=400_00, category="")
    said = {line.name: line.value for line in made.lines}
    assert said["early_repayment"] == "Jederzeit, ganz oder teilweise; dafür wird nichts berechnet."


def test_chinese_lines() -> None:
    made = disclosed("CN", "personal_loan", Language.CHINESE)
    assert [(line.label, line.value) for line in made.lines] == [
        ("首付款（不计入本金）", "400.00 EUR"),
        ("本金", "1,600.00 EUR"),
        ("利息", "82.93 EUR，按未还本金年化 4.89 %，由贷款人收取"),
        ("其他费用", "无"),
        ("年化综合融资成本（复利，内部收益率法）", "5.01 %"),
        ("年化综合融资成本（单利）", "4.90 %"),
        ("还款计划", "自 2026年4月2日 起 23 期，每期 70.12 EUR；其后 2028年3月2日 还款 1 期，70.17 EUR"),
        ("还款总额", "1,682.93 EUR"),
        ("或有违约成本", "逾期不收取费用。"),
        ("说明", "除上述各项外，正常履约时不再收取任何其他费用。"),
    ]
    assert [rate.method for rate in (made.apr, *made.other_rates)] == ["irr_effective", "irr_nominal"]


@pytest.mark.parametrize(
    ("jurisdiction", "product_class", "at", "days"),
    [
        ("DE", "consumer_credit", NOON, 14),
        ("GB", "consumer_credit", NOON, 14),
        ("GB", "deferred_payment_credit", datetime(2026, 7, 14, 12, tzinfo=UTC), None),
        ("GB", "deferred_payment_credit", datetime(2026, 7, 15, 12, tzinfo=UTC), 14),
        ("IN", "digital_loan", NOON, 1),
        ("US", "closed_end_credit", NOON, None),
        ("CN", "personal_loan", NOON, None),
        ("AU", "low_cost_credit", NOON, None),
        ("SG", "bnpl", NOON, None),
    ],
)
def test_how_long_a_consumer_may_think_again(
    jurisdiction: str, product_class: str, at: datetime, days: int | None
) -> None:
    made = disclosed(jurisdiction, product_class, at=at)
    assert made.cooling_off_days == days
    said = [line.value for line in made.lines if line.name == "withdrawal"]
    assert said == ([] if days is None else [f"Within {days} day{'s' * (days > 1)}, without a reason"])


def test_the_law_is_that_of_the_day_with_its_sources() -> None:
    before = disclosed("IE", at=datetime(2026, 11, 19, 12, tzinfo=UTC))
    after = disclosed("IE", at=datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert [row.value for row in before.law if row.rule == "amount_max"] == [75_000_00]
    assert [row.value for row in after.law if row.rule == "amount_max"] == [100_000_00]
    assert {row.jurisdiction for row in after.law} == {"IE", "EU"}
    assert all(row.source and row.certainty for row in after.law)
    assert not any("retention_months" in row.rule for row in disclosed("US", "closed_end_credit").law)


@pytest.mark.parametrize(
    ("language", "labels", "claimed"),
    [
        (
            Language.ENGLISH,
            ("Deposit", "Held on your card", "Not asked for: on credit with us"),
            (
                "Up to 400.00 EUR are taken from your card first. What is claimed beyond that, at most 1,600.00 EUR,"
                " you owe us within 14 days of the claim."
            ),
        ),
        (
            Language.GERMAN,
            ("Kaution", "Auf Ihrer Karte vorgemerkt", "Nicht verlangt, sondern bei uns auf Kredit"),
            (
                "Zuerst werden bis zu 400,00 EUR von Ihrer Karte abgebucht. Was darüber hinaus beansprucht wird,"
                " höchstens 1.600,00 EUR, schulden Sie uns innerhalb von 14 Tagen nach der Inanspruchnahme."
            ),
        ),
        (
            Language.CHINESE,
            ("押金", "在您的卡上预授权冻结", "免收，由我们授信"),
            "首先从您的卡上扣款，最多 400.00 EUR。超出部分最多 1,600.00 EUR，您须在扣取后 14 天内向我们支付。",
        ),
    ],
)
def test_a_deposit_tells_its_amounts_and_what_a_claim_takes(
    language: Language, labels: tuple[str, ...], claimed: str
) -> None:
    made = disclosed(language=language, kinds=(Kind.DEPOSIT,), deposit_amount=2_000_00, clean=3)
    said = {line.name: (line.label, line.value) for line in made.lines}
    assert made.language is language
    assert [said[name] for name in ("deposit", "held", "waived")] == list(
        zip(labels, (amount_in(language, amount, "EUR") for amount in (2_000_00, 400_00, 1_600_00)), strict=True)
    )
    assert said["claimed"][1] == claimed
    text = page(made, "Shop")
    assert all(line.label in text and line.value in text for line in made.lines)


def test_a_deposit_without_a_hold_takes_nothing_from_a_card() -> None:
    made = disclosed(kinds=(Kind.DEPOSIT,), deposit_amount=100_00, clean=9)
    said = {line.name: line.value for line in made.lines}
    assert (said["held"], said["waived"]) == ("0.00 EUR", "100.00 EUR")
    assert said["claimed"] == "What is claimed, at most 100.00 EUR, you owe us within 14 days of the claim."


@pytest.mark.parametrize("jurisdiction", ["DE", "GB", "US", "CN"])
def test_no_law_of_credits_is_named_for_a_deposit(jurisdiction: str) -> None:
    made = disclosed(jurisdiction, kinds=(Kind.DEPOSIT,), deposit_amount=100_00)
    assert (made.form, made.law, made.cooling_off_days, made.other_rates) == (None, (), None, ())
    text = page(made, "Shop")
    assert "it is no credit" in text
    assert not any(form.source in text for form in FORMS.values())
    assert "By:" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("jurisdiction", [*FORMS, "DE", "CH"])
def test_every_language_and_jurisdiction_has_a_page(language: Language, jurisdiction: str) -> None:
    made = disclosed(jurisdiction, language=language)
    text = page(made, "<script>alert(1)</script> & Co")
    assert f'<html lang="{made.language}">' in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in text
    assert "<script" not in text
    assert "{" not in text.split("</style>")[1]
    assert all(line.label in text for line in made.lines)
    assert made.form is not None
    assert made.form in text
