"""Lives that do not go as agreed: late, in hardship, given up, called due, let go, disputed, paid too much.

`story.py` says how a story is told. 400.00 in four parts fall due on 2, 16 and 30 March and 13 April.
"""

import pytest

from tests.flows.story import cases, tell
from tests.flows.world import World

STORIES = {
    "paid late: a fee once, after its days of grace, and paid off all the same": """
        servicing late_fee 5.00, grace_days 7
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        + 21 days       # 23 March: seven days after the second fell due
        close
        plan outstanding 300.00, overdue 100.00, days_past_due 7
        + 1 days
        close
        plan outstanding 305.00, overdue 100.00
        + 3 days
        close
        plan outstanding 305.00
        account used 300.00
        pay 305.00
        plan state paid_off, paid 405.00
        account available 1000.00
        ledger merchant_payable -384.10, merchant_fee_income -15.90, processor_clearing 405.00, penalty_income -5.00,
            partner_receivable 280.00, partner_payable -280.00
    """,
    "given up, and paid after all": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        + 60 days
        charge_off
        plan state charged_off, collection_state given_up, outstanding 300.00
        charge_off      refused state_forbids
        capture 1.00    refused state_forbids
        account used 300.00
        pay 100.00
        plan state charged_off, outstanding 200.00
        pay 200.00
        plan state recovered, outstanding 0.00
        account available 1000.00
    """,
    "given up by itself, so many days after it fell due": """
        servicing charge_off_days 90
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        + 89 days
        close
        plan state active, days_past_due 89
        + 1 days
        close
        plan state charged_off
    """,
    "given up by itself, and then it is told that it was paid in time": """
        servicing charge_off_days 90
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        + 95 days
        close
        plan state charged_off
        pay 99.99 received_on 2026-03-02
        plan state charged_off, outstanding 300.01
        pay 0.01 received_on 2026-03-02
        plan state active, collection_state collecting, outstanding 300.00   # the second of 16 March is 81 days late
        account used 300.00
        close
        + 9 days
        close
        plan state charged_off
        pay 300.00 received_on 2026-03-16
        plan state paid_off
        close
        account available 1000.00
        ledger merchant_payable -384.10, merchant_fee_income -15.90, processor_clearing 400.00,
            partner_receivable 280.00, partner_payable -280.00
    """,
    "given up as of a later day, and owing a fee less": """
        servicing charge_off_days 90, late_fee 5.00
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        + 110 days
        close
        plan state charged_off, outstanding 420.00
        pay 100.00 received_on 2026-03-02
        plan state charged_off, outstanding 315.00   # since 14 June, for that of 16 March
        pay 100.00 received_on 2026-03-16
        plan state active, outstanding 210.00
        close
        + 20 days
        close
        plan state charged_off, outstanding 210.00
        pay 210.00
        plan state recovered, overpaid 0.00
    """,
    "paid, long paid off, and all of it comes back from the bank": """
        servicing charge_off_days 90
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 400.00
        + 120 days
        close
        plan state paid_off
        bounce 1
        plan state charged_off, outstanding 400.00, days_past_due 120
    """,
    "called due: all of it on one day, which ends the schedule": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        accelerate due_on 2026-04-01, why late   refused state_forbids
        + 20 days
        accelerate due_on 2026-04-01, why late
        schedule 0.00 100.00 100.00 100.00
        accelerate due_on 2026-04-01, why late   refused state_forbids
        re_age on 2026-03-22, first_due_on 2026-05-01, instalments 3   refused state_forbids
        pay 300.00
        plan state paid_off
    """,
    "in hardship nothing hurts, and then it is spread anew": """
        servicing late_fee 5.00, grace_days 7
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        pause why hardship
        plan state active, collection_state paused
        + 40 days
        close
        plan outstanding 300.00, days_past_due 0
        charge_off                               refused state_forbids
        accelerate due_on 2026-05-01, why fraud  refused state_forbids
        fee 5.00 is_penalty true                 refused state_forbids
        pay 30.00
        re_age on 2026-04-11, first_due_on 2026-05-11, instalments 3
        resume why hardship
        plan state active, collection_state collecting, overdue 0.00, outstanding 270.00
        pay 270.00
        plan state paid_off
        account available 1000.00
    """,
    "the consumer has died: it is no word against them, and what is owed is let go": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pause why death
        + 30 days
        close
        charge_off                refused state_forbids
        charge_off cause deceased
        plan state charged_off, outstanding 400.00
        forgive
        plan state forgiven, outstanding 0.00
        account available 1000.00
    """,
    "let go, and money that comes all the same goes back": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        forgive
        plan state forgiven, outstanding 0.00, overpaid 0.00
        forgive                   refused state_forbids
        pay 20.00
        plan state forgiven, overpaid 20.00
        return_overpaid 20.01     refused amount_exceeds_outstanding
        return_overpaid 20.00
        plan overpaid 0.00
    """,
    "due dates are put off, as often as the product says": """
        servicing postpone_days_max 14, postpone_times_max 1
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        postpone due_on 2026-03-16, to 2026-03-31   refused impossible_terms
        postpone due_on 2026-03-16, to 2026-03-30
        plan overdue 0.00, outstanding 300.00
        postpone due_on 2026-03-30, to 2026-04-01   refused state_forbids
        + 20 days
        close
        plan overdue 0.00, days_past_due 0
        pay 300.00
        plan state paid_off
    """,
    "settled early: what is owed, in one sum": """
        consumer limit 1000.00
        buy 400.00 instalments
        quote           refused state_forbids
        capture 400.00
        pay 100.00
        quote
        pay 300.00
        plan state paid_off
        quote           refused state_forbids
    """,
    "disputed, answered and won: it is collected again": """
        consumer limit 1000.00
        buy 400.00 instalments
        dispute reason not_received                 refused state_forbids
        capture 400.00
        dispute reason not_received, amount 400.01  refused amount_exceeds_outstanding
        dispute reason not_received
        plan dispute_state needs_response, collection_state paused
        dispute reason duplicate                    refused state_forbids
        answer evidence signed-for
        plan dispute_state under_review
        answer evidence again                       refused state_forbids
        decide outcome won
        plan dispute_state won, collection_state collecting, refunded 0.00, outstanding 400.00
        decide outcome lost                         refused state_forbids
    """,
    "disputed in part, a second round, and lost": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        pay 100.00
        dispute reason not_as_described, amount 150.00
        answer evidence a-photograph
        ask_again
        plan dispute_state needs_response
        answer evidence another-photograph
        ask_again                                   refused state_forbids
        decide outcome lost
        plan dispute_state lost, refunded 150.00, outstanding 150.00
        pay 150.00
        plan state paid_off
    """,
    "disputed, and the merchant gives in": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        dispute reason not_received
        accept_dispute
        plan state refunded, dispute_state accepted, outstanding 0.00
        account available 1000.00
    """,
    "disputed in part, refunded at once, and lost: it comes back once": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        refund 50.00
        dispute reason not_received, amount 200.00
        refund 150.00
        answer evidence photo
        decide outcome lost
        plan refunded 250.00, outstanding 150.00
    """,
    "disputed, and nobody answers: lost by time": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 400.00
        dispute reason not_received
        + 21 days
        close
        plan dispute_state needs_response
        + 1 days
        close
        plan state refunded, dispute_state lost
    """,
    "paid too much: it waits for the next capture, or goes back": """
        consumer limit 1000.00
        buy 400.00 instalments
        capture 100.00
        pay 150.00
        plan state part_captured, overpaid 50.00
        capture 100.00
        plan overpaid 0.00, outstanding 50.00
        void
        pay 70.00
        plan state overpaid, overpaid 20.00
        return_overpaid 20.00
        plan state paid_off, overpaid 0.00
        account available 1000.00
    """,
}


@pytest.mark.parametrize("text", cases(STORIES))
async def test_story(world: World, text: str) -> None:
    await tell(world, text)
