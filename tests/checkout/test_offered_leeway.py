"""An offer says how long it may be captured and how far that bends: by its row of the price list, or by the policy."""

from service.plans.offer import Kind, Leeway, Offer
from tests.checkout.cases import asked, decided, known
from tests.policies.sample import policy_with

POLICYS = {"extend_days_max": 10, "extends_by_itself": True, "capture_tolerance_bps": 500, "late_capture_grace_days": 3}


def offers(*changes: tuple[str, object]) -> list[Offer]:
    """Pay in four, then 6 and 12 months, of 1,000.00; last a deposit of 500.00."""
    request = asked(amount=1_000_00, deposit_amount=500_00, kinds=(Kind.INSTALMENTS, Kind.DEPOSIT))
    policy = policy_with(("/leeway", POLICYS), *changes)
    return list(decided(request, known(clean_deposits=9), policy=policy).answer.offers)


def test_the_policys_is_that_of_every_product_that_says_none() -> None:
    in_four, half_year, year, deposit = offers()
    assert {offer.leeway for offer in (in_four, half_year, year)} == {Leeway(10, True, 500, 3)}
    assert {offer.capture_within_days for offer in (in_four, half_year, year, deposit)} == {14}


def test_a_product_has_its_own() -> None:
    own = ("/instalments/1/leeway", {"extend_days_max": 60}), ("/instalments/1/capture_within_days", 28)
    in_four, half_year, year, _ = offers(*own)
    assert (in_four.leeway.extend_days_max, in_four.capture_within_days) == (10, 14)
    for monthly in (half_year, year):
        assert (monthly.leeway, monthly.capture_within_days) == (Leeway(60), 28)


def test_of_a_deposit_no_more_is_taken_than_was_left_nor_late() -> None:
    assert offers()[-1].leeway == Leeway(10, extends_by_itself=True)


def test_an_offer_says_between_which_amounts_it_may_be_amended() -> None:
    in_four, half_year, _, deposit = offers()
    assert (in_four.amount_min, in_four.amount_max) == (30_00, 10_000_00)
    assert (half_year.amount_min, half_year.amount_max) == (500_00, 4_000_00)
    assert (deposit.amount_min, deposit.amount_max, deposit.waived_bps) == (20_00, 3_000_00, 10_000)
