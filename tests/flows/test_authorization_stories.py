"""Every life of an authorization, from the offer to its exits. `story.py` says how a story is told."""

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES = {
    "nobody captures: the limit comes back, and so it is said": """
        consumer limit 1000.00
        buy 600.00 instalments
        + 22 days
        close expires_soon 0, expired 0
        + 1 days
        + 1 seconds
        close expires_soon 1
        close expires_soon 0
        + 6 days
        close expires_soon 1
        account reserved 600.00
        + 1 days
        close expires_soon 0, expired 1
        plan state expired, voided 600.00, remaining 0.00
        account reserved 0.00, available 1000.00
        ledger
        capture 0.01   refused state_forbids
        extend 1       refused state_forbids
        amend 500.00   refused state_forbids
        void           refused state_forbids
        close expired 0
    """,
    "days without a close tell what is still of use": """
        consumer limit 1000.00
        buy 600.00 instalments
        + 29 days
        + 1 hours
        close expires_soon 1, expired 0
        close expires_soon 0
        + 60 days
        close expires_soon 0, expired 1
    """,
    "extended on request, in parts, as far as the product goes": """
        consumer limit 1000.00
        buy 600.00 instalments
        plan extendable_days 30
        extend 31      refused impossible_terms
        extend 10
        plan extendable_days 20, state authorized
        + 40 days
        extend
        plan extendable_days 0
        extend 1       refused state_forbids
        + 20 days
        capture 600.00
        plan state active
        extend 1       refused state_forbids
    """,
    "too late to be extended": """
        consumer limit 1000.00
        buy 600.00 instalments
        + 30 days
        + 1 seconds
        extend 1       refused state_forbids
        close expired 1
    """,
    "a product that is not extended": """
        leeway extend_days_max 0
        consumer limit 1000.00
        buy 600.00 instalments
        plan extendable_days 0
        extend 1       refused state_forbids
    """,
    "extended by itself, once": """
        leeway extend_days_max 14, extends_by_itself true
        consumer limit 1000.00
        buy 600.00 instalments
        + 29 days
        + 1 hours
        close extended 1, expires_soon 0
        close extended 0
        plan extendable_days 0
        + 14 days
        close extended 0, expires_soon 1
        + 1 days
        close expired 1
        account available 1000.00
    """,
    "extended by itself, although the day was never closed": """
        leeway extend_days_max 14, extends_by_itself true
        consumer limit 1000.00
        buy 600.00 instalments
        + 44 days
        capture 600.00
        plan state active
    """,
    "amended up and down, and captured as it is then": """
        consumer limit 1000.00
        buy 600.00 instalments
        amend 1000.01  refused limit_exceeded
        amend 600.00   refused state_forbids
        amend 900.00
        plan state authorized, amount 900.00, remaining 900.00
        account reserved 900.00, available 100.00
        ledger commitment 900.00, commitment_contra -900.00
        amend 400.00
        account reserved 400.00, available 600.00
        capture 400.01 refused amount_exceeds_authorized
        capture 100.00
        amend 99.99    refused state_forbids
        amend 300.00
        plan state part_captured, remaining 200.00
        capture 200.00
        plan state active, captured 300.00, voided 0.00
        schedule 25.00 50.00 25.00 50.00 25.00 50.00 25.00 50.00
        amend 500.00   refused state_forbids
        pay 300.00
        plan state paid_off
        account available 1000.00
    """,
    "amended to no more than was captured": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 250.00
        amend 250.00
        plan state active, remaining 0.00, amount 250.00
        account reserved 0.00, used 250.00
        capture 0.01   refused state_forbids
    """,
    "amended beyond what the product is for": """
        consumer limit 9000.00
        buy 600.00 instalments
        amend 0.01     refused impossible_terms
        amend 8999.99  refused impossible_terms
    """,
    "a cap of a use is raised": """
        consumer limit 1000.00
        buy 300.00 pay_after_use
        amend 500.00
        account reserved 500.00
        capture 450.00
        plan state payment_due, captured 450.00, voided 50.00
        account reserved 0.00, used 450.00
    """,
    "a deposit is not amended": """
        consumer limit 5000.00
        buy 1000.00 deposit
        amend 500.00   refused state_forbids
    """,
    "a tip is captured with the rest": """
        leeway capture_tolerance_bps 1000
        consumer limit 1000.00
        buy 600.00 instalments
        capture 200.00
        capture 460.01 refused amount_exceeds_authorized
        capture 460.00
        plan state active, amount 660.00, captured 660.00
        account reserved 0.00, used 660.00
        ledger consumer_principal 660.00, merchant_payable -633.66, merchant_fee_income -26.34,
            partner_receivable 462.00, partner_participation -462.00
        capture 0.01   refused state_forbids
    """,
    "a tip above the limit": """
        leeway capture_tolerance_bps 1000
        consumer limit 600.00
        buy 600.00 instalments
        capture 600.01 refused limit_exceeded
        capture 600.00
        plan state active
    """,
    "captured a little too late": """
        leeway late_capture_grace_days 7
        consumer limit 1000.00
        buy 600.00 instalments
        + 31 days
        close expired 1
        plan state expired
        capture 600.01 refused amount_exceeds_authorized
        capture 500.00
        plan state active, captured 500.00, voided 100.00
        account reserved 0.00, used 500.00
        capture 100.01 refused amount_exceeds_authorized
        capture 60.00
        + 7 days
        capture 40.00  refused state_forbids
        plan state active, captured 560.00, voided 40.00
    """,
    "a last capture, a little too late": """
        leeway late_capture_grace_days 7
        consumer limit 1000.00
        buy 600.00 instalments
        + 31 days
        close expired 1
        capture 500.00 final true
        capture 0.01   refused state_forbids
        consumer limit 1000.00
        buy 600.00 pay_after_use
        + 31 days
        close expired 1
        capture 20.00
        plan state payment_due, captured 20.00, voided 580.00
        capture 0.01   refused state_forbids
    """,
    "captured too late for that": """
        leeway late_capture_grace_days 7
        consumer limit 1000.00
        buy 600.00 instalments
        + 37 days
        + 1 seconds
        close expired 1
        capture 600.00 refused state_forbids
    """,
    "captured late, when the limit was used for something else": """
        leeway late_capture_grace_days 7
        consumer limit 1000.00
        buy 600.00 instalments
        + 31 days
        close expired 1
        capture 0.00   refused state_forbids
        capture 600.00
        account used 600.00
    """,
    "a capture by mistake, reversed": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 200.00 reference P-1
        capture 400.00 reference P-2
        capture 1.00   refused state_forbids
        pay 300.00
        reverse 2
        plan state part_captured, captured 200.00, remaining 400.00, outstanding 0.00, overpaid 100.00
        account reserved 400.00, used 0.00
        reverse 2      refused state_forbids
        reverse 3      refused not_found
        capture 300.00 reference P-2
        plan state part_captured, outstanding 200.00, overpaid 0.00
        refund 50.00
        reverse 1      refused state_forbids
        + 12 hours
        reverse 3      refused state_forbids
        void
        plan state active, outstanding 150.00
    """,
    "the same parcel is captured once": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 200.00 reference P-1
        capture 200.00 reference p-1    refused duplicate_capture
        reverse 1
        capture 200.00 reference p-1
        plan captured 200.00
    """,
    "a bill of a use by mistake": """
        consumer limit 1000.00
        buy 600.00 pay_after_use
        capture 60.00
        plan voided 540.00
        reverse 1
        plan state authorized, voided 0.00, remaining 600.00
        account reserved 600.00, used 0.00
        ledger commitment 600.00, commitment_contra -600.00
        capture 6.00
        plan state payment_due, outstanding 6.00
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(text: str, world: World) -> None:
    await tell(world, text)
