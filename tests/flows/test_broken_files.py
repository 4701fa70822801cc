"""Files that are broken in ways of our own invention, over HTTP: taken as they are meant, or refused by name; never
guessed, and never a fault of ours."""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import httpx

from tests.flows.test_bank_statements import PATH, hand_in, opened
from tests.flows.test_sending_files import RECEIVED, ours, send
from tests.flows.world import NOON, World
from tests.reconciling.messages import IBAN, entry, message

Change = Callable[[bytes], bytes]


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("TXN.csv", content)
    return file.getvalue()


def swapped(old: str, new: str, times: int = -1) -> Change:
    def change(content: bytes) -> bytes:
        text = content.decode()
        assert old in text
        return text.replace(old, new, times).encode()

    return change


def semicolons(content: bytes) -> bytes:
    return content.replace(b",", b";")


def doubled(name: str) -> Change:
    """A column that is there twice, with its values."""

    def change(content: bytes) -> bytes:
        rows = [line.split(",") for line in content.decode().splitlines()]
        place = rows[0].index(name)
        return "".join(",".join([*row, row[place]]) + "\r\n" for row in rows).encode()

    return change


CHANGES: list[tuple[Change, str | None]] = [
    (gzip.compress, "wrong_encoding"),
    (lambda content: gzip.compress(content)[:-9], "wrong_encoding"),
    (zipped, "wrong_encoding"),
    (lambda content: b"\xef\xbb\xbf" + content, None),
    (lambda content: b"\xef\xbb\xbf" * 2 + content, "wrong_columns"),
    (lambda content: content.decode().encode("utf-16-be"), "wrong_encoding"),
    (lambda content: content.decode().encode("cp500"), "wrong_encoding"),
    (swapped("2026-03-02,2026-03-02", "2026-03-02,2026-03-02\x1a"), "invalid_file"),
    (semicolons, None),
    (lambda content: semicolons(content).replace(b"-420.00", b"-420,00"), "invalid_file"),
    (lambda content: semicolons(content).replace(b".", b","), None),
    (swapped(",", ":"), "wrong_columns"),
    (swapped(",", "\t"), None),
    (doubled("fee"), "wrong_columns"),
    (doubled("plan_id"), "wrong_columns"),
    (swapped(",0.00", ",-0.00", 1), None),
    (swapped("-420.00", "-0.00", 1), None),  # a debit of nothing is a credit of nothing
    (swapped("-420.00", '"-4,200.00"', 1), "invalid_file"),
    (swapped("-420.00", "-4 200.00", 1), "invalid_file"),
    (swapped("-420.00", "-4.200.00", 1), "invalid_file"),
    (swapped("-420.00", "-420.000", 1), "invalid_file"),
    (swapped("-420.00", "-\u0664\u0662\u0660.00", 1), "invalid_file"),
    (swapped("-420.00", "--420.00", 1), "invalid_file"),
    (swapped("-420.00", "-4_20.00", 1), "invalid_file"),
    (swapped("-420.00", "=-420", 1), "invalid_file"),
    (swapped("-420.00", "", 1), "invalid_file"),
    (swapped("2026-03-02", "02.03.2026", 1), "invalid_file"),
    (swapped("2026-03-02", "03/02/2026", 1), "invalid_file"),
    (swapped("2026-03-02", "2026-02-30", 1), "invalid_file"),
    (swapped("EUR", "eur"), "invalid_file"),
    (swapped("EUR", "EUR "), None),
    (swapped("EUR", "USD"), None),  # it is loaded, and every row is a break
    (swapped("EUR", "XXX"), "invalid_file"),
    (swapped("\r\n", "\n\r"), None),  # lines without anything between them
    (swapped("\r\n", "\v"), "wrong_columns"),
    (lambda content: content.split(b"\r\n")[0] + b"\r\n", "cut_short"),
    (lambda content: content[:-1], None),  # the last line ends as the others of an old machine do
    (lambda content: content[:-2], "cut_short"),
    (lambda content: content + b"2,-350.00\r\n", "cut_short"),  # a line of sums
]  # fmt: skip


async def test_a_partners_file_is_taken_as_it_is_meant_or_refused_by_name(world: World) -> None:
    whole = await ours(world)
    for number, (change, code) in enumerate(CHANGES):
        world.partner.now = NOON + timedelta(minutes=number)  # what came last is listed last
        content, loaded = change(whole), await rows_of(world)
        tried, sent = await send(world, content, dry_run="true"), await send(world, content)
        listed = (await world.partner.get(RECEIVED, limit=100)).json()["files"][-1]
        if code is None:
            assert (tried.status_code, sent.status_code) == (200, 201), (number, sent.text)
            assert (listed["state"], listed["rows"]) == ("loaded", 2), number
            assert await rows_of(world) == loaded + 2
        else:
            assert (tried.status_code, tried.json().get("code")) == (422, code), (number, tried.text)
            assert (sent.status_code, sent.json()["code"]) == (422, code), (number, sent.text)
            assert (listed["state"], listed["fault"], listed["rows"]) == ("refused", code, 0), number
            assert await rows_of(world) == loaded


async def rows_of(world: World) -> int:
    return int(await world.pool.fetchval("select count(*) from partner_their_events"))


SENT_AS: list[tuple[dict[str, str], dict[str, Any], int]] = [
    ({"Content-Type": "text/csv; charset=utf-16"}, {}, 415),
    ({"Content-Type": "application/gzip"}, {}, 415),
    ({"Content-Encoding": "gzip"}, {}, 415),
    ({}, {"business_on": "02.03.2026"}, 400),
    ({}, {"business_on": "2026-02-30"}, 400),
    ({}, {"of_type": "txn"}, 400),
    ({}, {"rows": "-1"}, 400),
    ({}, {"rows": "1e3"}, 400),
    ({}, {"total": "1,000.00"}, 400),
    ({}, {"total": "\u0663"}, 400),
    ({}, {"sha256": "A" * 64}, 400),
    ({}, {"signature": "00"}, 400),
    ({}, {"number": "0"}, 400),
]  # fmt: skip


async def test_what_a_file_is_sent_as_is_read_strictly(world: World) -> None:
    for headers, query, status in SENT_AS:
        refused = await send(world, b"plan_id\r\n", headers, **query)
        assert refused.status_code == status, refused.text
        assert status == 415 or refused.json()["pointer"] == f"/{next(iter(query))}"


WHOLE = message([entry("10.00", "A")], "0.00", "10.00").decode()


MESSAGES: list[tuple[str, str, str]] = [
    (">10.00<", ">1_0.00<", "invalid_file"),
    (">10.00<", ">10,00<", "invalid_file"),
    (">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>", ">-0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>", "wrong_sum"),
    ('Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>', 'Ccy="USD">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>',
     "currency_mismatch"),
    ("camt.053.001.08", "camt.053.001.13", "invalid_file"),
    ("camt.053.001.08", "camt.053.001.01", "invalid_file"),
    ("urn:iso:std:iso:20022:tech:xsd:", "http://example.org/", "invalid_file"),
    (">R1<", f">{'R' * 9_000}<", "invalid_file"),
    ("<MsgId>M1<", f"<MsgId>{'M' * 9_000}<", "invalid_file"),
    ("<Id>S-M1<", f"<Id>{'S' * 9_000}<", "invalid_file"),
    (f"<IBAN>{IBAN}<", "<IBAN>DE00<", "foreign_account"),
    ("2026-03-02</Dt></BookgDt>", "02.03.2026</Dt></BookgDt>", "invalid_file"),
    ("2026-03-02</Dt></BookgDt>", "2062-03-02</Dt></BookgDt>", "invalid_file"),
    ("</Document>", "</Document>x", "invalid_file"),
    ("UTF-8", "UTF-7", "invalid_file"),
    ("UTF-8", "UTF-16", "invalid_file"),
    ("UTF-8", "GB18030", "invalid_file"),
]  # fmt: skip


async def test_a_banks_message_is_refused_by_name(world: World) -> None:
    assert (await opened(world)).status_code == 201
    for number, (old, new, code) in enumerate(MESSAGES):
        assert old in WHOLE
        world.operator.now = NOON + timedelta(minutes=number)
        refused = await hand_in(world, WHOLE.replace(old, new).encode())
        assert (refused.status_code, refused.json().get("code")) == (422, code), (new[:40], refused.text)
        listed = (await world.operator.get(PATH, limit=100)).json()["messages"][-1]
        assert (listed["refused_code"], listed["statements"]) == (code, [])


async def test_a_batch_of_thousands_without_a_reference_is_taken_once(world: World) -> None:
    assert (await opened(world)).status_code == 201
    told = "".join(f"<TxDtls><Refs><EndToEndId>{n:035}</EndToEndId></Refs></TxDtls>" for n in range(5_000))
    whole = entry("10.00", "A", "NONREF").replace("<NtryDtls>", f"<NtryDtls>{told}")
    for name, kind in (("N1", "054"), ("M1", "053")):
        loaded = await hand_in(world, message([whole], "0.00", "10.00", message_id=name, kind=kind))
        assert loaded.status_code == 201, loaded.text
    assert await world.pool.fetchval("select sum(amount) from bank_entries") == 10_00


def altered(content: bytes, chance: Random) -> bytes:
    """A byte is another, is missing or is there too often; or a piece is gone, or twice."""
    place, end = sorted(chance.randrange(len(content)) for _ in range(2))
    piece = chance.choice((bytes([chance.randrange(256)]), b"", content[place : place + 1] * 2))
    return chance.choice((
        content[:place] + piece + content[place + 1 :], content[:place] + content[end:],
        content[:end] + content[place:],
    ))  # fmt: skip


async def test_however_its_bytes_are_altered_a_file_is_taken_or_refused(world: World) -> None:
    assert (await opened(world)).status_code == 201
    chance, content = Random(12), await ours(world)
    statement = message([entry("10.00", "A"), entry("-3.00", "B", "R2", text="x")], "0.00", "7.00")
    answers: list[httpx.Response] = []
    for _ in range(60):
        answers.append(await send(world, altered(content, chance), dry_run="true"))
        answers.append(await hand_in(world, altered(statement, chance)))
    assert {one.status_code for one in answers} <= {200, 201, 422}, [one.text for one in answers]
    assert {422} < {one.status_code for one in answers}
