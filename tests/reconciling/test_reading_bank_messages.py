"""What a bank sends: read as it is meant, or refused with a code; never guessed."""

import xml.etree.ElementTree as ET
from contextlib import suppress
from copy import deepcopy
from datetime import date

import pytest

from service.errors import Code, Refused
from service.reconciling.camt import read_message
from service.reconciling.statement import Balance, Entry, StatementKind, require_currency, require_sums
from tests.reconciling.messages import IBAN, OTHER_IBAN, balance, batch, entry, message

NAME = "01JD8Q4Z7K7M8W3N5V2C9XTB00N20260302"


@pytest.mark.parametrize("version", ["02", "08", "10", "12"])
def test_every_version_is_read_alike(version: str) -> None:
    entries = [entry("2917.70", NAME), entry("-17.70", "NOTPROVIDED", "R2", text=f"for {NAME}, thanks")]
    read = read_message(message(entries, "10.00", "2910.00", version=version, sequence=7))
    (one,) = read.statements
    assert (read.kind, read.message_id, one.statement_id, one.sequence) == (StatementKind.STATEMENT, "M1", "S-M1", 7)
    assert (one.iban, one.opening, one.closing) == (IBAN, Balance("EUR", 10_00), Balance("EUR", 2_910_00))
    day = date(2026, 3, 2)
    assert one.entries == (
        Entry("R1#1", "EUR", 2_917_70, day, day, False, (NAME,), None),
        Entry("R2#1", "EUR", -17_70, day, day, False, (NAME,), None),
    )
    require_sums(read)
    require_currency(read, {IBAN: "EUR"})


def test_a_notification_has_no_balances() -> None:
    read = read_message(message([entry("1.00")], kind="054"))
    assert (read.kind, read.statements[0].opening) == (StatementKind.NOTIFICATION, None)
    require_sums(read)


@pytest.mark.parametrize("version", ["04", "06", "08"])
def test_a_batch_is_opened(version: str) -> None:
    entries = [batch("70.00", [("A", "100.00"), ("B", "-30.00")])]
    read = read_message(message(entries, "0.00", "70.00", version=version))
    told = [(one.reference, one.amount, one.references) for one in read.statements[0].entries]
    assert told == [("R1#1", 100_00, ("A",)), ("R1#2", -30_00, ("B",))]


def test_what_is_not_booked_yet_is_left_out() -> None:
    assert read_message(message([entry("5.00", status="PDNG")])).statements[0].entries == ()


WHOLE = message([entry("10.00", "A")], "0.00", "10.00").decode()
STATEMENT = WHOLE[WHOLE.index("<Stmt>") : WHOLE.index("</Stmt>") + len("</Stmt>")]


def taken(content: bytes) -> None:
    """A message, as far as it is taken without a database."""
    read = read_message(content)
    require_currency(read, {IBAN: "EUR"})
    require_sums(read)


@pytest.mark.parametrize(("old", "new", "code", "says"), [
    ("<Ntry>", balance("CLBD", "12.00") + "<Ntry>", Code.INVALID_FILE, "several balances CLBD: 1000, 1200"),
    ("<Ntry>", balance("PRCD", "5.00") + "<Ntry>", Code.INVALID_FILE, "several balances OPBD or PRCD: 0, 500"),
    ("CLBD", "CLAV", Code.WRONG_SUM, "lacks its closing balance (CLBD)"),
    ("OPBD", "ITBD", Code.WRONG_SUM, "lacks its opening balance"),
    ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Prtry>BOOKED</Prtry></Sts>", Code.INVALID_FILE, "status of the bank"),
    (f"<IBAN>{IBAN}</IBAN>", "", Code.INVALID_FILE, "names no account"),
    (f"<IBAN>{IBAN}</IBAN>", "<Othr><Id>4711</Id></Othr>", Code.FOREIGN_ACCOUNT, "none of ours"),
    ("</Id></Acct>", "</Id><Ccy>USD</Ccy></Acct>", Code.CURRENCY_MISMATCH, "has USD"),
    (STATEMENT, STATEMENT + STATEMENT, Code.INVALID_FILE, "is there twice"),
    (STATEMENT, STATEMENT + STATEMENT.replace(IBAN, OTHER_IBAN), Code.FOREIGN_ACCOUNT, OTHER_IBAN[-4:]),
    ("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd></CdtDbtInd><Sts>", Code.INVALID_FILE, "neither a credit"),
    ("10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>", "1" + "0" * 30 + "</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
     Code.INVALID_FILE, "is no amount"),
    (">10.00<", ">10,00<", Code.INVALID_FILE, "10,00"),
    ("2026-03-02</Dt></BookgDt>", "02.03.2026</Dt></BookgDt>", Code.INVALID_FILE, "02.03.2026"),
    ("2026-03-02</Dt></BookgDt>", "12026-03-02</Dt></BookgDt>", Code.INVALID_FILE, "is no day"),
    (">10.00<", ">1_0.00<", Code.INVALID_FILE, "1_0.00"),
    (">10.00<", ">1E1<", Code.INVALID_FILE, "1E1"),
    (">10.00<", ">\uff11\uff10.00<", Code.INVALID_FILE, "is no amount"),
    (">10.00<", ">1 000.00<", Code.INVALID_FILE, "1 000.00"),
    ("2026-03-02</Dt></BookgDt>", "\uff12026-03-02</Dt></BookgDt>", Code.INVALID_FILE, "is no day"),
    ("<Dt>2026-03-02</Dt></BookgDt>", "<Dt>2026-03-02</Dt><DtTm>2026-03-03T10:00:00</DtTm></BookgDt>",
     Code.INVALID_FILE, "told twice"),
    (STATEMENT, "", Code.INVALID_FILE, "tells of no account"),
    ("<MsgId>M1<", f"<MsgId>{'M' * 36}<", Code.INVALID_FILE, "MsgId"),
    ("<Id>S-M1<", f"<Id>{'S' * 36}<", Code.INVALID_FILE, "Id"),
    (">R1<", f">{'R' * 36}<", Code.INVALID_FILE, "AcctSvcrRef"),
    ("<EndToEndId>A<", f"<EndToEndId>{'A' * 36}<", Code.INVALID_FILE, "EndToEndId"),
    ("</Id><CreDtTm>", f"</Id><ElctrncSeqNb>{'9' * 20}</ElctrncSeqNb><CreDtTm>", Code.INVALID_FILE, "no number"),
    ("camt.053.001.08", "camt.052.001.08", Code.INVALID_FILE, "neither a camt.053"),
    ("camt.053.001.08", "camt.053.001.13", Code.INVALID_FILE, "version 2 to 12"),
])  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused_by_name(old: str, new: str, code: Code, says: str) -> None:
    assert old in WHOLE
    with pytest.raises(Refused) as refused:
        taken(WHOLE.replace(old, new).encode())
    assert (refused.value.code, says in refused.value.detail) == (code, True), refused.value.detail


def test_what_is_available_is_no_closing_balance() -> None:
    (one,) = read_message(WHOLE.replace("<Ntry>", balance("CLAV", "99.00") + "<Ntry>").encode()).statements
    assert one.closing == Balance("EUR", 10_00)


def test_balances_that_are_told_twice_alike_are_one() -> None:
    (one,) = read_message(WHOLE.replace("<Ntry>", balance("PRCD", "0.00") + "<Ntry>").encode()).statements
    assert one.opening == Balance("EUR", 0)


@pytest.mark.parametrize("reference", ["NONREF", "NOTPROVIDED"])
def test_what_a_bank_writes_for_no_reference_is_none(reference: str) -> None:
    (one,) = read_message(message([entry("10.00", "A", reference)])).statements
    assert [(told.reference, told.is_unnamed) for told in one.entries] == [("A|1000|2026-03-02#1", True)]


def test_a_batch_of_very_many_without_a_reference_has_a_name_that_can_be_looked_up() -> None:
    """Thousands of payments without amounts, in one entry: what they say is longer than an index takes."""
    names = [f"{number:035}" for number in range(5_000)]
    told = "".join(f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs></TxDtls>" for name in names)
    whole = entry("10.00", "A", "NONREF").replace("<NtryDtls>", f"<NtryDtls>{told}")
    content = message([whole], "0.00", "10.00")
    (one,) = read_message(content).statements[0].entries
    assert len(one.reference) < 100
    assert read_message(content).statements[0].entries == (one,)
    assert set(one.references) == {*names, "A"}


def test_payments_in_another_currency_do_not_open_a_batch() -> None:
    """3.00 in dollars are not 3.00 in euros: the entry stays whole, with the names of both."""
    told = batch("3.00", [("A", "1.00"), ("B", "2.00")])
    dollars = told.replace('"EUR">1.00', '"USD">1.00').replace('"EUR">2.00', '"USD">2.00')
    (one,) = read_message(message([dollars], "0.00", "3.00")).statements
    assert [(told.amount, told.references) for told in one.entries] == [(3_00, ("A", "B"))]


@pytest.mark.parametrize("kind", ["053", "054"])
@pytest.mark.parametrize("version", ["08", "12"])
def test_without_any_of_its_elements_a_message_is_read_or_refused(kind: str, version: str) -> None:
    """Each element is left out, emptied, and given a text that it does not have."""
    returned = entry("5.00", "C", "R3").replace("</Refs>", "</Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    entries = [entry("10.00", "A", text="x"), batch("3.00", [("A", "1.00"), ("B", "2.00")], "R2"), returned]
    root = ET.fromstring(message(entries, "0.00", "18.00", sequence=3, kind=kind, version=version))
    for place in range(1, len(list(root.iter()))):
        for change in (_leave_out, _empty, _another_text):
            changed = deepcopy(root)
            change(changed, list(changed.iter())[place])
            with suppress(Refused):
                require_sums(read_message(ET.tostring(changed)))


def _leave_out(root: ET.Element, one: ET.Element) -> None:
    next(parent for parent in root.iter() if one in list(parent)).remove(one)


def _empty(_: ET.Element, one: ET.Element) -> None:
    one.clear()


def _another_text(_: ET.Element, one: ET.Element) -> None:
    one.text = "x9"


BOMB = b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
GOOD = message([entry("1.00")], "0.00", "1.00")


@pytest.mark.parametrize(("content", "code"), [
    (b"", Code.INVALID_FILE),
    (b"\x00\xff", Code.INVALID_FILE),
    (b"plan_id,currency\n", Code.INVALID_FILE),
    (GOOD[:-20], Code.INVALID_FILE),
    (GOOD.replace(b"?>", b"?>" + BOMB), Code.INVALID_FILE),
    (b"<a>" * 100_000, Code.INVALID_FILE),
    (GOOD.replace(b'encoding="UTF-8"', b'encoding="x-none"'), Code.INVALID_FILE),
    (GOOD.replace(b"camt.053.001.08", b"pain.001.001.09"), Code.INVALID_FILE),
    (GOOD.replace(b"camt.053.001.08", b"camt.053.001.99"), Code.INVALID_FILE),
    (GOOD.replace(b"camt.053.001.08", b"camt.054.001.08"), Code.INVALID_FILE),
    (GOOD.replace(b"<MsgId>M1</MsgId>", b""), Code.INVALID_FILE),
    (GOOD.replace(b"<Bal>", b"<Bogus/><Bal>", 1), Code.INVALID_FILE),
    (GOOD.replace(b">1.00<", b">1.001<"), Code.INVALID_FILE),
    (GOOD.replace(b">1.00<", b">1,00<"), Code.INVALID_FILE),
    (GOOD.replace(b">1.00<", b">-1.00<"), Code.INVALID_FILE),
    (GOOD.replace(b">1.00<", b">NaN<"), Code.INVALID_FILE),
    (GOOD.replace(b"2026-03-02", b"2026-02-30"), Code.INVALID_FILE),
    (GOOD.replace(b"CRDT", b"CREDIT"), Code.INVALID_FILE),
    (GOOD.replace(b"EUR", b"XXX"), Code.INVALID_FILE),
    (message([entry("1.00")], "0.00", "2.00"), Code.WRONG_SUM),
    (message([], "0.00", "0.00").replace(b"CLBD", b"CLAV"), Code.WRONG_SUM),
    (message([batch("70.00", [("A", "50.00"), ("B", "10.00")])], "0.00", "70.00"), Code.WRONG_SUM),
    (message([entry("1.00")], "0.00", "1.00", iban=OTHER_IBAN), Code.FOREIGN_ACCOUNT),
    (message([entry("1.00", currency="USD")], "0.00", "1.00"), Code.CURRENCY_MISMATCH),
])  # fmt: skip
def test_what_is_wrong_is_refused(content: bytes, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        take(content)
    assert refused.value.code == code


def take(content: bytes) -> None:
    read = read_message(content)
    require_currency(read, {IBAN: "EUR"})
    require_sums(read)
