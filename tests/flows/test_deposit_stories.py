"""Every life of a deposit, from the offer to its exits. `story.py` says how a story is told."""

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES = {
    "given back in parts, the card first": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        release 150.00
        deposit held remaining 50.00, released 150.00
        deposit waived remaining 800.00, released 0.00
        release 250.00
        deposit held remaining 0.00, released 200.00
        deposit waived remaining 600.00, released 200.00
        account reserved 600.00
        release 600.01  refused amount_exceeds_authorized
        release
        plan state closed, voided 1000.00
    """,
    "the hirer takes one more camera: only the difference is decided": """
        consumer limit 1000.00
        buy 1000.00 deposit category cameras
        deposit held remaining 200.00
        top_up 200.00
        plan state authorized, amount 1200.00, remaining 1200.00, held 240.00
        deposit waived remaining 960.00
        account reserved 960.00
        top_up 100.00
        deposit waived remaining 1000.00
        deposit held remaining 300.00
        start
        top_up 100.00
        deposit held remaining 400.00
        end
        claim 450.00
        top_up 1.00     refused state_forbids
        + 15 days
        close
        plan state payment_due, captured 450.00, outstanding 50.00, voided 950.00
        top_up 1.00     refused state_forbids
    """,
    "a claim that nobody contests is taken when its window has ended": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        claim 500.00
        plan state assessing, captured 0.00, remaining 1000.00, outstanding 0.00
        release         refused state_forbids
        void            refused state_forbids
        claim 1.00      refused state_forbids
        ledger commitment 800.00, commitment_contra -800.00, deposit_held 200.00, deposit_held_contra -200.00
        + 14 days
        close
        plan state assessing
        + 1 days
        close
        plan state payment_due, captured 500.00, voided 500.00, outstanding 300.00
        deposit held claimed 200.00, remaining 0.00
        deposit waived claimed 300.00, released 500.00, remaining 0.00
        contest_claim it-was-broken refused state_forbids
        pay 300.00
        plan state closed
        account available 5000.00
    """,
    "contested, and decided for the merchant": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        claim 500.00
        contest_claim it-was-broken
        contest_claim again refused state_forbids
        + 20 days
        close
        plan state assessing
        decide_claim 500.01 refused amount_exceeds_authorized
        decide_claim 500.00
        plan state payment_due, captured 500.00, outstanding 300.00, voided 500.00
        decide_claim 0.00   refused state_forbids
        pay 300.00
        plan state closed
    """,
    "contested, and decided for the consumer: nothing is taken, and the ladder goes on": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        release
        buy 1000.00 deposit category cameras
        release
        buy 1000.00 deposit category cameras
        claim 500.00
        contest_claim it-was-broken
        decide_claim 0.00
        plan state closed, captured 0.00, voided 1000.00
        ledger
        account available 5000.00
        offer 1000.00 deposit category cameras
        offered waived 1000.00
    """,
    "contested, and decided for a part of it: that is a claim that was upheld": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        release
        buy 1000.00 deposit category cameras
        release
        buy 1000.00 deposit category cameras
        release
        + 1 seconds
        buy 2000.00 deposit category cameras
        offered waived 2000.00
        claim 500.00 final false
        decide_claim 100.00 refused state_forbids
        contest_claim it-was-broken
        decide_claim 100.00
        plan state part_captured, captured 100.00, remaining 1900.00, outstanding 100.00
        offer 1000.00 deposit category cameras
        offered waived 800.00
        release
        pay 100.00
        plan state closed
    """,
    "a claim is lowered, withdrawn, and made anew": """
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        claim 500.00
        lower_claim 500.00 refused amount_exceeds_authorized
        lower_claim 300.00
        withdraw_claim
        plan state authorized, remaining 1000.00
        claim 120.00
        lower_claim 90.00
        + 15 days
        close
        plan state closed, captured 90.00, voided 910.00, outstanding 0.00
        ledger processor_clearing 90.00, merchant_payable -89.55, merchant_fee_income -0.45
    """,
    "claimed at once, above what is held": """
        consumer limit 5000.00
        buy 1000.00 deposit
        claim 250.00
        plan state payment_due, captured 250.00, outstanding 50.00
        deposit held claimed 200.00
        deposit waived claimed 50.00, released 750.00
        contest_claim late refused state_forbids
        pay 50.00
        plan state closed
    """,
    "nobody claims it: it is released by itself": """
        leeway extend_days_max 0
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        + 30 days
        + 1 hours
        close expires_soon 0, expired 0
        + 7 days
        close expires_soon 1
        close expires_soon 0
        claim 100.00 final false
        withdraw_claim
        + 6 days
        close expires_soon 1, expired 0
        + 1 days
        close expired 1
        plan state closed, voided 1000.00
        account available 5000.00
        claim 1.00      refused state_forbids
    """,
    "claimed in the days before it would be released": """
        leeway extend_days_max 0
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        + 44 days
        claim 150.00
        + 15 days
        close
        plan state closed, captured 150.00, voided 850.00
    """,
    "the use lasts longer, and a claim made in time outlasts the authorization": """
        leeway extend_days_max 10
        consumer limit 5000.00
        buy 1000.00 deposit category cameras
        extend 11       refused impossible_terms
        extend 10
        plan extendable_days 0
        + 39 days
        claim 100.00 final false
        + 10 days
        close expired 0
        plan state assessing
        + 5 days
        close                       # takes what was claimed
        close expires_soon 1
        + 1 days
        close expired 1             # and what is left is released
        plan state closed, captured 100.00, voided 900.00
        account available 5000.00
    """,
    "too late to be claimed": """
        leeway extend_days_max 0
        consumer limit 5000.00
        buy 1000.00 deposit
        + 30 days
        + 1 seconds
        claim 100.00    refused state_forbids
        close expired 1
        plan state expired, voided 1000.00
        claim 100.00    refused state_forbids
        account available 5000.00
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(world: World, text: str) -> None:
    await tell(world, text)
