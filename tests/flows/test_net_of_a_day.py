"""What a day comes to between us and a partner, net: figures of large plans, reckoned by hand, through the API.

it owes      70 % of 126,000.00 that were lent                                          88,200.00
it is due    70 % of 48,210.35 of principal, 3,120.44 of interest, 5,400.00 of refunds
             33,747.25 + 2,184.31 + 3,780.00                                            39,711.56
for us       1 % of what it gets of payments, 35,931.56                                    359.32
it pays      88,200.00 - 39,711.56 + 359.32                                             48,847.76
"""

from decimal import Decimal

from service.terms.terms import Terms, Unit
from tests.flows.published import policy_of, publish
from tests.flows.test_bank_statements import hand_in, opened
from tests.flows.test_partners_that_left import agree
from tests.flows.test_reconciling import compare
from tests.flows.test_worked_day_over_http import (
    BEFORE,
    BOUGHT,
    DAY,
    PLAIN,
    POS,
    TXN,
    act,
    captured,
    it_is,
    our_rows,
    sent,
)
from tests.flows.world import World
from tests.partners.contracts import participant
from tests.reconciling.messages import entry, message

EIGHT = Terms(instalments=8, every=1, unit=Unit.MONTH, rate_percent=Decimal(9))
LENT = 416_058_67  # a month of it at 9 % is 3,120.44


async def test_a_partner_pays_the_net_of_its_day(world: World) -> None:
    rows = {"eight": (EIGHT, LENT), "large": (PLAIN, 126_000_00), "plain": (PLAIN, 6_000_00)}
    await publish(world, policy_of(rows))
    it_is(world, BOUGHT)
    assert (await opened(world)).status_code == 201
    await agree(world, participant(7_000, world.demo.partner_id, interest_bps=7_000, servicing_bps=100))
    paid, returned = await captured(world, "eight", LENT), await captured(world, "plain", 6_000_00)
    it_is(world, BEFORE)
    await our_rows(world, BEFORE)
    it_is(world, DAY)
    await captured(world, "large", 126_000_00)
    await act(world, paid, "payments", amount=48_210_35 + 3_120_44)
    await act(world, returned, "refunds", amount=5_400_00)

    ours = await our_rows(world, DAY)
    legs = {row["leg"]: Decimal(row["amount"]) for row in ours["STL"]}
    assert legs == {
        "funding": Decimal("-88200.00"), "refund": Decimal("3780.00"),
        "repayment": Decimal("33747.25") + Decimal("2184.31"), "fee": Decimal("-359.32"),
    }  # fmt: skip
    assert sum(legs.values()) == Decimal("-48847.76")
    (repayment,) = [row for row in ours["TXN"] if row["type"] == "repayment"]
    assert (repayment["principal"], repayment["interest"], repayment["fee"]) == ("33747.25", "2184.31", "0.00")
    assert (await world.partner.get("/v1/partner/payouts")).json()["payouts"] == []  # it is the partner that pays

    await sent(world, "TXN", ours["TXN"], TXN, DAY)
    await sent(world, "POS", ours["POS"], POS, DAY)
    (name,) = {row["end_to_end_id"] for row in ours["STL"]}
    assert (await hand_in(world, message([entry("48847.76", name)], "0.00", "48847.76"))).status_code == 201
    day = (await compare(world, DAY.isoformat())).json()
    assert (day["verdict"], day["settlements_paid"], day["bridges"][0]["ours"]) == ("reconciled", 1, -48_847_76)
