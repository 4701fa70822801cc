"""The notice of a refusal: who asked for what, why it was refused, what would be approved, and which rights there are.

Made from the stored answer alone, so it can be printed years later and say the same. As JSON it is `Notice`; `page`
makes of it one HTML page, ready to print.

Sources: 12 CFR 1002.9(a)(2) and (b) (notice of adverse action); 15 USC 1681m(a) (what a report had to do with it);
Directive (EU) 2023/2225, Art. 18 (a person's review, how to contest, debt advice) and 19 (records). Who the lender is,
and which authority watches over it, is not kept here: whoever sends the notice adds it.
"""

from datetime import date
from html import escape

from msgspec import Struct

from service.checkout.answer import Alternative, Answer, Outcome
from service.countries import UNION
from service.law.book import places_of
from service.plans.offer import Kind
from service.plans.plan import business_day
from service.policies.reasons import sentence_of
from service.policies.words import Language, say
from service.printed import amount_in, day_in


class Notice(Struct, frozen=True):
    """What the person is told, in their language, in the order it is to be read."""

    decision_id: str  # of a referral that a person reviewed: the decision that followed
    language: Language  # in which it is said
    on: date  # the day of the decision
    title: str  # the action taken
    about: str  # who asked for what, where and when
    reasons_title: str
    reasons: tuple[str, ...]  # one sentence each, the weightiest first
    alternatives_title: str
    alternatives: tuple[str, ...]  # what could be approved instead, one sentence each
    rights: tuple[str, ...]  # who decided, how to contest it, and what the law of the jurisdiction adds


def notice_of(answer: Answer, merchant_name: str, jurisdiction: str, time_zone: str, language: Language) -> Notice:
    """The notice of an answer that is no approval; the last three say whose, and are the merchant's and policy's."""
    assert answer.outcome is not Outcome.APPROVED
    on = business_day(answer.decided_at, time_zone)
    return Notice(
        decision_id=answer.decision_id,
        language=language,
        on=on,
        title=say(language, f"notice-title-{answer.outcome}"),
        about=say(
            language,
            "notice-about",
            day=day_in(language, on),
            merchant=merchant_name,
            amount=amount_in(language, answer.amount, answer.currency),
            decision=answer.decision_id,
        ),
        reasons_title=say(language, "notice-reasons"),
        reasons=tuple(
            sentence_of(reason.code, language, is_of_deposit=reason.kind is Kind.DEPOSIT) for reason in answer.reasons
        ),
        alternatives_title=say(language, "notice-alternatives"),
        alternatives=tuple(_alternative(one, language) for one in answer.alternatives),
        rights=(
            say(language, "notice-decided", by=_decider(answer)),
            say(language, "notice-contest", decision=answer.decision_id),
            *(say(language, name) for name in _rights(jurisdiction)),
        ),
    )


def page(notice: Notice) -> str:
    """One HTML page without scripts or outside resources."""
    alternatives = ""
    if notice.alternatives:
        alternatives = f"<h2>{escape(notice.alternatives_title)}</h2>{_listed('ul', notice.alternatives)}"
    rights = "".join(f"<p>{escape(right)}</p>" for right in notice.rights)
    return (
        f'<!doctype html><html lang="{notice.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(notice.title)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(notice.title)}</h1><p>{escape(notice.about)}</p>"
        f"<h2>{escape(notice.reasons_title)}</h2>{_listed('ol', notice.reasons)}{alternatives}"
        f"<footer>{rights}</footer></main></body></html>"
    )


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#222;margin:0}"
    "main{max-width:40rem;margin:3rem auto;padding:0 1.5rem}"
    "h1{font-size:1.5rem}h2{font-size:1rem;margin-top:2rem}footer{margin-top:3rem;font-size:.85rem;color:#555}"
    "@media print{main{margin:0;max-width:none}}"
)


def _listed(tag: str, texts: tuple[str, ...]) -> str:
    return f"<{tag}>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</{tag}>"


def _alternative(alternative: Alternative, language: Language) -> str:
    offer = alternative.offer
    return say(
        language,
        "notice-alternative",
        change=alternative.change,
        financed=amount_in(language, offer.amount, offer.currency),
        instalments=offer.terms.instalments,
        paid=amount_in(language, offer.down_payment, offer.currency),
        price=amount_in(language, offer.amount + offer.down_payment, offer.currency),
        held=amount_in(language, offer.held, offer.currency),
        deposit=amount_in(language, offer.amount, offer.currency),
    )


def _decider(answer: Answer) -> str:
    if answer.outcome is Outcome.REFERRED:
        return "nobody"
    return "person" if answer.referral_id else "computer"


def _rights(jurisdiction: str) -> tuple[str, ...]:
    """The names of the texts."""
    if UNION in places_of(jurisdiction):
        return ("notice-rights-EU",)
    if jurisdiction == "US":
        return "notice-bureau-US", "notice-rights-US"
    return ("notice-rights-GB",) if jurisdiction == "GB" else ("notice-rights-other",)
