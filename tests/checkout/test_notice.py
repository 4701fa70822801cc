"""The notice of a refusal, in words that a person reads."""

from html import unescape

import pytest
from msgspec.structs import replace

from service.checkout.answer import Outcome
from service.checkout.notice import notice_of, page
from service.plans.offer import Kind
from service.policies.words import Language
from tests.checkout.cases import DECISION, asked, decided, known


def test_a_notice_says_what_why_and_what_instead() -> None:
    answer = decided(asked(amount=301_00), known(limit=300_00)).answer
    notice = notice_of(answer, "Shop", "DE", "Europe/Berlin", Language.ENGLISH)
    assert notice.title == "We could not approve your purchase"
    assert notice.about == (f"On 2 March 2026 you asked at Shop to pay 301.00 EUR later. Decision {DECISION}.")
    assert notice.reasons == ("The purchase is above what is left of your limit with us.",)
    assert notice.alternatives == ("1.00 EUR at once, and 300.00 EUR later", "A purchase of 300.00 EUR")
    assert [DECISION in right for right in notice.rights] == [False, True, False]
    assert "free of charge" in notice.rights[-1]


def test_each_alternative_has_its_words() -> None:
    shorter = decided(asked(amount=600_00, instalments=30)).answer
    notice = notice_of(shorter, "Shop", "DE", "Europe/Berlin", Language.GERMAN)
    assert notice.alternatives[0] == "Kürzere Laufzeit: 600,00 EUR in 12 Raten"
    deposit = decided(asked(kinds=(Kind.DEPOSIT,), deposit_amount=4_000_00), known(clean_deposits=3)).answer
    notice = notice_of(deposit, "Shop", "DE", "Europe/Berlin", Language.CHINESE)
    assert notice.alternatives == ("押金 1,600.00 EUR，原押金为 4,000.00 EUR",)


def test_a_notice_says_who_decided() -> None:
    computer = decided(snapshot=known(attributes={"age": 17})).answer
    person = replace(computer, referral_id=DECISION)
    nobody = replace(computer, outcome=Outcome.REFERRED)
    said = [
        [notice_of(answer, "Shop", "DE", "Europe/Berlin", language).rights[0] for language in Language]
        for answer in (computer, person, nobody)
    ]
    assert all(word in text for word, text in zip(("computer", "Computer", "计算机"), said[0], strict=True))
    assert all("person" in texts[0] or "staff" in texts[0] for texts in said)
    assert len({text for texts in said for text in texts}) == 9
    assert "computer" not in said[1][0].lower() + said[1][1].lower()


# 12 CFR 1002.9(b)(1): in these words, or nearly.
ECOA = (
    "The federal Equal Credit Opportunity Act prohibits creditors from discriminating against credit applicants on the "
    "basis of race, color, religion, national origin, sex, marital status, age (provided the applicant has the "
    "capacity to enter into a binding contract); because all or part of the applicant's income derives from any public "
    "assistance program; or because the applicant has in good faith exercised any right under the Consumer Credit "
    "Protection Act."
)
# Besides: 12 CFR 1002.9(a)(2) and 15 USC 1681m(a); Directive (EU) 2023/2225, Art. 18 and 19.
REQUIRED = {
    "US": (
        "could not approve",
        ECOA,
        "did not make the decision",
        "Within 60 days",
        "dispute",
    ),
    "FR": (
        "could not approve",
        "made by a computer",
        "ask a person to review it",
        "tell us your view",
        "an explanation",
        "write to us",
        "free of charge which one, what it held, and which kinds of data",
        "debt advisory services",
    ),
}


@pytest.mark.parametrize(("jurisdiction", "texts"), REQUIRED.items())
def test_what_a_law_requires_is_said(jurisdiction: str, texts: tuple[str, ...]) -> None:
    answer = decided(snapshot=known(attributes={"age": 17})).answer
    text = unescape(page(notice_of(answer, "Shop", jurisdiction, "Europe/Berlin", Language.ENGLISH)))
    assert [required for required in texts if required not in text] == []
    assert all(reason.sentence in text for reason in answer.reasons)


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
