"""The notice of a refusal, in words that a person reads."""

import pytest

from service.checkout.notice import notice_of, page
from service.plans.offer import Kind
from service.policies.words import Language
from tests.checkout.cases import DECISION, asked, decided, known


def test_a_notice_says_what_why_and_what_instead() -> None:
    answer = decided(asked(amount=301_00), known(limit=300_00)).answer
    notice = notice_of(answer, "Shop", "DE", "Europe/Berlin", Language.ENGLISH)
    assert notice.title == "We could not approve your purchase"
    assert notice.about == (f"On 2026-03-02 you asked at Shop to pay 301.00 EUR later. Decision {DECISION}.")
    assert notice.reasons == ("The purchase is above what is left of your limit with us.",)
    assert notice.alternatives == ("1.00 EUR at once, and 300.00 EUR later", "A purchase of 300.00 EUR")
    assert "free of charge" in notice.rights[-1]


def test_each_alternative_has_its_words() -> None:
    shorter = decided(asked(amount=600_00, instalments=30)).answer
    notice = notice_of(shorter, "Shop", "DE", "Europe/Berlin", Language.GERMAN)
    assert notice.alternatives[0] == "Kürzere Laufzeit: 600.00 EUR in 12 Raten"
    deposit = decided(asked(kinds=(Kind.DEPOSIT,), deposit_amount=4_000_00), known(clean_deposits=3)).answer
    notice = notice_of(deposit, "Shop", "DE", "Europe/Berlin", Language.CHINESE)
    assert notice.alternatives == ("押金 1600.00 EUR，原押金为 4000.00 EUR",)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("jurisdiction", ["DE", "GB", "US", "CN"])
def test_every_language_and_jurisdiction_has_a_page(language: Language, jurisdiction: str) -> None:
    answer = decided(snapshot=known(attributes={"age": 17})).answer
    text = page(notice_of(answer, "Shop", jurisdiction, "Europe/Berlin", language))
    assert f'<html lang="{language}">' in text
    assert "{" not in text.split("</style>")[1]


def test_what_a_merchant_calls_itself_is_text_and_no_markup() -> None:
    answer = decided(snapshot=known(attributes={"age": 17})).answer
    text = page(notice_of(answer, "<script>alert(1)</script> & Co", "DE", "Europe/Berlin", Language.ENGLISH))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in text
    assert "<script" not in text
