"""What a law wants said before a consumer is bound: the same figures, in each law's own words and order."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from msgspec import Struct, structs

from service.money import Rounding, quotient
from service.printed import amount_in, day_in
from service.terms.apr import Apr
from service.terms.disclosure_words import ENGLISH, LABELS, PHRASES, Phrases
from service.terms.intervals import months_after
from service.terms.schedule import Instalment
from service.terms.terms import PaidEarly, RebateMethod


class Line(Struct, frozen=True):
    """One line: a name for programs, the law's words, and the figure as it is printed."""

    name: str  # for programs
    label: str
    value: str  # as it is printed


class Figures(Struct, frozen=True, kw_only=True):
    """What the lines are made of; amounts in minor units of `currency`."""

    currency: str
    amount: int  # the price, before any down payment
    down_payment: int
    up_front: int
    rate_percent: Decimal
    total_interest: int
    total_fees: int
    apr: Apr
    other_rates: tuple[Apr, ...]
    schedule: tuple[Instalment, ...]
    start_on: date
    withdrawal_days: int | None = None  # None: no law we know gives any, and nothing is said of it
    interest_follows: PaidEarly | None = None  # what is paid, from when on; None: it is owed as scheduled
    language: str = "en"  # in which amounts and days are written
    rebate: RebateMethod = RebateMethod.NONE  # what law and terms give up of the cost where all is settled early
    compensation_bps: int = 0  # of what is settled early, at most: kept of the interest that is given up

    @property
    def financed(self) -> int:
        return self.amount - self.down_payment

    @property
    def total_cost(self) -> int:
        return self.total_interest + self.total_fees

    @property
    def total_payable(self) -> int:
        """Credit and its cost, without what was paid before."""
        return self.financed + self.total_cost

    def money(self, amount: int) -> str:
        return amount_in(self.language, amount, self.currency)


def payment_schedule(figures: Figures, words: Phrases, *at_once: int) -> str:
    """`1 of 12.00 EUR on 15 January 2026, then 11 of 88.85 EUR from 15 February 2026`.

    `at_once` is what is paid at the start beside the schedule, as far as the law's total counts it: what is listed adds
    up to that total. A down payment inside the schedule is no instalment, wherever it is taken.
    """
    rows = [row for row in figures.schedule if row.total and not row.is_down_payment]
    runs = [list(run) for _, run in groupby(rows, key=lambda row: row.total)]
    listed = [(1, amount, figures.start_on) for amount in at_once if amount]
    listed += [(len(run), run[0].total, run[0].due_on) for run in runs]
    return words.then.join(
        (words.payments if count > 1 else words.one_payment).format(
            count=count, amount=figures.money(amount), on=day_in(figures.language, on)
        )
        for count, amount, on in listed
    )


def duration(figures: Figures, words: Phrases = ENGLISH) -> str:
    """Whole months from the start to the last due date where there are such, else days."""
    first, last = figures.start_on, figures.schedule[-1].due_on
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and months_after(first, months) == last:
        return words.months[months > 1].format(months)
    days = (last - first).days
    return words.days[days != 1].format(days)


def item(figures: Figures, amount: int, words: Phrases = ENGLISH) -> str:
    """A cost by itself: its amount, and what it is in per cent a year (365 days) of the principal while it is owed.

    Notice [2021] No. 3 of the People's Bank of China: costs over the principal actually outstanding.
    """
    if not amount:
        return words.none
    owed, before, lent_days = figures.financed, figures.start_on, 0
    for row in figures.schedule:
        if row.is_down_payment:  # it is no part of what is lent
            continue
        lent_days += owed * (row.due_on - before).days
        owed, before = owed - row.principal, row.due_on
    if not lent_days:  # all of it is due at once: there is no year to count
        return figures.money(amount)
    rate = quotient(amount * 365 * 10_000, lent_days, Rounding.HALF_UP)
    return words.item.format(amount=figures.money(amount), rate=f"{rate // 100}.{rate % 100:02}")


def itemisation(figures: Figures, words: Phrases = ENGLISH) -> str:
    """12 CFR 1026.18(c): where the amount financed goes, and which finance charge is paid before."""
    prepaid = words.prepaid.format(figures.money(figures.up_front)) if figures.up_front else ""
    return words.to_the_seller.format(figures.money(figures.financed)) + prepaid


def withdrawal(figures: Figures, words: Phrases = ENGLISH) -> str | None:
    """How long the consumer may think again."""
    days = figures.withdrawal_days
    return None if days is None else words.withdrawal[days != 1].format(days)


Figure = Callable[[Figures, Phrases], str | None]

FIGURES: Final[dict[str, Figure]] = {
    "cash_price": lambda figures, _: figures.money(figures.amount),
    "down_payment": lambda figures, _: figures.money(figures.down_payment),
    "paid_at_once": lambda figures, _: figures.money(figures.down_payment) if figures.down_payment else None,
    "credit": lambda figures, _: figures.money(figures.financed),
    "amount_financed": lambda figures, _: figures.money(figures.financed - figures.up_front),
    "itemisation": itemisation,
    "duration": duration,
    "rate": lambda figures, words: words.yearly.format(f"{figures.rate_percent.normalize():f}"),
    "charges": lambda figures, _: figures.money(figures.total_fees),
    "interest": lambda figures, _: figures.money(figures.total_interest),
    "apr": lambda figures, _: f"{figures.apr.printed} %",
    "simple_rate": lambda figures, _: f"{figures.other_rates[0].printed} %",
    "instalments": lambda figures, words: payment_schedule(figures, words, figures.up_front),
    "total_cost": lambda figures, _: figures.money(figures.total_cost),
    "total_of_payments": lambda figures, _: figures.money(figures.total_payable - figures.up_front),
    "total_payable": lambda figures, _: figures.money(figures.total_payable),
    "total_sale_price": lambda figures, _: figures.money(figures.amount + figures.total_cost),
    "security": lambda _, words: words.none,
    "late_payment": lambda _, words: words.late_payment,
    "early_repayment": lambda of, words: words.early(
        of.total_interest > 0, of.total_fees > 0, of.interest_follows, of.rebate, of.compensation_bps, of.language
    ),
    "withdrawal": withdrawal,
    "agency": lambda _, words: words.agency,
    "ombudsman": lambda _, words: words.ombudsman,
    "warning": lambda _, words: words.warning,
    "nothing_else": lambda _, words: words.nothing_else,
}


class Form(Struct, frozen=True):
    """What one law wants said: its lines' names and words, in its order."""

    law: str  # whose form it is: ISO 3166, or EU
    source: str
    labels: dict[str, str]
    own: dict[str, Figure] = {}  # figures that this law means otherwise than the others do


EU: Final = Form(
    "EU",
    "Directive (EU) 2023/2225, Art. 8 (the representative example) and 10 (the pre-contractual information)",
    {
        "rate": "Borrowing rate",
        "charges": "Other costs",
        "credit": "Total amount of credit",
        "apr": "Annual percentage rate of charge (APR)",
        "duration": "Duration of the agreement",
        "cash_price": "Cash price",
        "down_payment": "Advance payment",
        "total_cost": "Total cost of the credit",
        "total_payable": "Total amount payable",
        "instalments": "Instalments",
        "late_payment": "Costs in the case of late payment",
        "withdrawal": "Right of withdrawal",
        "early_repayment": "Early repayment",
        "warning": "Warning",
    },
)
GB: Final = Form(
    "GB",
    "FCA PS26/1: key product information, then additional product information; the advance payment is part of the"
    " total amount payable (SI 2010/1013, reg. 1(2))",
    {
        "cash_price": "Cash price",
        "down_payment": "Deposit",
        "credit": "Amount of credit",
        "duration": "Duration of the agreement",
        "rate": "Rate of interest",
        "charges": "Other charges",
        "apr": "APR",
        "instalments": "Repayments",
        "total_cost": "Total charge for credit",
        "total_payable": "Total amount payable",
        "late_payment": "Missed payments",
        "agency": "Credit reference agencies",
        "withdrawal": "Right to withdraw",
        "early_repayment": "Early settlement",
        "ombudsman": "Complaints",
    },
    {
        "instalments": lambda figures, words: payment_schedule(figures, words, figures.down_payment, figures.up_front),
        "total_payable": lambda figures, _: figures.money(figures.amount + figures.total_cost),
    },
)
US: Final = Form(
    "US",
    "12 CFR 1026.18, in the order of model form H-1",
    {
        "apr": "Annual percentage rate",
        "total_cost": "Finance charge",
        "amount_financed": "Amount financed",
        "total_of_payments": "Total of payments",
        "total_sale_price": "Total sale price",
        "itemisation": "Itemization of the amount financed",
        "instalments": "Payment schedule",
        "security": "Security interest",
        "late_payment": "Late charge",
        "early_repayment": "Prepayment",
    },
    {"instalments": payment_schedule},
)
CN: Final = Form(
    "CN",
    "NFRA and PBoC, 15 March 2026: the comprehensive financing cost of personal loans, in force from 1 August 2026;"
    " PBoC Notice [2021] No. 3",
    {
        "paid_at_once": "Paid at once, no part of the credit",
        "credit": "Principal",
        "interest": "Interest",
        "charges": "Other costs",
        "apr": "Annualised comprehensive financing cost (compound, IRR)",
        "simple_rate": "Annualised comprehensive financing cost (simple)",
        "instalments": "Repayments",
        "total_payable": "Total amount payable",
        "late_payment": "Contingent costs of default",
        "nothing_else": "Note",
    },
    {
        "interest": lambda figures, words: item(figures, figures.total_interest, words),
        "charges": lambda figures, words: item(figures, figures.total_fees, words),
    },
)
AU: Final = Form(
    "AU",
    "National Credit Code, s. 17, for a low cost credit contract",
    {
        "paid_at_once": "Paid at once, no part of the credit",
        "credit": "Amount of credit",
        "rate": "Annual percentage rate (interest alone)",
        "interest": "Total amount of interest charges",
        "instalments": "Repayments",
        "total_payable": "Total of the repayments",
        "charges": "Credit fees and charges",
        "late_payment": "Default fees",
        "apr": "Cost of the credit, all fees counted, as an effective annual rate",
        "early_repayment": "Early repayment",
    },
)
SG: Final = Form(
    "SG",
    "Buy Now, Pay Later Code of Conduct, 20 October 2022",
    {
        "cash_price": "Price",
        "down_payment": "Paid at once",
        "credit": "Amount of credit",
        "instalments": "Payments",
        "interest": "Interest",
        "charges": "Fees",
        "apr": "Effective interest rate (EIR)",
        "total_payable": "Total amount payable",
        "late_payment": "Late fees",
        "early_repayment": "Early repayment",
    },
)
IN: Final = Form(
    "IN",
    "RBI, Key Facts Statement, 15 April 2024, Annex A; RBI (Digital Lending) Directions, 8 May 2025",
    {
        "paid_at_once": "Paid at once, no part of the loan",
        "credit": "Sanctioned loan amount",
        "duration": "Loan term",
        "instalments": "Instalments",
        "rate": "Interest rate (fixed)",
        "interest": "Total interest",
        "charges": "Fees and charges",
        "apr": "Annual percentage rate (APR)",
        "late_payment": "Contingent charges: penal charges",
        "early_repayment": "Contingent charges: foreclosure charges",
        "total_payable": "Total amount to be paid by the borrower",
        "withdrawal": "Cooling-off period",
    },
)
FORMS: Final = {form.law: form for form in (EU, GB, US, CN, AU, SG, IN)}


def form_of(jurisdiction: str) -> Form:
    """The form of a jurisdiction (ISO 3166); the Union's where we know no law of its own."""
    return FORMS.get(jurisdiction, EU)


def disclosure_for(jurisdiction: str, figures: Figures, language: str = "en") -> tuple[Line, ...]:
    """The lines of a jurisdiction (ISO 3166), in its order; in `language` (ISO 639) where its law has words in it."""
    form = form_of(jurisdiction)
    translated = LABELS.get((language, form.law))
    labels, words = (translated, PHRASES[language]) if translated else (form.labels, ENGLISH)
    shown, figures = FIGURES | form.own, structs.replace(figures, language=language if translated else "en")
    lines = ((one, shown[one](figures, words)) for one in form.labels)
    return tuple(Line(one, labels[one], said) for one, said in lines if said is not None)


def language_of(jurisdiction: str, language: str) -> str:
    """The language in which the law's words are given: the one asked for, or English."""
    return language if (language, form_of(jurisdiction).law) in LABELS else "en"
