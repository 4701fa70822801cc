"""Payment orders: messages that agree with their XSD, with the sums of their payouts."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from sepaxml.validation import try_valid_xml

from service.merchants.payment_order import SCHEMA, OrderedPayout, payment_order
from service.merchants.settlement_terms import BankAccount

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = NOW.date()
ORDER = "or_01JD8Q4Z7K0000000000000000"
NS = {"m": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}
HOLDERS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=70).map(
    lambda text: f"A{text}"[:70]
)
ACCOUNTS = st.builds(
    BankAccount, HOLDERS, st.sampled_from(["DE89370400440532013000", "FR1420041010050500013M02606"]),
    st.sampled_from([None, "COBADEFFXXX"]),
)  # fmt: skip


def payouts(amounts: list[int], accounts: list[BankAccount]) -> list[OrderedPayout]:
    return [
        OrderedPayout(
            f"{number:026}-1", f"Settlement se_{number:026}", amount, TODAY + timedelta(days=number - 1), account
        )
        for number, (amount, account) in enumerate(zip(amounts, accounts, strict=False))
    ]


@given(st.lists(st.integers(1, 10**11), min_size=1, max_size=4), st.lists(ACCOUNTS, min_size=4, max_size=4), ACCOUNTS)
@settings(max_examples=15, deadline=None)
def test_it_agrees_with_its_xsd_and_sums_up(
    amounts: list[int], accounts: list[BankAccount], payer: BankAccount
) -> None:
    ordered = payouts(amounts, accounts)
    content = payment_order(ORDER, payer, ordered, NOW)
    try_valid_xml(content, SCHEMA)
    assert payment_order(ORDER, payer, ordered, NOW) == content
    message = ET.fromstring(content)
    header = message.find(".//m:GrpHdr", NS)
    assert header is not None
    assert header.findtext("m:CtrlSum", None, NS) == f"{Decimal(sum(amounts)) / 100:.2f}"
    assert header.findtext("m:NbOfTxs", None, NS) == str(len(amounts))
    ids = [one.text or "" for one in message.iterfind(".//m:EndToEndId", NS)]
    assert sorted(ids) == [one.end_to_end_id for one in ordered]
    assert all(len(one) <= 35 for one in ids)


def test_a_payout_whose_day_has_passed_is_to_be_paid_today() -> None:
    account = BankAccount("Bahnhof Books", "DE89370400440532013000")
    content = payment_order(ORDER, account, payouts([1_00, 2_00, 3_00], [account] * 3), NOW)
    days = [one.text for one in ET.fromstring(content).iterfind(".//m:ReqdExctnDt/m:Dt", NS)]
    assert days == ["2026-03-04", "2026-03-05"]
