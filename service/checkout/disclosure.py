"""What must be said about an offer before it is accepted: the fields of its jurisdiction, in its order.

A deposit is no credit, and no law has a form for it: its amounts are told, and what a claim would take.

Made from the stored offer alone, so it can be printed years later and say the same. As JSON it is `Disclosure`; `page`
makes of it one HTML page, ready to print.
"""

from datetime import date, datetime
from decimal import Decimal
from html import escape

from msgspec import Struct

from service.checkout.notice import STYLE
from service.law.book import LawRow, LegalRule, number_on, rows_on
from service.money import take_bps
from service.plans.offer import Kind, Offer
from service.plans.plan import business_day
from service.policies.words import Language, say
from service.printed import amount_in, day_in
from service.terms.apr import Apr
from service.terms.disclosure import Figures, Line, disclosure_for, form_of, language_of
from service.terms.early_settlement import method_of
from service.terms.quote import rates_of

# What the law says of the credit itself; its duties towards authorities and files are another matter.
TOLD = (
    LegalRule.APR_MAX,
    LegalRule.RATE_MAX,
    LegalRule.TOTAL_COST_MAX,
    LegalRule.FEES_FIRST_YEAR_MAX,
    LegalRule.FEES_LATER_YEAR_MAX,
    LegalRule.LATE_FEES_YEAR_MAX,
    LegalRule.LATE_FEES_TOTAL_MAX,
    LegalRule.AMOUNT_MIN,
    LegalRule.AMOUNT_MAX,
    LegalRule.INSTALMENTS_MAX,
    LegalRule.TERM_MONTHS_MAX,
    LegalRule.OUTSTANDING_MAX,
    LegalRule.JOINT_LIABILITY_ABOVE,
    LegalRule.JOINT_LIABILITY_MAX,
    LegalRule.WITHDRAWAL_DAYS,
    LegalRule.WITHDRAWAL_LONG_STOP_MONTHS,
    LegalRule.WITHDRAWAL_REPAYMENT_DAYS,
    LegalRule.SETTLEMENT_NOTICE_DAYS,
)


class Disclosure(Struct, frozen=True):
    """What is said of one offer, in the words of its law."""

    offer_id: str
    language: Language  # the consumer's; of a credit English where the law has no words in it
    on: date  # the day of the decision, from which dates and rates count
    jurisdiction: str
    form: str | None  # whose fields these are, in whose order: the source; null: of a deposit, which is no credit
    lines: tuple[Line, ...]  # in the order of the law, then `more`; of a deposit its amounts, and what a claim takes
    apr: Apr  # with its method
    other_rates: tuple[Apr, ...]  # where the law wants more than one shown
    cooling_off_days: int | None  # in which the consumer may withdraw; null: no law that we know gives any
    law: tuple[LawRow, ...]  # the numbers that bound it on that day, each with its source


def disclosure_of(
    offer: Offer, jurisdiction: str, product_class: str, language: Language, decided_at: datetime
) -> Disclosure:
    """The disclosure of an offer as it was sent, under the law of the day it was decided."""
    start_on = business_day(decided_at, offer.time_zone)
    if offer.kind is Kind.DEPOSIT:
        return Disclosure(
            offer_id=offer.offer_id,
            language=language,
            on=start_on,
            jurisdiction=jurisdiction,
            form=None,
            lines=deposit_lines(offer, start_on, language),
            apr=offer.apr,
            other_rates=(),
            cooling_off_days=None,
            law=(),
        )
    rates = rates_of(jurisdiction, offer.terms, offer.amount, start_on, offer.schedule)
    days = number_on(LegalRule.WITHDRAWAL_DAYS, jurisdiction, product_class, start_on)
    said_in = language_of(jurisdiction, language)
    return Disclosure(
        offer_id=offer.offer_id,
        language=Language(said_in),
        on=start_on,
        jurisdiction=jurisdiction,
        form=form_of(jurisdiction).source,
        lines=(
            *disclosure_for(jurisdiction, _figures(offer, jurisdiction, rates, start_on, days), said_in),
            *_more(offer, Language(said_in)),
        ),
        apr=offer.apr,
        other_rates=rates[1:],
        cooling_off_days=days,
        law=tuple(row for rule in TOLD for row in rows_on(rule, jurisdiction, product_class, start_on)),
    )


def deposit_lines(offer: Offer, start_on: date, language: Language) -> tuple[Line, ...]:
    """What the deposit is, where it stands until the end, and what is owed by when if it is claimed."""

    def money(amount: int) -> str:
        return amount_in(language, amount, offer.currency)

    due_days = (offer.schedule[-1].due_on - start_on).days  # the same from the day of a claim on
    values = {
        "deposit": money(offer.amount),
        "held": money(offer.held),
        "waived": money(offer.waived),
        "unclaimed": say(language, "deposit-unclaimed"),
        "claimed": say(
            language,
            "deposit-claimed",
            days=due_days,
            held=money(offer.held),
            waived=money(offer.waived),
            first="card" if offer.held else "nothing",
        ),
        "late_payment": say(language, "deposit-late"),
    }
    return tuple(Line(name, say(language, f"deposit-line-{name}"), value) for name, value in values.items())


def _more(offer: Offer, language: Language) -> tuple[Line, ...]:
    """How much more than was agreed may be captured, if any."""
    bps = offer.leeway.capture_tolerance_bps
    if not bps:
        return ()
    most = amount_in(language, offer.amount + take_bps(offer.amount, bps), offer.currency)
    percent = f"{Decimal(bps) / 100:f}"
    value = say(language, "disclosure-more", percent=percent, most=most)
    return (Line("more", say(language, "disclosure-line-more"), value),)


def _figures(
    offer: Offer, jurisdiction: str, rates: tuple[Apr, ...], start_on: date, withdrawal_days: int | None
) -> Figures:
    interest = sum(row.interest for row in offer.schedule)
    at_once = [row for row in offer.schedule if row.is_down_payment]
    return Figures(
        currency=offer.currency,
        amount=offer.amount + offer.down_payment,
        down_payment=offer.down_payment + sum(row.principal for row in at_once),
        up_front=sum(row.fee for row in at_once),
        rate_percent=offer.terms.rate_percent,
        total_interest=interest,
        total_fees=offer.total_cost - interest,
        apr=offer.apr,
        other_rates=rates[1:],
        schedule=offer.schedule,
        start_on=start_on,
        withdrawal_days=withdrawal_days,
        interest_follows=offer.terms.paid_early if offer.terms.recalculate else None,
        rebate=method_of(jurisdiction, offer.terms.rebate),
        compensation_bps=offer.terms.compensation_bps,
    )


def page(disclosure: Disclosure, merchant_name: str) -> str:
    """One HTML page without scripts or outside resources."""
    language, title = disclosure.language, say(disclosure.language, "disclosure-title")
    about = say(
        language,
        "disclosure-about",
        day=day_in(language, disclosure.on),
        merchant=merchant_name,
        offer=disclosure.offer_id,
    )
    lines = "".join(f"<tr><th scope=row>{escape(line.label)}<td>{escape(line.value)}" for line in disclosure.lines)
    if disclosure.form is None:
        footer = f"<p>{escape(say(language, 'disclosure-deposit'))}</p>"
    else:
        rates = (disclosure.apr, *disclosure.other_rates)
        methods = "".join(f"<p>{escape(_rate(language, rate))}</p>" for rate in rates)
        sources = dict.fromkeys([disclosure.form, *(row.source for row in disclosure.law)])
        law = "".join(f"<li>{escape(source)}</li>" for source in sources)
        footer = f"{methods}<p>{escape(say(language, 'disclosure-law'))}</p><ul>{law}</ul>"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}{TABLE}</style></head><body><main><h1>{escape(title)}</h1><p>{escape(about)}</p>"
        f"<table>{lines}</table><footer>{footer}</footer></main></body></html>"
    )


TABLE = (
    "table{border-collapse:collapse;width:100%;margin-top:2rem}"
    "th,td{padding:.5rem 0;border-top:1px solid #ccc;text-align:left;vertical-align:top}"
    "th{font-weight:normal;color:#555;padding-right:1.5rem;width:45%}tr{break-inside:avoid}"
)


def _rate(language: Language, rate: Apr) -> str:
    return say(language, "disclosure-rate", rate=rate.printed, method=rate.method)
