"""A purchase of each kind, from the offer to the last cent. `story.py` says how a story is told."""

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES = {
    "instalments, shipped whole and paid in parts": """
        consumer limit 1000.00
        buy 600.00 instalments
        plan state authorized, collection_state nothing_owed, settlement_state nothing_due, outstanding 0.00
        account reserved 600.00, used 0.00, available 400.00
        ledger commitment 600.00, commitment_contra -600.00

        # 2.90 % and 1.00 % of subsidy and 0.30: the merchant waits for 576.30
        capture 600.00
        plan state active, collection_state collecting, settlement_state payable, remaining 0.00
        account reserved 0.00, used 600.00, available 400.00
        schedule 150.00 150.00 150.00 150.00
        ledger consumer_principal 600.00, merchant_payable -576.30, merchant_fee_income -23.70,
            partner_receivable 420.00, partner_participation -420.00

        pay 0.01
        pay 199.99
        schedule 0.00 100.00 150.00 150.00
        account used 400.00, available 600.00
        pay 399.99
        plan state active, outstanding 0.01
        pay 0.01
        plan state paid_off, collection_state collected, outstanding 0.00, paid 600.00
        account used 0.00, available 1000.00
        ledger processor_clearing 600.00, merchant_payable -576.30, merchant_fee_income -23.70,
            partner_receivable 420.00, partner_payable -420.00
        capture 0.01  refused state_forbids
        void          refused state_forbids

        # money that came is never refused
        pay 0.02
        plan state overpaid, overpaid 0.02, outstanding 0.00, paid 600.00
        ledger processor_clearing 600.02, consumer_payable -0.02, merchant_payable -576.30,
            merchant_fee_income -23.70, partner_receivable 420.00, partner_payable -420.00
    """,
    "instalments, shipped in two parcels, the rest cancelled": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 250.00
        plan state part_captured, captured 250.00, remaining 350.00
        account reserved 350.00, used 250.00
        schedule 62.50 62.50 62.50 62.50
        pay 250.00
        plan state part_captured, collection_state collected
        capture 350.01  refused amount_exceeds_authorized
        + 14 days
        capture 100.00
        plan collection_state collecting
        schedule 0.00 0.00 25.00 0.00 25.00 0.00 25.00 25.00
        void
        plan state active, voided 250.00, remaining 0.00
        account reserved 0.00, used 100.00, available 900.00
        capture 0.01    refused state_forbids
        void            refused state_forbids
        pay 100.00
        plan state paid_off, captured 350.00, voided 250.00
        ledger processor_clearing 350.00, merchant_payable -335.75, merchant_fee_income -14.25,
            partner_receivable 245.00, partner_payable -245.00
    """,
    "instalments, a last parcel that gives back the rest": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 599.99 final true
        plan state active, voided 0.01, remaining 0.00
        account reserved 0.00, used 599.99
        schedule 150.00 150.00 149.99 150.00
    """,
    "instalments, cancelled before anything left": """
        consumer limit 600.00
        buy 600.00 instalments
        account available 0.00
        claim 0.01     refused state_forbids
        release 0.01   refused state_forbids
        void
        plan state voided, voided 600.00, captured 0.00
        account available 600.00
        ledger
        capture 0.01   refused state_forbids
        pay 0.01
        plan state voided, overpaid 0.01
        ledger processor_clearing 0.01, consumer_payable -0.01
    """,
    "instalments, all paid before the rest is cancelled": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 300.00
        pay 300.00
        plan state part_captured, collection_state collected
        void
        plan state paid_off
        account available 1000.00
    """,
    "instalments with interest: who is owed what": """
        consumer limit 2000.00
        buy 1200.00 instalments instalments 12 category business
        capture 1200.00
        plan outstanding 1238.70
        pay 103.22
        plan paid 103.22
        account used 1102.68
        # of the 5.90 interest 70 % are the partner's, as of the 97.32 principal
        ledger processor_clearing 103.22, consumer_principal 1102.68, merchant_payable -1164.90,
            merchant_fee_income -35.10, partner_receivable 840.00, partner_participation -771.88,
            partner_payable -72.25, partner_accrued 4.13, consumer_interest -5.90
    """,
    "a little at the limit": """
        consumer limit 600.00
        offer 600.00 instalments
        accept
        accept         refused offer_accepted
        capture 600.00
        pay 599.99
        account available 599.99
    """,
    "paid after use": """
        consumer limit 1000.00
        buy 500.00 pay_after_use
        account reserved 500.00
        capture 500.01  refused amount_exceeds_authorized
        capture 123.45
        plan state payment_due, captured 123.45, voided 376.55, remaining 0.00
        account reserved 0.00, used 123.45, available 876.55
        schedule 123.45
        ledger consumer_principal 123.45, merchant_payable -121.10, merchant_fee_income -2.35
        capture 0.01    refused state_forbids
        void            refused state_forbids
        + 30 days
        plan overdue 0.00
        + 1 days
        plan overdue 123.45
        pay 100.00
        plan state payment_due, outstanding 23.45
        pay 23.45
        plan state paid_off, overdue 0.00
        account available 1000.00
    """,
    "a use that cost nothing": """
        consumer limit 1000.00
        buy 500.00 pay_after_use
        capture 0.00
        plan state paid_off, captured 0.00, voided 500.00, collection_state nothing_owed
        account available 1000.00
        ledger
    """,
    "a use that was paid before it ended": """
        consumer limit 1000.00
        buy 500.00 pay_after_use
        pay 50.00
        plan state authorized, overpaid 50.00
        capture 120.00
        plan state payment_due, overpaid 0.00, outstanding 70.00, paid 50.00
        ledger processor_clearing 50.00, consumer_principal 70.00, merchant_payable -117.72, merchant_fee_income -2.28
    """,
    "a deposit that comes back": """
        consumer limit 5000.00
        offer 2000.00 deposit
        offered waived 1600.00, held 400.00
        accept
        account reserved 1600.00
        ledger commitment 1600.00, commitment_contra -1600.00, deposit_held 400.00, deposit_held_contra -400.00
        capture 1.00    refused state_forbids
        release 2000.01 refused amount_exceeds_authorized
        release 300.00
        plan state authorized, held 100.00, voided 300.00, remaining 1700.00
        account reserved 1600.00
        release 200.00
        plan held 0.00, voided 500.00
        account reserved 1500.00
        release
        plan state closed, voided 2000.00
        account reserved 0.00, available 5000.00
        ledger
        release         refused state_forbids
        claim 0.01      refused state_forbids
    """,
    "a deposit claimed below what is held": """
        consumer limit 5000.00
        buy 2000.00 deposit
        claim 399.99
        plan state closed, captured 399.99, voided 1600.01, held 0.00, outstanding 0.00
        account reserved 0.00, used 0.00
        ledger processor_clearing 399.99, merchant_payable -397.99, merchant_fee_income -2.00
        pay 0.01
        plan state overpaid, overpaid 0.01
    """,
    "a deposit claimed above what is held": """
        consumer limit 5000.00
        buy 2000.00 deposit
        claim 2000.01   refused amount_exceeds_authorized
        claim 400.01
        plan state payment_due, captured 400.01, voided 1599.99, held 0.00, outstanding 0.01
        account reserved 0.00, used 0.01
        schedule 0.01
        ledger processor_clearing 400.00, consumer_principal 0.01, merchant_payable -398.01, merchant_fee_income -2.00
        claim 0.01      refused state_forbids
        pay 0.01
        plan state closed, collection_state collected
        account available 5000.00
    """,
    "a deposit claimed in several parts": """
        consumer limit 5000.00
        buy 2000.00 deposit
        claim 100.00 final false
        plan state part_captured, held 300.00, remaining 1900.00, collection_state nothing_owed
        release 50.00
        plan held 250.00, remaining 1850.00
        claim 350.00 final false
        plan held 0.00, outstanding 100.00, collection_state collecting
        account reserved 1500.00, used 100.00
        pay 100.00
        plan state part_captured, collection_state collected
        claim 1500.00 final false
        plan state payment_due, remaining 0.00, captured 1950.00, voided 50.00
        pay 1500.00
        plan state closed
        ledger processor_clearing 1950.00, merchant_payable -1940.25, merchant_fee_income -9.75
    """,
    "a deposit claimed, then cancelled": """
        consumer limit 5000.00
        buy 2000.00 deposit
        claim 500.00 final false
        void
        plan state payment_due, captured 500.00, voided 1500.00, outstanding 100.00
        pay 100.00
        plan state closed
    """,
    "a claim sets the ladder of deposits back": """
        consumer limit 5000.00
        buy 1000.00 deposit
        offered waived 800.00
        release
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        + 1 seconds
        offer 1000.00 deposit
        offered waived 800.00       # two came back whole
        release
        buy 1000.00 deposit
        offered waived 1000.00
        + 1 seconds
        claim 10.00
        plan state payment_due, outstanding 10.00
        offer 1000.00 deposit
        offered waived 800.00       # while it is unpaid
        pay 10.00
        plan state closed
        offer 1000.00 deposit
        offered waived 800.00       # and after it was paid
        + 1 seconds
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        release
        offer 1000.00 deposit
        offered waived 800.00
        buy 1000.00 deposit
        release
        offer 1000.00 deposit
        offered waived 1000.00      # three more came back whole
    """,
    "a claim met from the card sets the ladder back as well": """
        consumer limit 5000.00
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        release
        + 1 seconds
        buy 2000.00 deposit
        offered waived 2000.00, held 0.00
        void                        # given back, neither clean nor claimed
        offer 2000.00 deposit
        offered waived 2000.00
        consumer limit 1000.00
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        release
        buy 1000.00 deposit
        release
        + 1 seconds
        buy 2000.00 deposit
        offered waived 1000.00, held 1000.00
        claim 0.01 final false
        release
        plan state closed, captured 0.01
        offer 1000.00 deposit
        offered waived 800.00
    """,
    "a deposit where the limit waives less": """
        consumer limit 1000.00
        offer 2000.00 deposit
        offered waived 1000.00, held 1000.00
        accept
        account available 0.00
    """,
    "an offer that expired": """
        consumer limit 1000.00
        offer 600.00 instalments
        + 3599 seconds
        + 1 seconds
        accept          refused offer_expired
    """,
    "an offer at its last second": """
        consumer limit 1000.00
        offer 600.00 instalments
        + 3599 seconds
        accept
        plan state authorized
    """,
    "an authorization at its last instant": """
        consumer limit 1000.00
        buy 600.00 instalments
        + 30 days
        capture 600.00
        plan state active
    """,
    "an authorization that ended": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 100.00
        + 30 days
        + 1 seconds
        capture 0.01    refused state_forbids
        void
        plan state active
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(text: str, world: World) -> None:
    await tell(world, text)
