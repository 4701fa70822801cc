"""Money that goes back: a payment comes back once, and goods are refunded once."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from service.errors import Code, Refused
from service.plans.running import facts
from service.plans.running.facts import AnyFact
from service.plans.running.subsidy_facts import Subsidised, SubsidyReturned
from service.plans.running.versions import amount_to_settle, replay
from service.terms.allocation_rule import Allocation, AllocationRule, Component, Future, PaymentKind
from service.terms.terms import Captures, Cost, DayCount, FeeDue, Interest, PaidEarly, Terms, Unit
from tests.plans.running.test_versions import (
    AT_12,
    DAILY,
    FOUR_MONTHS,
    JAN_1,
    captured,
    day,
    left,
    lived,
    owed,
    paid,
    refunded,
)


def back(on: str, amount: int, payment: str = "02-01", number: int = 1) -> facts.ChargedBack:
    return facts.ChargedBack(
        id=f"back-{number}", recorded_on=day(on), on=day(on), amount=amount, payment_id=f"paid-{payment}"
    )


@pytest.mark.parametrize(
    ("before", "amount", "rest"),
    [
        ([], 100_00, None),
        ([], 100_01, 100_00),
        ([back("02-10", 60_00)], 40_00, None),
        ([back("02-10", 60_00)], 40_01, 40_00),
        ([back("02-10", 100_00)], 1, 0),
    ],
)
def test_no_more_of_a_payment_comes_back_than_is_left_of_it(
    before: list[AnyFact], amount: int, rest: int | None
) -> None:
    """100.00 was paid; other payments do not count."""
    events = [paid("02-01", 100_00), paid("02-02", 50_00), *before, back("02-11", amount, number=2)]
    if rest is None:
        assert lived(FOUR_MONTHS, *events).outstanding == 350_00
        return
    with pytest.raises(Refused) as refused:
        lived(FOUR_MONTHS, *events)
    assert (refused.value.code, refused.value.pointer) == (Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount")
    assert f"Only {rest} minor units" in refused.value.detail


def test_a_charge_back_is_no_payment_that_could_come_back() -> None:
    again = facts.ChargedBack(id="x", recorded_on=day("02-11"), on=day("02-11"), amount=1, payment_id="back-1")
    with pytest.raises(Refused) as refused:
        lived(FOUR_MONTHS, paid("02-01", 100_00), back("02-10", 60_00), again)
    assert refused.value.code is Code.NOT_FOUND


def test_what_was_overpaid_bears_a_charge_back_first_and_counts() -> None:
    events: list[AnyFact] = [paid("02-01", 450_00), back("02-10", 60_00)]
    version = lived(FOUR_MONTHS, *events)
    assert (version.outstanding, version.overpaid) == (10_00, 0)
    with pytest.raises(Refused, match="Only 39000 minor units"):
        lived(FOUR_MONTHS, *events, back("02-11", 390_01, number=2))


def test_principal_bears_what_the_order_of_the_terms_does_not_name() -> None:
    """5.00 of 105.00 settled a penalty; the order names penalties alone."""
    terms = FOUR_MONTHS | {"chargeback_order": (Component.PENALTY,)}
    fee = facts.Levied(id="late", recorded_on=day("01-10"), due_on=day("01-10"), amount=5_00, is_penalty=True)
    version = lived(terms, fee, paid("02-01", 105_00), back("02-10", 25_00))
    assert (version.lines[1].penalty, version.lines[1].owed_again) == (5_00, 20_00)
    assert version.outstanding == 325_00


def test_a_payment_that_came_too_early_comes_back() -> None:
    """Half of it before anything was captured; all of what is left after the capture that used it."""
    events: list[AnyFact] = [paid("01-10", 80_00), back("01-11", 30_00, "01-10")]
    early = replay(Terms(**FOUR_MONTHS), events, day("01-12"))
    assert (early.outstanding, early.overpaid, early.lines) == (0, 50_00, ())
    events += [captured(400_00, day("01-20")), back("01-25", 50_00, "01-10", 2)]
    later = replay(Terms(**FOUR_MONTHS), events, day("01-25"))
    assert (later.outstanding, later.overpaid) == (400_00, 0)


def test_a_payment_sent_back_to_the_consumer_and_charged_back_is_owed() -> None:
    """80.00 came before any capture, was returned as overpaid, and the bank took it back as well."""
    returned = facts.OverpaidReturned(id="returned", recorded_on=day("01-11"), on=day("01-11"), amount=80_00)
    events: list[AnyFact] = [paid("01-10", 80_00), returned, back("01-12", 80_00, "01-10")]
    assert left(replay(Terms(**FOUR_MONTHS), events, day("01-12"))) == [80_00]
    assert replay(Terms(**FOUR_MONTHS), [*events, captured(400_00, day("01-20"))], day("01-20")).outstanding == 480_00


@pytest.mark.parametrize(
    ("kind", "before", "amount", "rest"),
    [
        (PaymentKind.MERCHANT_REFUND, 0, 400_00, None),
        (PaymentKind.MERCHANT_REFUND, 0, 400_01, 400_00),
        (PaymentKind.PAYOUT_REFUND, 150_00, 250_00, None),
        (PaymentKind.PAYOUT_REFUND, 150_00, 250_01, 250_00),
        (PaymentKind.GOODWILL, 150_00, 250_01, None),
    ],
)
def test_no_more_is_refunded_than_was_captured(kind: PaymentKind, before: int, amount: int, rest: int | None) -> None:
    events = [refunded("01-15", before)] if before else []
    last = refunded("01-16", amount, kind=kind)
    if rest is None:
        assert lived(FOUR_MONTHS, *events, last).outstanding == 0
        return
    with pytest.raises(Refused) as refused:
        lived(FOUR_MONTHS, *events, last)
    assert (refused.value.code, refused.value.pointer) == (Code.AMOUNT_EXCEEDS_OUTSTANDING, "/amount")
    assert f"At most {rest} minor units" in refused.value.detail


def test_goodwill_takes_nothing_from_what_may_be_refunded() -> None:
    goodwill = refunded("01-15", 100_00, kind=PaymentKind.GOODWILL)
    version = lived(FOUR_MONTHS, goodwill, refunded("01-16", 400_00))
    assert (version.outstanding, version.overpaid) == (0, 100_00)


@pytest.mark.parametrize("fees", [{}, {"costs": (Cost("opening", amount=50_00, due=FeeDue.FIRST),)}])
def test_a_refund_returns_its_interest_whatever_fees_are_owed(fees: dict[str, Any]) -> None:
    """200.00 at 1 % for 15 of 31 days is 0.97, with a fee of 50.00 as without one."""
    version = lived(DAILY | fees, refunded("01-16", 200_00))
    assert version.allocations[-1].id == "refund-01-16/interest"
    assert version.allocations[-1].total == 97


@pytest.mark.parametrize(
    ("amounts", "outstanding"),
    [
        ((100_00,), 307_54),  # a quarter of 10.05 is 2.51
        ((100_00, 100_00), 205_02),  # half of it is 5.03: 2.52 more
        ((100_00, 100_00, 200_00), 0),
        ((400_00,), 0),
        ((399_99,), 1),  # the interest on a cent is less than half a cent
    ],
)
def test_interest_as_agreed_comes_back_by_the_share_of_what_was_captured(
    amounts: tuple[int, ...], outstanding: int
) -> None:
    """400.00 for four months at 12 % bear 4.00, 3.01, 2.02 and 1.02, whenever it is paid."""
    back = [refunded(f"01-{on}", amount, by_share=True) for on, amount in enumerate(amounts, 10)]
    assert lived(AT_12, *back).outstanding == outstanding
    kept = [msgspec.structs.replace(one, returns_interest=False) for one in back]
    assert lived(AT_12, *kept).outstanding == 410_05 - sum(amounts)


@pytest.mark.parametrize("terms", [AT_12, DAILY])
def test_of_a_plan_that_was_given_up_a_refund_returns_its_share_of_interest_once(terms: dict[str, Any]) -> None:
    """What is asked for stays as it was then, so each of 200 refunds of 2.00 returns a two-hundredth of it."""
    given_up = facts.ChargedOff(id="off", recorded_on=day("05-20"), on=day("05-20"))
    events: list[AnyFact] = [given_up]
    owed_then = lived(terms, *events, as_of="05-20").outstanding
    interest = owed_then - 400_00
    for number in range(1, 201):
        again = msgspec.structs.replace(refunded("05-21", 2_00, by_share=True), id=f"refund-{number}")
        events.append(again)
        if number in (1, 2, 100, 200):
            returned = (interest * number * 2_00 + 200_00) // 400_00
            assert lived(terms, *events, as_of="05-21").outstanding == owed_then - number * 2_00 - returned
    assert lived(terms, *events, as_of="05-21").overpaid == 0


@pytest.mark.parametrize(
    ("taken_back", "asked"),
    [
        (0, [100_00, 75_00, 75_00, 75_00, 75_00]),
        (50_00, [100_00, 87_50, 87_50, 87_50, 87_50]),
        (87_51, [100_00, 96_88, 96_88, 96_88, 96_87]),
        (100_00, [100_00, 100_00, 100_00, 100_00, 100_00]),
    ],
)
def test_what_a_bank_took_back_is_spread_with_the_rest(taken_back: int, asked: list[int]) -> None:
    """Of 400.00 in four months 100.00 were paid; what is owed falls due in four months from 10 February."""
    events: list[AnyFact] = [paid("02-01", 100_00), *([back("02-03", taken_back)] if taken_back else [])]
    re_aged = facts.ReAged(
        id="re-aged",
        recorded_on=day("02-04"),
        on=day("02-04"),
        first_due_on=day("02-10"),
        instalments=4,
        all_alike=True,
    )
    assert owed(lived(FOUR_MONTHS, *events, re_aged, as_of="02-04")) == asked


def test_re_aging_what_was_paid_by_then_makes_no_instalments() -> None:
    """The payment is known on the 5th of June, and came before the instalments were agreed."""
    re_aged = facts.ReAged(
        id="re-aged",
        recorded_on=day("06-03"),
        on=day("06-03"),
        first_due_on=day("07-01"),
        instalments=3,
        all_alike=True,
    )
    late = msgspec.structs.replace(paid("06-02", 400_00), recorded_on=day("06-05"))
    assert owed(lived(FOUR_MONTHS, late, re_aged, as_of="06-05")) == [100_00] * 4


def test_interest_that_was_waived_is_not_returned_besides() -> None:
    waived = paid("01-05", 8_00, kind=PaymentKind.INTEREST_WAIVER)
    version = lived(AT_12, waived, refunded("01-10", 400_00, by_share=True))
    assert (version.outstanding, version.overpaid) == (0, 0)


@pytest.mark.parametrize(("refund", "left"), [(100_00, 307_54), (400_00, 0)])
def test_interest_that_a_scheme_got_back_is_returned_once(refund: int, left: int) -> None:
    """It pays all 10.05 and gets all of it back: the consumer bears them, as if there had been no scheme."""
    pays = Subsidised(id="pays", recorded_on=day("01-02"), on=day("01-02"), amount=10_05)
    back = SubsidyReturned(id="back", recorded_on=day("01-03"), on=day("01-03"), amount=10_05)
    version = lived(AT_12, pays, back, refunded("01-10", refund, by_share=True))
    assert (version.outstanding, version.overpaid) == (left, 0)


def test_more_captured_is_more_to_refund() -> None:
    terms = FOUR_MONTHS | {"captures": Captures.MERGED}
    second = captured(50_00, day("01-10"), 1)
    assert lived(terms, second, refunded("01-16", 450_00)).outstanding == 0
    assert owed(lived(terms, second)) == [112_50] * 4
    assert amount_to_settle(lived(terms, second), JAN_1) == 450_00


def test_a_payment_before_a_capture_that_was_foreseen_is_owed_again() -> None:
    """The capture goes before all else, as if agreed at the start: of 80.00 paid for it 30.00 came back before it."""
    events: list[AnyFact] = [paid("01-10", 80_00), back("01-11", 30_00, "01-10"), captured(400_00, day("01-20"))]
    version = replay(Terms(**FOUR_MONTHS, captures=Captures.FORESEEN), events, day("01-20"))
    assert (version.outstanding, sum(line.owed_again for line in version.lines)) == (350_00, 30_00)


def test_what_comes_back_after_all_was_forgiven_is_owed_in_a_row_of_its_own() -> None:
    forgiven = facts.Forgiven(id="forgiven", recorded_on=day("02-02"), on=day("02-02"))
    events: list[AnyFact] = [paid("02-01", 100_00), forgiven, back("02-10", 60_00)]
    version = lived(FOUR_MONTHS, *events)
    assert left(version) == [0, 0, 0, 0, 60_00]
    assert [line.forgiven for line in version.lines] == [0, 100_00, 100_00, 100_00, 0]
    again = facts.Forgiven(id="again", recorded_on=day("02-11"), on=day("02-11"))
    once_more = back("02-12", 40_00, number=2)
    assert left(lived(FOUR_MONTHS, *events, again, once_more)) == [0, 0, 0, 0, 0, 40_00]
    all_of_it = lived(FOUR_MONTHS, *events, refunded("02-13", 200_00))
    assert (all_of_it.outstanding, all_of_it.overpaid) == (0, 140_00)


def test_principal_that_comes_back_is_asked_for_beside_interest_of_later_instalments() -> None:
    """All was paid a day early, 265.65 came back, and most of it was paid late: 1.03 is left, and does not vanish.

    The interest was earned in instalments that were paid ahead, and is asked for with the one that is open.
    """
    terms: dict[str, Any] = {
        "every": 30, "first_due_days": 41, "rate_percent": Decimal("11.6109"), "interest": Interest.DAILY,
        "day_count": DayCount.THIRTY_360, "recalculate": True, "paid_early": PaidEarly.AT_ONCE_UNLESS_SETTLED,
        "allocation": Allocation(AllocationRule(future=Future.CURRENT_OR_LAST)), "captures": Captures.MERGED,
        "chargeback_order": (Component.PRINCIPAL,),
    }  # fmt: skip
    start = date(2026, 3, 2)
    payments = {date(2026, 4, 11): 901_71, date(2026, 5, 25): 267_16, date(2026, 6, 24): 1_03}
    lent = [captured(877_65, start)]
    came = [facts.Paid(id=f"{on}", recorded_on=on, on=on, amount=amount) for on, amount in payments.items()]
    back_on = date(2026, 4, 25)
    back = facts.ChargedBack(id="back", recorded_on=back_on, on=back_on, amount=278_39, payment_id="2026-04-11")
    version = replay(Terms(**terms), [*lent, *came, back], date(2026, 6, 24))
    assert sum(line.principal - line.owed_again for line in version.lines) == 877_65
    assert (version.outstanding, version.overpaid) == (0, 0)


def test_what_is_owed_again_moves_on_with_an_extension() -> None:
    """More was paid on the only instalment than it asks for once there are others: it keeps what was paid on it.

    320.19 of 530.20 came and was taken back, 264.51 of it was refunded: 265.69 stay owed.
    """
    terms = Terms(instalments=1, every=1, unit=Unit.MONTH, first_due_days=0)
    version = replay(
        terms,
        [
            captured(530_20), facts.Extended(id="longer", recorded_on=JAN_1, on=day("01-21"), instalments=2),
            paid("01-01", 320_19), back("01-01", 320_19, "01-01"), refunded("01-15", 264_51),
        ],
        JAN_1,
    )  # fmt: skip
    assert [(line.principal, line.outstanding) for line in version.lines] == [(584_70, 0), (265_69, 265_69), (0, 0)]


def test_goods_do_not_come_back_before_a_day_on_which_any_were_captured() -> None:
    """Captures that are foreseen are known before their day; what comes back on an earlier one cannot be, either."""
    terms = Terms(**FOUR_MONTHS, captures=Captures.FORESEEN)
    known = [captured(400_00, day("01-03"))]
    with pytest.raises(Refused) as told:
        replay(terms, [*known, refunded("01-02", 100_00)], day("01-04"))
    assert (told.value.code, told.value.detail) == (Code.STATE_FORBIDS, "Nothing has been captured by 2025-01-02.")
    assert sum(left(replay(terms, [*known, refunded("01-03", 100_00)], day("01-04")))) == 300_00
    assert replay(terms, [*known, paid("01-02", 100_00)], day("01-04")).outstanding == 300_00  # money may come before


@pytest.mark.parametrize(("settles", "left_open", "overpaid"), [(True, 0, 3_46), (False, 1_55, 5_01)])
def test_what_was_paid_too_much_settles_what_a_rate_asks_for_later(
    settles: bool, left_open: int, overpaid: int
) -> None:
    """All of 410.05 was paid, and 5.01 too much, before 24 % of 21 January on: they ask for 1.55 more."""
    rate = facts.RateChanged(
        id="rate", recorded_on=day("01-05"), on=day("01-21"), rate_percent=Decimal(24), settles=settles
    )
    version = lived(AT_12, paid("01-10", 415_06), rate)
    assert (version.outstanding, version.overpaid) == (left_open, overpaid)
