"""What becomes of a purchase after its capture, with the exits of each. `story.py` says how a story is told."""

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES = {
    "withdrawn from the credit, and paid back": """
        consumer limit 2000.00
        buy 1200.00 instalments instalments 12 category business
        plan withdrawable_until 2026-03-16
        capture 1200.00
        plan outstanding 1238.70
        + 10 days
        withdraw
        plan state active, outstanding 1201.90
        schedule 1201.90
        withdraw        refused state_forbids
        capture 0.01    refused state_forbids
        + 30 days
        plan overdue 0.00
        pay 1201.90
        plan state paid_off
        account used 0.00, available 2000.00
    """,
    "withdrawn from before anything was captured": """
        consumer limit 1000.00
        buy 600.00 instalments
        withdraw
        plan state voided, outstanding 0.00
        account reserved 0.00, available 1000.00
        ledger
        capture 0.01    refused state_forbids
        withdraw        refused state_forbids
    """,
    "what was paid before the withdrawal counts towards it": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 200.00
        pay 50.00
        withdraw
        plan state active, voided 400.00, outstanding 150.00
        account reserved 0.00, used 150.00
        refund 200.00
        plan outstanding 0.00, overpaid 50.00, state overpaid
    """,
    "too late to withdraw": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 600.00
        + 15 days
        withdraw        refused state_forbids
        plan withdrawable_until 2026-03-16
    """,
    "the merchant keeps something for the way back": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 600.00 final true
        refund 200.00 return_fee 4.95
        plan refunded 195.05, outstanding 404.95
        refund 100.00 return_fee 100.00    refused invalid_field
        refund 404.96                      refused amount_exceeds_outstanding
        refund 404.95
        plan state refunded, outstanding 0.00
        account used 0.00
    """,
    "two equal refunds are two": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 600.00 final true
        refund 100.00
        refund 100.00
        plan refunded 200.00, outstanding 400.00
    """,
    "goods on their way back: nothing is collected until they are there": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 600.00 final true
        return
        plan collection_state paused
        return         refused state_forbids
        + 20 days
        plan days_past_due 0
        refund 150.00
        plan collection_state collecting, outstanding 450.00
        keep           refused state_forbids
    """,
    "they stay with the consumer after all": """
        consumer limit 1000.00
        buy 600.00 instalments
        capture 600.00 final true
        return
        + 3 days
        keep
        plan collection_state collecting, outstanding 600.00
    """,
    "a deposit is no credit to withdraw from": """
        consumer limit 1000.00
        buy 300.00 deposit
        withdraw        refused state_forbids
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(text: str, world: World) -> None:
    await tell(world, text)
