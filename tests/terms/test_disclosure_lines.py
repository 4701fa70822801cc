"""The lines of every law we know, each in its own words and order; the figures by hand."""

import re
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from service.printed import amount_in
from service.terms.disclosure import FIGURES, FORMS, Form, form_of
from service.terms.disclosure_words import ENGLISH, LABELS
from service.terms.quote import Quote, QuoteRequest, quote
from service.terms.terms import Cost, DownPaymentAt, FeeDue, PaidEarly, Terms, Unit

# 1000.00, of which 100.00 at once; twelve months at 9.9 %; a fee of 12.00 with the first instalment
TERMS = Terms(
    instalments=12, every=1, unit=Unit.MONTH, rate_percent=Decimal("9.9"), down_payment_bps=1_000,
    costs=(Cost("fee", amount=12_00, due=FeeDue.FIRST),),
)  # fmt: skip

SCHEDULE = (
    "1 of 91.08 {0} on 15 February 2026, then 10 of 79.08 {0} from 15 March 2026, "
    "then 1 of 79.12 {0} on 15 January 2027"
)
NOT_LATE = "Nothing is charged for paying late."
OMBUDSMAN = "If you are not content with us, you may go to the Financial Ombudsman Service."
AS_SCHEDULED = ENGLISH.early_at_full_cost
TIME_LEFT, INTEREST_LEFT, STATUTE = ENGLISH.early_by_time_left, ENGLISH.early_by_interest_left, ENGLISH.early_by_statute
BY_THE_DAY = ENGLISH.early_by_the_day


def quoted(jurisdiction: str, currency: str, terms: Terms = TERMS) -> Quote:
    asked = QuoteRequest(currency=currency, amount=1_000_00, terms=terms, jurisdiction=jurisdiction)
    return quote(asked, date(2026, 1, 15))


@pytest.mark.parametrize(
    ("jurisdiction", "currency", "lines"),
    [
        ("DE", "EUR", [
            ("rate", "Borrowing rate", "9.9 % a year"),
            ("charges", "Other costs", "12.00 EUR"),
            ("credit", "Total amount of credit", "900.00 EUR"),
            ("apr", "Annual percentage rate of charge (APR)", "13.2 %"),
            ("duration", "Duration of the agreement", "12 months"),
            ("cash_price", "Cash price", "1,000.00 EUR"),
            ("down_payment", "Advance payment", "100.00 EUR"),
            ("total_cost", "Total cost of the credit", "61.00 EUR"),
            ("total_payable", "Total amount payable", "961.00 EUR"),
            ("instalments", "Instalments", SCHEDULE.format("EUR")),
            ("late_payment", "Costs in the case of late payment", NOT_LATE),
            ("early_repayment", "Early repayment", TIME_LEFT),
            ("warning", "Warning", "Caution! Borrowing money costs money."),
        ]),
        ("GB", "GBP", [
            ("cash_price", "Cash price", "1,000.00 GBP"),
            ("down_payment", "Deposit", "100.00 GBP"),
            ("credit", "Amount of credit", "900.00 GBP"),
            ("duration", "Duration of the agreement", "12 months"),
            ("rate", "Rate of interest", "9.9 % a year"),
            ("charges", "Other charges", "12.00 GBP"),
            ("apr", "APR", "13.2 %"),
            ("instalments", "Repayments", "1 of 100.00 GBP on 15 January 2026, then " + SCHEDULE.format("GBP")),
            ("total_cost", "Total charge for credit", "61.00 GBP"),
            ("total_payable", "Total amount payable", "1,061.00 GBP"),
            ("late_payment", "Missed payments", NOT_LATE),
            ("agency", "Credit reference agencies", "We may search a credit reference agency."),
            ("early_repayment", "Early settlement", STATUTE),
            ("ombudsman", "Complaints", OMBUDSMAN),
        ]),
        ("US", "USD", [
            ("apr", "Annual percentage rate", "12.42 %"),
            ("total_cost", "Finance charge", "61.00 USD"),
            ("amount_financed", "Amount financed", "900.00 USD"),
            ("total_of_payments", "Total of payments", "961.00 USD"),
            ("total_sale_price", "Total sale price", "1,061.00 USD"),
            ("itemisation", "Itemization of the amount financed", "900.00 USD paid to the seller"),
            ("instalments", "Payment schedule", SCHEDULE.format("USD")),
            ("security", "Security interest", "None"),
            ("late_payment", "Late charge", NOT_LATE),
            ("early_repayment", "Prepayment", INTEREST_LEFT),
        ]),
        ("CN", "CNY", [
            ("paid_at_once", "Paid at once, no part of the credit", "100.00 CNY"),
            ("credit", "Principal", "900.00 CNY"),
            ("interest", "Interest", "49.00 CNY, 9.94 % a year of the principal outstanding, to the lender"),
            ("charges", "Other costs", "12.00 CNY, 2.43 % a year of the principal outstanding, to the lender"),
            ("apr", "Annualised comprehensive financing cost (compound, IRR)", "13.15 %"),
            ("simple_rate", "Annualised comprehensive financing cost (simple)", "12.42 %"),
            ("instalments", "Repayments", SCHEDULE.format("CNY")),
            ("total_payable", "Total amount payable", "961.00 CNY"),
            ("late_payment", "Contingent costs of default", NOT_LATE),
            ("nothing_else", "Note", "Nothing else is charged while payments are made when due."),
        ]),
        ("AU", "AUD", [
            ("paid_at_once", "Paid at once, no part of the credit", "100.00 AUD"),
            ("credit", "Amount of credit", "900.00 AUD"),
            ("rate", "Annual percentage rate (interest alone)", "9.9 % a year"),
            ("interest", "Total amount of interest charges", "49.00 AUD"),
            ("instalments", "Repayments", SCHEDULE.format("AUD")),
            ("total_payable", "Total of the repayments", "961.00 AUD"),
            ("charges", "Credit fees and charges", "12.00 AUD"),
            ("late_payment", "Default fees", NOT_LATE),
            ("apr", "Cost of the credit, all fees counted, as an effective annual rate", "13.2 %"),
            ("early_repayment", "Early repayment", AS_SCHEDULED),
        ]),
        ("SG", "SGD", [
            ("cash_price", "Price", "1,000.00 SGD"),
            ("down_payment", "Paid at once", "100.00 SGD"),
            ("credit", "Amount of credit", "900.00 SGD"),
            ("instalments", "Payments", SCHEDULE.format("SGD")),
            ("interest", "Interest", "49.00 SGD"),
            ("charges", "Fees", "12.00 SGD"),
            ("apr", "Effective interest rate (EIR)", "13.2 %"),
            ("total_payable", "Total amount payable", "961.00 SGD"),
            ("late_payment", "Late fees", NOT_LATE),
            ("early_repayment", "Early repayment", AS_SCHEDULED),
        ]),
        ("IN", "INR", [
            ("paid_at_once", "Paid at once, no part of the loan", "100.00 INR"),
            ("credit", "Sanctioned loan amount", "900.00 INR"),
            ("duration", "Loan term", "12 months"),
            ("instalments", "Instalments", SCHEDULE.format("INR")),
            ("rate", "Interest rate (fixed)", "9.9 % a year"),
            ("interest", "Total interest", "49.00 INR"),
            ("charges", "Fees and charges", "12.00 INR"),
            ("apr", "Annual percentage rate (APR)", "12.42 %"),
            ("late_payment", "Contingent charges: penal charges", NOT_LATE),
            ("early_repayment", "Contingent charges: foreclosure charges", AS_SCHEDULED),
            ("total_payable", "Total amount to be paid by the borrower", "961.00 INR"),
        ]),
    ],
)  # fmt: skip
def test_lines(jurisdiction: str, currency: str, lines: list[tuple[str, str, str]]) -> None:
    made = quoted(jurisdiction, currency).disclosure
    assert [(line.name, line.label, line.value) for line in made] == lines


def test_a_country_without_a_form_of_its_own_has_the_unions() -> None:
    swiss, german = ({line.name: line for line in quoted(law, "EUR").disclosure} for law in ("CH", "DE"))
    assert swiss.keys() == german.keys()
    assert [name for name in swiss if swiss[name] != german[name]] == ["early_repayment"]  # it gives nothing back


def test_a_finance_charge_paid_before_is_not_financed() -> None:
    terms = replace(TERMS, down_payment_bps=0, costs=(Cost("fee", amount=10_00),))
    said = {line.name: line.value for line in quoted("US", "USD", terms).disclosure}
    assert said["apr"] == "11.80 %"
    assert (said["amount_financed"], said["total_cost"]) == ("990.00 USD", "64.43 USD")
    assert (said["total_of_payments"], said["total_sale_price"]) == ("1,054.43 USD", "1,064.43 USD")
    assert said["itemisation"] == "1,000.00 USD paid to the seller, less 10.00 USD of prepaid finance charge"


@pytest.mark.parametrize("at", DownPaymentAt)
def test_a_down_payment_is_never_lent(at: DownPaymentAt) -> None:
    """Wherever it is paid: a cost is held against what is owed, day by day."""
    terms = Terms(instalments=1, every=365, down_payment=200_00, down_payment_at=at,
                  costs=(Cost("fee", bps=1_000, due=FeeDue.FIRST),))  # fmt: skip
    said = {line.name: line.value for line in quoted("CN", "CNY", terms).disclosure}
    assert said["credit"] == "800.00 CNY"
    assert said["charges"] == "80.00 CNY, 10.00 % a year of the principal outstanding, to the lender"
    assert said["interest"] == "None"


@pytest.mark.parametrize("at", DownPaymentAt)
@pytest.mark.parametrize("up_front", [0, 12_50])
@pytest.mark.parametrize("jurisdiction", FORMS)
def test_what_is_listed_adds_up_to_the_total(jurisdiction: str, up_front: int, at: DownPaymentAt) -> None:
    """1,000.00, of which 400.00 at once; 600.00 in three months at 12 % are 204.01, 204.01 and 204.02."""
    terms = Terms(instalments=3, every=1, unit=Unit.MONTH, rate_percent=Decimal(12), down_payment=400_00,
                  down_payment_at=at, costs=(Cost("fee", amount=up_front),))  # fmt: skip
    said = {line.name: line.value for line in quoted(jurisdiction, "EUR", terms).disclosure}
    assert "2 of 204.01 EUR from 15 February 2026, then 1 of 204.02 EUR on 15 April 2026" in said["instalments"]
    listed = re.findall(r"(\d+) of ([\d,.]+) EUR", said["instalments"])
    total = said.get("total_of_payments") or said["total_payable"]
    assert f"{sum(int(count) * Decimal(amount.replace(',', '')) for count, amount in listed):,} EUR" == total
    if jurisdiction == "US":
        assert said["total_sale_price"] == amount_in("en", 1012_04 + up_front, "EUR")
    else:
        assert (said.get("down_payment") or said["paid_at_once"]) == "400.00 EUR"


def test_what_is_due_at_once_has_no_yearly_rate() -> None:
    notary = Cost("notary", amount=5_00, due=FeeDue.FIRST, in_apr=False)
    made = quoted("CN", "CNY", Terms(instalments=1, first_due_days=0, costs=(notary,)))
    said = {line.name: line.value for line in made.disclosure}
    assert (said["charges"], said["interest"]) == ("5.00 CNY", "None")


INTEREST = Terms(instalments=2, rate_percent=Decimal("9.9"))
FEE = Terms(costs=(Cost("fee", amount=1, due=FeeDue.FIRST),))


@pytest.mark.parametrize(
    ("terms", "in_eu", "in_us", "elsewhere"),
    [
        (Terms(), ENGLISH.early_repayment, ENGLISH.early_repayment, ENGLISH.early_repayment),  # nothing to give back
        (INTEREST, TIME_LEFT, INTEREST_LEFT, AS_SCHEDULED),
        (FEE, TIME_LEFT, INTEREST_LEFT, AS_SCHEDULED),
        (replace(INTEREST, recalculate=True), BY_THE_DAY, BY_THE_DAY, BY_THE_DAY),
        (replace(INTEREST, recalculate=True, costs=FEE.costs), TIME_LEFT, BY_THE_DAY, BY_THE_DAY),
        (replace(INTEREST, recalculate=True, paid_early=PaidEarly.AT_DUE_DATE), *[ENGLISH.early_by_the_period] * 3),
    ],
)
@pytest.mark.parametrize("form", [form for form in FORMS.values() if "early_repayment" in form.labels])
def test_what_paying_early_saves_is_said_as_the_law_and_the_terms_have_it(
    form: Form, terms: Terms, in_eu: str, in_us: str, elsewhere: str
) -> None:
    said = {line.name: line.value for line in quoted(form.law, "EUR", terms).disclosure}["early_repayment"]
    if form.law == "GB":
        assert said == (STATUTE if elsewhere == AS_SCHEDULED else elsewhere)
    else:
        assert said == {"EU": in_eu, "US": in_us}.get(form.law, elsewhere)


def test_every_form_can_be_said_in_full() -> None:
    for form in FORMS.values():
        assert form.labels.keys() <= FIGURES.keys()
        assert form.own.keys() <= form.labels.keys()
    for (_, law), labels in LABELS.items():
        assert labels.keys() == form_of(law).labels.keys()
