"""What a bank sends: read as it is meant, or refused with a code; never guessed."""

from datetime import date

import pytest

from service.errors import Code, Refused
from service.reconciling.camt import read_message
from service.reconciling.statement import Balance, Entry, StatementKind, require_currency, require_sums
from tests.reconciling.messages import IBAN, OTHER_IBAN, batch, entry, message

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
