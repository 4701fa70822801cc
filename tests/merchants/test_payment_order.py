"""Payment orders: messages that agree with their XSD, with the sums of their payouts."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sepaxml.validation import try_valid_xml

from service.errors import Refused
from service.merchants.payment_order import SCHEMA, OrderedPayout, payment_order
from service.merchants.settlement_terms import BankAccount, ClearingMember, ClearingSystem, require_account

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


@pytest.mark.parametrize("currency", ["EUR", "CHF"])
@pytest.mark.parametrize(
    ("holder", "written"),
    [
        ("Müller & Söhne <GmbH>", "Mueller + Soehne GmbH"),
        ("Mu\u0308ller", "Mueller"),  # the same in two characters
        ("Straße_1 = 2|3", "Strasse-1 2 3"),
        ("Łódź Škoda, Ærø", "Lodz Skoda, AEro"),
        ("O'Neill (Dublin)", "O'Neill (Dublin)"),
        ("<>", "-"),
        ("ß" * 70, "ss" * 35),
    ],
)
def test_names_and_texts_are_in_characters_that_every_bank_takes(holder: str, written: str, currency: str) -> None:
    """EPC217-08: a-z A-Z 0-9 / - ? : ( ) . , ' + and the space; others are written in these, or left out."""
    (payout,) = payouts([1_00], [BankAccount(holder, "DE89370400440532013000")])
    message = ET.fromstring(
        payment_order(ORDER, BankAccount(holder, "DE89370400440532013000"), [payout], NOW, currency)
    )
    assert {one.text for one in message.iterfind(".//m:Nm", NS)} == {written}
    assert [one.text for one in message.iterfind(".//m:Ustrd", NS)] == ["Settlement se-" + "0" * 26]
    texts = [one.text or "" for one in message.iter() if one.tag.endswith("Id")]
    assert not [one for one in texts if "_" in one]


def test_a_payout_whose_day_has_passed_is_to_be_paid_today() -> None:
    account = BankAccount("Bahnhof Books", "DE89370400440532013000")
    content = payment_order(ORDER, account, payouts([1_00, 2_00, 3_00], [account] * 3), NOW)
    days = [one.text for one in ET.fromstring(content).iterfind(".//m:ReqdExctnDt/m:Dt", NS)]
    assert days == ["2026-03-04", "2026-03-05"]


US = BankAccount("Hudson Books", number="123456789", clearing=ClearingMember(ClearingSystem.USABA, "021000021"))
GB = BankAccount("Thames Books", number="31926819", clearing=ClearingMember(ClearingSystem.GBDSC, "601613"))
JP = BankAccount("本の店", number="1234567", clearing=ClearingMember(ClearingSystem.JPZGN, "0001001"))
VN = BankAccount("Sách Sài Gòn", number="0123456789", bic="BFTVVNVX")
CH = BankAccount("Bücher Zürich", "CH9300762011623852957")


@pytest.mark.parametrize(("currency", "account", "amount", "text", "bank", "number"), [
    ("USD", US, 1_234_56, "1234.56", "021000021", "123456789"),
    ("GBP", GB, 1, "0.01", "601613", "31926819"),
    ("JPY", JP, 12_345, "12345", "0001001", "1234567"),
    ("VND", VN, 1_500_000, "1500000", "BFTVVNVX", "0123456789"),
    ("CHF", CH, 10_00, "10.00", None, "CH9300762011623852957"),
])  # fmt: skip
def test_beyond_sepa_it_goes_by_the_clearing_of_the_country(
    currency: str, account: BankAccount, amount: int, text: str, bank: str | None, number: str
) -> None:
    require_account(account, "", currency)
    ordered = payouts([amount, 2 * amount], [account, account])
    content = payment_order(ORDER, account, ordered, NOW, currency)
    try_valid_xml(content, SCHEMA)
    message = ET.fromstring(content)
    told = list(message.iterfind(".//m:CdtTrfTxInf", NS))
    amounts = [one.find("m:Amt/m:InstdAmt", NS) for one in told]
    assert next((one.text, one.get("Ccy")) for one in amounts if one is not None) == (text, currency)
    sums = [Decimal(one.text or "") for one in message.iterfind(".//m:CtrlSum", NS)]
    assert sums == [3 * Decimal(text), 3 * Decimal(text)]  # of the message, and of its one group
    found = told[0].find("m:CdtrAgt/m:FinInstnId", NS)
    assert (None if found is None else found.findtext(".//m:MmbId", found.findtext("m:BICFI", None, NS), NS)) == bank
    assert [one.text for one in told[0].find("m:CdtrAcct", NS).iter() if one.text] == [number]  # type: ignore[union-attr]
    assert [one.text for one in told[0].iterfind("m:PmtId/m:EndToEndId", NS)] == [ordered[0].end_to_end_id]
    assert all((one.text or "").isascii() for one in message.iter())


@pytest.mark.parametrize(("account", "currency", "pointer"), [
    (US, "EUR", "/iban"),
    (BankAccount("A"), "USD", "/iban"),
    (BankAccount("A", number="1"), "USD", "/clearing"),
    (BankAccount("A", "CH9300762011623852957", number="1"), "CHF", "/number"),
    (replace(US, clearing=ClearingMember(ClearingSystem.USABA, "021000022")), "USD", "/clearing/member"),
    (replace(GB, clearing=ClearingMember(ClearingSystem.GBDSC, "60161")), "GBP", "/clearing/member"),
])  # fmt: skip
def test_an_account_that_cannot_be_is_refused(account: BankAccount, currency: str, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        require_account(account, "", currency)
    assert refused.value.pointer == pointer
