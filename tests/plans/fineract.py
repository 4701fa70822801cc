"""Reads a published Apache Fineract scenario in our words: its product as terms, its events as facts, its tables.

Nothing of it is known to the service. Where a scenario names a product and does not state its rules, the words in the
name that state them ("EMI_360_30", "REST_FREQUENCY") are read; other names are listed in `published_schedules`.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from msgspec import structs

from service.money import Rounding
from service.plans.running import facts as fact
from service.plans.running.rows import Line, RowKind
from service.plans.running.versions import Version, amount_to_settle, replay
from service.terms.allocation_rule import (
    Allocation,
    AllocationRule,
    Component,
    Future,
    PaymentKind,
    Step,
    Timing,
    order,
)  # fmt: skip
from service.terms.calendar import step
from service.terms.schedule import down_payment_of
from service.terms.servicing import AskedWith, LateFee, ShareOf
from service.terms.terms import (
    CapturedInside,
    Captures,
    ChargeOff,
    DayCount,
    DownPaymentAt,
    Interest,
    InterestOn,
    Method,
    PaidEarly,
    Remainder,
    Terms,
    Unit,
)  # fmt: skip

Case = dict[str, Any]
T = TypeVar("T")

PENALTY, FEE, INTEREST, PRINCIPAL = Component.PENALTY, Component.FEE, Component.INTEREST, Component.PRINCIPAL
UNITS = {"DAYS": Unit.DAY, "WEEKS": Unit.WEEK, "MONTHS": Unit.MONTH, "YEARS": Unit.YEAR}
INTEREST_ON = {"FLAT": InterestOn.FINANCED, "DECLINING_BALANCE": InterestOn.OUTSTANDING}
YEARS = {"360": DayCount.ACTUAL_360, "365": DayCount.ACTUAL_365, "ACTUAL": DayCount.ACTUAL_ACTUAL_END}
FUTURES = {
    "NEXT_INSTALLMENT": Future.NEXT,
    "LAST_INSTALLMENT": Future.LAST,
    "NEXT_LAST_INSTALLMENT": Future.CURRENT_OR_LAST,
    "REAMORTIZATION": Future.REAMORTIZE,
}
KINDS = {
    "REPAYMENT": PaymentKind.PAYMENT,
    "DOWN_PAYMENT": PaymentKind.DOWN_PAYMENT,
    "MERCHANT_ISSUED_REFUND": PaymentKind.MERCHANT_REFUND,
    "PAYOUT_REFUND": PaymentKind.PAYOUT_REFUND,
    "GOODWILL_CREDIT": PaymentKind.GOODWILL,
    "INTEREST_REFUND": PaymentKind.INTEREST_REFUND,
    "INTEREST_PAYMENT_WAIVER": PaymentKind.INTEREST_WAIVER,
    "CHARGE_ADJUSTMENT": PaymentKind.PAYMENT,
    "CAPITALIZED_INCOME_ADJUSTMENT": PaymentKind.PAYMENT,
}
REFUNDS = {"MERCHANT_ISSUED_REFUND", "PAYOUT_REFUND"}
PENALTIES = ("NSF", "LATE", "OVERDUE", "PENALTY")  # words in the name of a charge; LOAN_SNOOZE_FEE is a fee
# A progressive loan pays these first where a scenario does not state the order.
UNSTATED = order(PENALTY, FEE, PRINCIPAL, INTEREST)
STRATEGIES = {
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": order(PENALTY, FEE, INTEREST, PRINCIPAL),
    "INTEREST_PRINCIPAL_PENALTIES_FEES_ORDER": order(INTEREST, PRINCIPAL, PENALTY, FEE),
    "PRINCIPAL_INTEREST_PENALTIES_FEES_ORDER": order(PRINCIPAL, INTEREST, PENALTY, FEE),
    "DUE_PENALTY_INTEREST_PRINCIPAL_FEE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE": order(
        PENALTY, INTEREST, PRINCIPAL, FEE
    ),
    "DUE_PENALTY_FEE_INTEREST_PRINCIPAL_IN_ADVANCE_PRINCIPAL_PENALTY_FEE_INTEREST": (
        *order(PENALTY, FEE, INTEREST, PRINCIPAL)[:8],
        *((Timing.IN_ADVANCE, component) for component in (PRINCIPAL, PENALTY, FEE, INTEREST)),
    ),
}


# What nearly every product says, and one whose rules are not stated.
USUAL_RULES = (
    '"DEFAULT", "NEXT_INSTALLMENT"', '"GOODWILL_CREDIT", "LAST_INSTALLMENT"',
    '"MERCHANT_ISSUED_REFUND", "REAMORTIZATION"', '"PAYOUT_REFUND", "NEXT_INSTALLMENT"',
)  # fmt: skip

METHODS = {
    "EQUAL_INSTALLMENTS": Method.EQUAL_INSTALMENTS,
    "EQUAL_PRINCIPAL": Method.EQUAL_PRINCIPAL,
    "EQUAL_PRINCIPAL_PAYMENTS": Method.EQUAL_PRINCIPAL,
}
# Products that levy a penalty on what is overdue, at the end of a day: its share, from ChargeGlobalInitializerStep.java
# (CHARGE_AMOUNT_OVERDUE_PERCENTAGE, of the "amount": the principal) in fineract-e2e-tests-core, at commit 4198b0bc.
LATE_FEES = {
    "LP1_INTEREST_FLAT_OVERDUE_FROM_AMOUNT": LateFee(bps=150, share_of=ShareOf.PRINCIPAL, asked_with=AskedWith.LATE),
}
# What moves no line of a schedule: who said what, and what is booked beside it.
WITHOUT_EFFECT = {
    "CREATE_LOAN", "approve", "SET_ALLOCATION_RULE", "BUY_DOWN_FEE", "BUY_DOWN_FEE_ADJUSTMENT",
}  # fmt: skip


def known(words: Mapping[Any, T], word: str, key: str) -> T:
    """What a scenario's word means; a word nobody has read yet is named, with the key it stands under."""
    if word not in words:
        pytest.fail(f"{key}: {word!r} is not one of {', '.join(words)}", pytrace=False)
    return words[word]


def cents(text: str) -> int:
    """The scenarios' decimal amounts as minor units."""
    return int((Decimal(text) * 100).to_integral_exact())


def day(text: str) -> date:
    return date.fromisoformat(text)


def terms_of(case: Case) -> Terms:
    """The product and the loan as terms."""
    config, loan, name = case["product_config"], case["loan"], case["product"]
    unit = known(UNITS, loan["repaymentFrequencyType"], "loan/repaymentFrequencyType")
    is_progressive = loan["Payment strategy"] == "ADVANCED_PAYMENT_ALLOCATION"
    interest, day_count = _time(config, name, unit, loan["interest calculation period"])
    if not is_progressive and day_count is DayCount.ACTUAL_ACTUAL_END:
        day_count = DayCount.ACTUAL_365  # a cumulative loan counts 365 in every year
    method = known(METHODS, loan["amortization type"], "loan/amortization type")
    # What is a multiple is the whole instalment: that of equal principal differs each time.
    multiple = config.get("installment_multiples_of") if method is Method.EQUAL_INSTALMENTS else None
    has_down_payment = config.get("down_payment", str("DOWNPAYMENT" in name).lower()) == "true"
    return Terms(
        instalments=int(loan["numberOfRepayments"]),
        every=int(loan["repaymentEvery"]),
        unit=unit,
        method=method,
        rate_percent=Decimal(loan["ANNUAL interest rate %"]),
        interest=interest,
        day_count=day_count,
        interest_on=known(INTEREST_ON, loan["interest type"], "loan/interest type"),
        grace_interest=max(int(loan["graceOnInterestPayment"]), int(loan["interest free period"])),
        grace_principal=int(loan["graceOnPrincipalPayment"]),
        down_payment_bps=int(Decimal(config.get("down_payment_percent", "25")) * 100) if has_down_payment else 0,
        down_payment_at=DownPaymentAt.SCHEDULE,
        rounding=Rounding.HALF_EVEN,
        instalment_rounding=Rounding.HALF_EVEN,
        multiple_of=max(1, cents(multiple)) if multiple not in (None, "null") else 1,
        remainder=Remainder.EVEN if is_progressive else Remainder.LAST,
        captures=Captures.MERGED if is_progressive else Captures.FORESEEN,
        captured_inside=_captured_inside(name),
        overdue_interest="NO_CALC_ON_PAST_DUE" not in name,
        recalculate=_recalculates(config, name),
        paid_early=_paid_early(name),
        charge_off=_charge_off(name),
        allocation=_allocation(case),
        chargeback_order=_chargeback_order(name),
    )


def _time(config: dict[str, str], name: str, unit: Unit, period: str) -> tuple[Interest, DayCount]:
    """Days in year and month, stated or in the product's name as `EMI_<year>_<month>`."""
    words = name.partition("_EMI_")[2].split("_")
    words = words if words[0] else ["360", "30"]
    year = config.get("days_in_year") or (words[0] if words[0] in ("360", "365") else "ACTUAL")
    month = config.get("days_in_month") or ("30" if words[1:2] == ["30"] else "ACTUAL")
    actual = known(YEARS, year, "product_config/days_in_year")
    if actual is DayCount.ACTUAL_ACTUAL_END and "LEAP_YEAR" in name:
        actual = DayCount.ACTUAL_ACTUAL_AFB
    if period == "SAME_AS_REPAYMENT_PERIOD":
        return Interest.PERIOD, actual
    if month == "30" and unit in (Unit.MONTH, Unit.YEAR):
        return Interest.DAILY, DayCount.THIRTY_365 if year == "365" else DayCount.THIRTY_360
    return Interest.DAILY, actual


def _recalculates(config: dict[str, str], name: str) -> bool:
    if "interest_recalculation" in config:
        return bool(config["interest_recalculation"] == "true")
    if "NO_INT_RECALC" in name or "NO_INTEREST_RECALC" in name:
        return False
    return "INTEREST_RECALC" in name or "INT_RECALC" in name or "_CHARGE_OFF" in name


def _paid_early(name: str) -> PaidEarly:
    if "TILL_REST_FREQUENCY" not in name:
        return PaidEarly.AT_ONCE
    at_due_date = "SAME_AS_REP" in name or "RECALCULATION_SARP" in name
    return PaidEarly.AT_DUE_DATE if at_due_date else PaidEarly.AT_ONCE_UNLESS_SETTLED


def _chargeback_order(name: str) -> tuple[Component, ...]:
    """The order stands in the name, behind CHARGEBACK; what is FIRST is followed by the others, charges last.
    A credit allocation without one has the usual one."""
    words = {str(component).upper(): component for component in Component}
    order = tuple(words[word] for word in name.partition("_CHARGEBACK_")[2].split("_") if word in words)
    if name.endswith("_FIRST"):
        order += tuple(part for part in (INTEREST, PENALTY, FEE, PRINCIPAL) if part not in order)
    return order or ((PENALTY, FEE, INTEREST, PRINCIPAL) if "CREDIT_ALLOCATION" in name else ())


def _captured_inside(name: str) -> CapturedInside:
    is_whole = "NO_PARTIAL_PERIOD" in name or "PART_PERIOD_CALC_DISABLED" in name
    return CapturedInside.WHOLE_PERIOD if is_whole else CapturedInside.DAYS_LEFT


def _charge_off(name: str) -> ChargeOff:
    if "ACCELERATE_MATURITY" in name:
        return ChargeOff.ALL_DUE
    no_more = "ZERO_INTEREST_CHARGE_OFF" in name or "ZERO_CHARGE_OF" in name
    return ChargeOff.NO_MORE_INTEREST if no_more else ChargeOff.KEEP


def _allocation(case: Case) -> Allocation:
    strategy = case["loan"]["Payment strategy"]
    if strategy in STRATEGIES:
        return Allocation(AllocationRule(STRATEGIES[strategy]))
    known({"ADVANCED_PAYMENT_ALLOCATION": None, **STRATEGIES}, strategy, "loan/Payment strategy")
    rules = dict(_stated_rules(case))
    default = rules.pop("DEFAULT", AllocationRule(UNSTATED))
    return Allocation(default, tuple((KINDS[name], rule) for name, rule in rules.items() if name in KINDS))


def _stated_rules(case: Case) -> Iterator[tuple[str, AllocationRule]]:
    for text in case["product_config"].get("allocation_rules", USUAL_RULES):
        name, future, *steps = [word.strip().strip('"') for word in text.split(",")]
        yield name, AllocationRule(tuple(map(_step, steps)) or UNSTATED, known(FUTURES, future, "allocation_rules"))
    for event in case["events"]:  # the product is changed before the loan is made
        if event["type"] == "CREATE_LOAN":
            return
        if event["type"] == "SET_ALLOCATION_RULE":
            yield (
                event["transaction"],
                AllocationRule(UNSTATED, known(FUTURES, event["rule"], "SET_ALLOCATION_RULE/rule")),
            )


def _step(word: str) -> Step:
    timing, _, component = word.rpartition("_")
    return Timing(timing.lower()), Component(component.lower())


class Story:
    """Plays a scenario's events; `version` is the schedule after those played."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.terms = terms_of(case)
        self.today = self.as_of = day(case["loan"]["submitted on date"])
        self.facts: list[fact.AnyFact] = []
        self.automatic: list[str] = []  # payments that the product made by itself
        self.is_captured = False

    @property
    def version(self) -> Version:
        if self.is_captured:
            return replay(self.terms, self.facts, self.as_of)
        planned = fact.Captured(
            id="planned", recorded_on=self.today, on=day(self.case["loan"]["submitted on date"]),
            amount=cents(self.case["loan"]["with Principal"]),
        )  # fmt: skip
        version = replay(self.terms, [planned], planned.on)
        unpaid = tuple(structs.replace(line, settled_on=None) for line in version.lines)
        return structs.replace(version, lines=unpaid)

    def play(self, event: dict[str, Any]) -> None:
        """One event of the scenario."""
        name = event["type"]
        if name == "business_date":
            self.today = day(event["date"])
            return
        if name != "ADD_CHARGE":  # which is no occasion to reckon interest anew
            self.as_of = self.today - timedelta(days=1) if name == "END_OF_DAY" else self.today
        if name in KINDS or name in REFUNDS:
            self._pay(event)
        elif name not in WITHOUT_EFFECT:
            if not hasattr(self, f"_{name.lower()}"):
                pytest.fail(f"events/type: nobody has read {name!r} yet", pytrace=False)
            getattr(self, f"_{name.lower()}")(event)

    def _add(self, made: type[Any], **fields: Any) -> None:
        number = len(self.facts) + 1
        self.facts.append(made(id=f"{made.__name__.lower()}-{number}", recorded_on=self.today, **fields))

    def _end_of_day(self, _: dict[str, Any]) -> None:
        """What is late costs something, once each, where the product says so."""
        if (late := LATE_FEES.get(self.case["product"])) is None:
            return
        levied = {known.late_since for known in self.facts if isinstance(known, fact.Levied)}
        for line in self.version.lines:
            if line.due_on < self.today and line.outstanding and line.due_on not in levied:
                amount = late.of(late.overdue(line.principal - line.paid_principal, 0), 0, 0)
                self._add(
                    fact.Levied, due_on=line.due_on + timedelta(days=1), amount=amount, is_penalty=True,
                    late_since=line.due_on, with_late=True,
                )  # fmt: skip

    def _disburse(self, event: dict[str, Any]) -> None:
        self.is_captured = True
        on, amount = day(event["date"]), cents(event["amount"])
        overpaid = self.version.overpaid if self.facts else 0
        self._add(fact.Captured, on=on, amount=amount)
        config = self.case["product_config"]
        name = self.case["product"]
        is_automatic = "DOWNPAYMENT_AUTO" in name or "AUTO_DOWNPAYMENT" in name
        if config.get("auto_down_payment", str(is_automatic).lower()) == "true":
            missing = down_payment_of(self.terms, amount) - overpaid
            if missing > 0:
                self._add(fact.Paid, on=on, amount=missing, kind=PaymentKind.DOWN_PAYMENT)
                self.automatic.append(self.facts[-1].id)

    def _undo_disbursal(self, _: dict[str, Any]) -> None:
        self.facts.clear()
        self.is_captured = False

    def _undo_last_disbursal(self, _: dict[str, Any]) -> None:
        last = max(number for number, known in enumerate(self.facts) if isinstance(known, fact.Captured))
        del self.facts[last:]  # with what was paid since

    def _pay(self, event: dict[str, Any]) -> None:
        name = event["type"]
        kind = KINDS.get(event.get("channel", ""), KINDS[name])
        on, amount = day(event["date"]) if "date" in event else self.today, cents(event["amount"])
        if name in REFUNDS:
            returns = event.get("interest_refund_calculation", str(self._product_returns_interest()).lower()) == "true"
            self._add(fact.Refunded, on=on, amount=amount, kind=kind, returns_interest=returns)
        else:
            self._add(fact.Paid, on=on, amount=amount, kind=kind)

    def _pay_off(self, event: dict[str, Any]) -> None:
        on = day(event["date"])
        self._add(fact.Paid, on=on, amount=amount_to_settle(self.version, on))

    def _credit_balance_refund(self, event: dict[str, Any]) -> None:
        self._add(fact.OverpaidReturned, on=day(event["date"]), amount=cents(event["amount"]))

    def _product_returns_interest(self) -> bool:
        name = self.case["product"]
        return "INTEREST_REFUND" in name or name.startswith("LP2_ADV_CUSTOM_PMT_ALLOC")

    def _manual_interest_refund(self, event: dict[str, Any]) -> None:
        amount = cents(event["amount"])
        self._add(fact.Paid, on=day(event["date"]), amount=amount, kind=PaymentKind.INTEREST_REFUND)

    def _add_charge(self, event: dict[str, Any]) -> None:
        is_penalty = any(word in event["charge"] for word in PENALTIES)
        self._add(fact.Levied, due_on=day(event["due"]), amount=cents(event["amount"]), is_penalty=is_penalty)

    def _chargeback(self, event: dict[str, Any]) -> None:
        payments = self._payments()
        number = int(event["payment_nr"] or len(payments))
        self._add(fact.ChargedBack, on=self.today, amount=cents(event["amount"]), payment_id=payments[number - 1].id)

    def _payments(self) -> list[fact.Paid]:
        return [known for known in self.facts if isinstance(known, fact.Paid) and known.id not in self.automatic]

    def _undo(self, event: dict[str, Any]) -> None:
        """The n-th transaction of a day never happened, nor what followed from it."""
        that_day = [known for known in self.facts if known.on == day(event["date"])]
        undone = that_day[int(event.get("nth") or 1) - 1]
        gone = [undone]
        if isinstance(undone, fact.Refunded):
            gone += [
                known
                for known in that_day
                if isinstance(known, fact.Paid) and known.kind is PaymentKind.INTEREST_REFUND
            ]
        self.facts = [known for known in self.facts if known not in gone]

    def _undo_repayment(self, event: dict[str, Any]) -> None:
        that_day = [known for known in self._payments() if known.on == day(event["date"])]
        self.facts.remove(that_day[int(event.get("nth") or 1) - 1])

    def _charge_off(self, event: dict[str, Any]) -> None:
        self._add(fact.ChargedOff, on=day(event["date"]))

    def _write_off(self, event: dict[str, Any]) -> None:
        self._add(fact.Forgiven, on=day(event["date"]))

    def _contract_termination(self, _: dict[str, Any]) -> None:
        """Everything falls due, without interest not yet earned: what charging off does where the terms say so."""
        self.terms = renewed(self.terms, charge_off=ChargeOff.ALL_DUE)
        self._add(fact.ChargedOff, on=self.today)

    def _capitalized_income(self, event: dict[str, Any]) -> None:
        """A fee that is lent: principal like that of a capture, without a down payment."""
        if self.terms.down_payment_bps:
            pytest.fail("events/type: CAPITALIZED_INCOME on a product with a down payment", pytrace=False)
        self._add(fact.Captured, on=day(event["date"]), amount=cents(event["amount"]))

    def _undo_charge_off(self, _: dict[str, Any]) -> None:
        self._take_back(fact.ChargedOff)

    def _undo_contract_termination(self, _: dict[str, Any]) -> None:
        self._take_back(fact.ChargedOff)
        self.terms = renewed(self.terms, charge_off=_charge_off(self.case["product"]))

    def _undo_write_off(self, _: dict[str, Any]) -> None:
        self._take_back(fact.Forgiven)

    def _undo_re_age(self, _: dict[str, Any]) -> None:
        self._take_back(fact.ReAged)

    def _undo_re_amortize(self, _: dict[str, Any]) -> None:
        self._take_back(fact.ReAmortized)

    def _take_back(self, made: type[Any]) -> None:
        """The last fact of its kind never happened."""
        self.facts.remove([event for event in self.facts if isinstance(event, made)][-1])

    def _interest_pause(self, event: dict[str, Any]) -> None:
        self._add(fact.InterestPaused, on=day(event["start"]), end_on=day(event["end"]))

    def _re_amortize(self, _: dict[str, Any]) -> None:
        self._add(fact.ReAmortized, on=self.today)

    def _re_age(self, event: dict[str, Any]) -> None:
        change = event["data"][0]
        first_due_on = day(change["startDate"])
        every, unit = int(change["frequencyNumber"]), known(UNITS, change["frequencyType"], "RE_AGE/frequencyType")
        if first_due_on == self.facts[0].on:  # then it names the begin of the first period, not its end
            rhythm = renewed(
                self.terms,
                every=int(change["frequencyNumber"]),
                unit=known(UNITS, change["frequencyType"], "RE_AGE/frequencyType"),
            )
            first_due_on = step(rhythm, first_due_on, 1, first_due_on.day)
        self._add(
            fact.ReAged, on=min(self.today, first_due_on), first_due_on=first_due_on,
            instalments=int(change["numberOfInstallments"]), every=every, unit=unit, all_alike=True,
        )  # fmt: skip

    def _reschedule(self, event: dict[str, Any]) -> None:
        change = event["data"][0]
        from_on = day(change["rescheduleFromDate"])
        if change.get("adjustedDueDate"):
            self._add(fact.DueMoved, on=from_on, to=day(change["adjustedDueDate"]))
        grace = [int(change.get(key) or 0) for key in ("graceOnPrincipal", "graceOnInterest")]
        if any(grace):
            self._add(fact.HolidayGranted, on=from_on, principal=grace[0], interest=grace[1])
        if change.get("extraTerms"):
            self._add(fact.Extended, on=from_on, instalments=int(change["extraTerms"]))
        if change.get("newInterestRate"):
            self._add(fact.RateChanged, on=from_on, rate_percent=Decimal(change["newInterestRate"]))


COLUMNS = ("Balance of loan", "Principal due", "Interest", "Fees", "Penalties", "Due", "Paid", "In advance", "Late",
           "Outstanding")  # fmt: skip


def table_of(version: Version) -> list[dict[str, Any]]:
    """The version as the scenarios print it: captures and lines, amounts in minor units."""
    captures = sorted(
        (known for known in version.facts if isinstance(known, fact.Captured)), key=lambda known: known.on
    )
    rows: list[dict[str, Any]] = []
    balance = 0
    for line in version.lines:
        while captures and (captures[0].on < line.due_on or (line.kind is RowKind.DOWN_PAYMENT
                            and captures[0].on == line.due_on)):  # fmt: skip
            captured = captures.pop(0)
            balance += captured.amount
            rows.append({"Date": captured.on, "Balance of loan": captured.amount})
        balance -= line.principal - line.owed_again
        rows.append(_printed(line, balance))
    return rows


def _printed(line: Line, balance: int) -> dict[str, Any]:
    values = (balance, line.principal, line.interest, line.fee, line.penalty, line.total, line.paid, line.paid_early,
              line.paid_late, line.outstanding)  # fmt: skip
    head = {"Nr": line.number, "Days": (line.due_on - line.begin_on).days, "Date": line.due_on,
            "Paid date": line.settled_on}  # fmt: skip
    return head | dict(zip(COLUMNS, values, strict=True))


def expected_table(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """A printed table with its texts read."""
    return [_read(row) for row in rows]


def _read(row: dict[str, str]) -> dict[str, Any]:
    if "Nr" not in row:
        return {"Date": day(row["Date"]), "Balance of loan": cents(row["Balance of loan"])}
    head: dict[str, Any] = {"Nr": int(row["Nr"]), "Days": int(row["Days"]), "Date": day(row["Date"])}
    head["Paid date"] = day(row["Paid date"]) if row.get("Paid date") else None
    return head | {column: cents(row[column]) for column in COLUMNS if column in row}


def differences(ours: list[dict[str, Any]], published: list[dict[str, Any]]) -> list[str]:
    """Where two tables differ, in words."""
    if len(ours) != len(published):
        return [f"{len(ours)} rows, published {len(published)}"]
    return [
        f"row {theirs.get('Nr', 'of the capture')}, {column}: {mine.get(column)}, published {theirs.get(column)}"
        for mine, theirs in zip(ours, published, strict=True)
        for column in theirs
        if mine.get(column) != theirs[column]
    ]


def totals_of(version: Version) -> dict[str, int]:
    """The totals row."""
    rows = [_printed(line, 0) for line in version.lines]
    return {column: sum(row[column] for row in rows) for column in COLUMNS[1:]}


def renewed(terms: Terms, **changes: Any) -> Terms:
    """Terms with some fields changed."""
    return structs.replace(terms, **changes)
