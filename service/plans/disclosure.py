"""What a law wants said before a consumer is bound: the same figures, in each law's own words and order."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from msgspec import Struct

from service.money import decimal_text
from service.plans.apr import Apr
from service.plans.intervals import months_after
from service.plans.schedule import Instalment


class Line(Struct, frozen=True):
    """One line: a name for programs, the law's words, and the figure as it is printed."""

    name: str
    label: str
    value: str


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

    @property
    def financed(self) -> int:
        return self.amount - self.down_payment

    @property
    def total_cost(self) -> int:
        return self.total_interest + self.total_fees

    def money(self, amount: int) -> str:
        return f"{decimal_text(amount, self.currency)} {self.currency}"


def payment_schedule(figures: Figures) -> str:
    """`11 of 88.85 EUR from 2026-02-15, then 1 of 88.84 EUR on 2027-01-15`."""
    runs = [list(run) for _, run in groupby(figures.schedule, key=lambda row: row.total)]
    texts = []
    for run in runs:
        day = f"{'from' if len(run) > 1 else 'on'} {run[0].due_on.isoformat()}"
        texts.append(f"{len(run)} of {figures.money(run[0].total)} {day}")
    return ", then ".join(texts)


def duration(figures: Figures) -> str:
    """Whole months from the start to the last due date where there are such, else days."""
    first, last = figures.start_on, figures.schedule[-1].due_on
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and months_after(first, months) == last:
        return f"{months} month{'s' * (months > 1)}"
    days = (last - first).days
    return f"{days} day{'s' * (days != 1)}"


FIGURES: Final[dict[str, Callable[[Figures], str]]] = {
    "cash_price": lambda figures: figures.money(figures.amount),
    "down_payment": lambda figures: figures.money(figures.down_payment),
    "credit": lambda figures: figures.money(figures.financed),
    "amount_financed": lambda figures: figures.money(figures.financed - figures.up_front),
    "duration": duration,
    "rate": lambda figures: f"{figures.rate_percent.normalize():f} % a year",
    "charges": lambda figures: figures.money(figures.total_fees),
    "interest": lambda figures: figures.money(figures.total_interest),
    "apr": lambda figures: f"{figures.apr.printed} %",
    "simple_rate": lambda figures: f"{figures.other_rates[0].printed} %",
    "instalments": payment_schedule,
    "total_cost": lambda figures: figures.money(figures.total_cost),
    "total_of_payments": lambda figures: figures.money(figures.financed - figures.up_front + figures.total_cost),
    "total_payable": lambda figures: figures.money(figures.financed + figures.total_cost),
    "total_sale_price": lambda figures: figures.money(figures.amount + figures.total_cost),
    "warning": lambda _: "Caution! Borrowing money costs money.",
    "nothing_else": lambda _: "Nothing else is charged while payments are made when due.",
}

# Directive (EU) 2023/2225, Art. 8 and 10: the representative example and the pre-contractual information
EU: Final = {
    "cash_price": "Cash price",
    "down_payment": "Advance payment",
    "credit": "Total amount of credit",
    "duration": "Duration of the agreement",
    "rate": "Borrowing rate",
    "charges": "Other costs",
    "apr": "Annual percentage rate of charge (APR)",
    "instalments": "Instalments",
    "total_cost": "Total cost of the credit",
    "total_payable": "Total amount payable",
    "warning": "Warning",
}
# CONC 4.2A, key product information
GB: Final = {
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
}
# 12 CFR 1026.18
US: Final = {
    "apr": "Annual percentage rate",
    "total_cost": "Finance charge",
    "amount_financed": "Amount financed",
    "total_of_payments": "Total of payments",
    "total_sale_price": "Total sale price",
    "instalments": "Payment schedule",
}
# The comprehensive financing cost of personal loans, in force 1 August 2026; Notice [2021] No. 3 of the People's Bank
CN: Final = {
    "credit": "Principal",
    "interest": "Interest",
    "charges": "Other costs",
    "apr": "Annualised comprehensive financing cost (compound, IRR)",
    "simple_rate": "Annualised comprehensive financing cost (simple)",
    "instalments": "Repayments",
    "total_payable": "Total amount payable",
    "nothing_else": "Note",
}
LAWS: Final = {"GB": GB, "US": US, "CN": CN}


def disclosure_for(jurisdiction: str, figures: Figures) -> tuple[Line, ...]:
    """The lines of a jurisdiction (ISO 3166), in its order; the Union's where we know no law of its own."""
    labels = LAWS.get(jurisdiction, EU)
    return tuple(Line(name, label, FIGURES[name](figures)) for name, label in labels.items())
