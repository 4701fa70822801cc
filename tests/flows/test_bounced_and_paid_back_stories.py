"""Stories of money that does not stay: payments that bounce or are taken back, cards, and what goes back to them."""

from typing import Final

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES: Final = {
    "bounced: the plan stands as if it had not come": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        pay 50.00
        plan paid 150.00, outstanding 250.00
        account used 250.00
        bounce 1
        plan paid 50.00, outstanding 350.00
        account used 350.00
        bounce 1                                    refused state_forbids
        charge_back 1 1.00                          refused state_forbids
        bounce 3                                    refused not_found
        pay 350.00
        plan state paid_off
        bounce 2
        plan state active, outstanding 50.00
        account available 950.00
    """,
    "bounced after weeks: nothing is asked for because the bank was slow, and what is late from now on is": """
        servicing late_fee 5.00, grace_days 3
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 400.00
        + 20 days
        close
        plan state paid_off
        bounce 1
        plan state active, outstanding 400.00, overdue 200.00
        + 1 days
        close
        plan outstanding 400.00
        + 11 days                                   # the third is 4 days late
        close
        plan outstanding 405.00
    """,
    "taken back in parts: it is owed again from that day on": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 150.00
        charge_back 1 100.00
        plan outstanding 350.00
        charge_back 1 50.01                         refused amount_exceeds_outstanding
        bounce 1                                    refused state_forbids
        charge_back 1 50.00
        plan outstanding 400.00
        account used 400.00
        charge_back 1 0.01                          refused amount_exceeds_outstanding
    """,
    "taken back, what was too much first": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 450.00
        plan state overpaid, overpaid 50.00
        charge_back 1 30.00
        plan state overpaid, overpaid 20.00
        charge_back 1 420.00
        plan state active, outstanding 400.00, overpaid 0.00
    """,
    "refunded, sent back, and taken back as well: whoever has it twice owes it": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 400.00
        refund 400.00
        return_overpaid 400.00
        plan state refunded
        charge_back 1 400.00
        plan state active, outstanding 400.00
        pay 400.00
        plan state refunded
    """,
    "bounced after it was given up: it is no recovery": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        + 10 days
        charge_off
        pay 100.00
        plan state charged_off, outstanding 300.00
        bounce 1
        plan state charged_off, outstanding 400.00
        pay 400.00
        plan state recovered
        charge_back 2 400.00
        plan state charged_off, outstanding 400.00
    """,
    "a card pays what falls due, by itself": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        close charged 1
        plan paid 100.00
        close charged 0
        + 14 days
        close charged 1
        + 14 days
        pay 100.00                                  # by hand, before the day is closed
        close charged 0
        + 14 days
        close charged 1
        plan state paid_off, overpaid 0.00
    """,
    "a card without money is tried at once, after 24 and 72 hours and 7 days, and then with the next instalment": """
        consumer limit 1000.00
        card insufficient
        buy 400.00 instalments
        capture 400.00
        close charged 1
        + 23 hours
        close charged 0
        + 1 hours
        close charged 1
        + 2 days
        close charged 1
        + 4 days
        close charged 1
        + 6 days
        close charged 0
        plan paid 0.00, overdue 100.00
        + 1 days
        close charged 1
        card ok
        close charged 1
        plan paid 200.00, overdue 0.00
    """,
    "an account that is closed is tried once, until another is named": """
        consumer limit 1000.00
        card closed
        buy 400.00 instalments
        capture 400.00
        close charged 1
        + 14 days
        close charged 0
        charge declined account_closed
        card ok
        close charged 1
        plan paid 200.00, outstanding 200.00
    """,
    "goods come back: to the card what came by it, the rest by hand": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 150.00 succeeded
        pay 250.00
        plan state paid_off
        refund 400.00
        plan state overpaid, overpaid 400.00
        close
        paid_back paid 150.00
        plan state overpaid, overpaid 250.00
        return_overpaid 250.01                      refused amount_exceeds_outstanding
        return_overpaid 250.00
        plan state refunded
        close
        paid_back paid 150.00
    """,
    "let go, and then the goods come back: what was paid of them goes back to the card": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 100.00 succeeded
        forgive
        plan state forgiven, outstanding 0.00
        close
        paid_back
        refund 400.00                               # 300.00 make up for what was let go
        plan state forgiven, overpaid 100.00
        close
        paid_back paid 100.00
        plan state forgiven, overpaid 0.00
    """,
    "given up, paid after all and refunded: the card gets back what came by it": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 100.00 succeeded
        charge_off
        pay 300.00
        plan state recovered
        refund 250.00
        plan state recovered, overpaid 250.00
        close
        paid_back paid 100.00
        plan overpaid 150.00
    """,
    "what the bank took back of a card does not go back to it": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 150.00 succeeded
        charge_back 1 100.00
        pay 350.00
        refund 400.00
        close
        paid_back paid 50.00
        plan overpaid 350.00
    """,
    "goods of a part come back: nothing goes back to the card while something is owed": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 100.00 succeeded
        refund 250.00
        plan state active, outstanding 50.00
        close charged 0
        paid_back
        + 42 days                                   # the last, of which a half is left
        close charged 1
        plan state paid_off, overpaid 0.00
    """,
    "nothing is pulled while it is disputed, and what was paid waits": """
        consumer limit 1000.00
        card ok
        buy 400.00 instalments
        capture 400.00
        charge 500.00 amount_exceeds_outstanding
        charge succeeded
        charge nothing_due
        dispute reason not_received
        charge 10.00 state_forbids
        + 14 days
        close charged 0
        accept_dispute
        plan state overpaid, overpaid 100.00
        close
        paid_back paid 100.00
        plan state refunded, overpaid 0.00
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(world: World, text: str) -> None:
    await tell(world, text)
