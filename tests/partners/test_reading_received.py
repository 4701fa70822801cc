"""Files as partners really send them: each is read as it was meant, or refused with a code; none is guessed wrong."""

import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.partners.layout_texts import csv_head
from service.partners.layouts import FileType, Row, Txn
from service.partners.received import ReceivedType
from service.partners.receiving import rows_of
from tests.partners.rows import ANY, GOOD, PLAN, TUESDAY, csv_text

TXN = csv_head("TXN") + csv_text([GOOD[FileType.TXN]])


COMMAND = "cm_01JD8Q4Z7K7M8W3N5V2C9XTB00"


def read(content: bytes | str, kind: ReceivedType = ReceivedType.TXN, on: date = TUESDAY) -> list[Row]:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return [row for _, row in rows_of(file, kind, on)]


def semicolons(text: str) -> str:
    return text.replace(",", ";")


def reordered(text: str) -> str:
    return "".join(",".join(reversed(line.split(","))) + "\r\n" for line in text.splitlines())


def without(text: str, column: str) -> str:
    lines = [line.split(",") for line in text.splitlines()]
    place = lines[0].index(column)
    return "".join(",".join(line[:place] + line[place + 1 :]) + "\r\n" for line in lines)


@pytest.mark.parametrize(
    "content",
    [
        TXN,
        "\ufeff" + TXN,
        TXN.replace("\r\n", "\n"),
        TXN.replace("\r\n", "\r"),
        TXN + "\r\n\r\n",
        TXN + "," * TXN.split("\n")[0].count(",") + "\r\n",  # what a spreadsheet leaves of a row
        TXN.replace("\r\n", "\r\n\r\n", 1),
        semicolons(TXN),
        TXN.replace(",", "\t"),
        semicolons(TXN).replace("335.80", "335,80").replace("31.50", "31,50").replace("0.00", "0,00"),
        TXN.replace(",", "\t").replace("335.80", "335,80").replace("31.50", "31,5").replace("0.00", "0"),
        "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\r\n" for line in TXN.splitlines()),
        reordered(TXN),
        TXN.replace("335.80", " 335.8 "),
        TXN.replace("DE-7", "'DE-7"[1:]),
        without(without(TXN, "settlement_id"), "reverses_event_id"),
    ],
)
def test_what_is_meant_is_read(content: str) -> None:
    assert read(content) == [GOOD[FileType.TXN]]


@pytest.mark.parametrize("event_id", [COMMAND, f"{COMMAND}.1", f"{COMMAND}-1", f"{COMMAND}.2-11", "4711-1"])
def test_an_event_of_ours_comes_back_with_its_number(event_id: str) -> None:
    """What one cause did to several partners, or besides, is numbered."""
    (row,) = read(TXN.replace("ev-1", event_id))
    assert isinstance(row, Txn)
    assert row.event_id == event_id


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("", Code.INVALID_FILE, "empty"),
        (TXN.encode("utf-16"), Code.WRONG_ENCODING, "UTF-16"),
        (TXN.encode("utf-16-le"), Code.WRONG_ENCODING, "NUL"),
        (TXN.replace("DE-7", "Mün").encode("latin-1"), Code.WRONG_ENCODING, "0xfc"),
        (TXN.replace("fee", "fees"), Code.WRONG_COLUMNS, "'fees'"),
        (TXN.replace("event_id,", "event_id,note,iban,", 1), Code.WRONG_COLUMNS, "'note', 'iban'"),
        (without(TXN, "penalty"), Code.WRONG_COLUMNS, "missing: penalty"),
        (TXN.replace("penalty", "fee"), Code.WRONG_COLUMNS, "twice: fee"),
        (TXN.replace(",", "|"), Code.WRONG_COLUMNS, "unknown"),
        ('"' + TXN, Code.WRONG_COLUMNS, "Line 1"),
        (TXN.replace("2026-03-03", "2026-03-02", 1), Code.WRONG_DAY, "2026-03-02"),
        (TXN[:-40], Code.CUT_SHORT, "Line 2"),
        (TXN.replace("DE-7", '"DE-7'), Code.CUT_SHORT, "unexpected end"),
        (TXN.replace("335.80", "335,80"), Code.INVALID_FILE, "fields"),
        (TXN.replace("335.80", '"335,80"'), Code.INVALID_FILE, "','"),
        (semicolons(TXN).replace("335.80", "335,80"), Code.INVALID_FILE, "the file has ','"),
        (semicolons(TXN).replace("31.50", "31,50"), Code.INVALID_FILE, "the file has '.'"),
        (semicolons(TXN).replace("335.80", "1.335,80"), Code.INVALID_FILE, "thousands"),
        (semicolons(TXN).replace("335.80", "1.335"), Code.INVALID_FILE, "more than the 2 decimals"),
        (TXN.replace("335.80", "1e3"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("credit", "debit"), Code.INVALID_FILE, "column side"),
        (TXN.replace("EUR", "EURO"), Code.INVALID_FILE, "column currency"),
        (TXN.replace("repayment", "Rückzahlung"), Code.INVALID_FILE, "column type"),
        (TXN.replace("2026-03-03", "03.03.2026", 1), Code.INVALID_FILE, "column business_on"),
        (TXN.replace("2026-03-03", "03/03/2026", 1), Code.INVALID_FILE, "column business_on"),
        (TXN.replace("2026-03-03", "2026-W10-2", 1), Code.INVALID_FILE, "column business_on"),
        (
            TXN.replace("2026-03-03", "46084", 1),
            Code.INVALID_FILE,
            "column business_on",
        ),  # as a spreadsheet counts days
        (TXN.replace("2026-03-03", "2026-03-03 00:00:00", 1), Code.INVALID_FILE, "column business_on"),
        (TXN.replace("\r\n", ",\r\n"), Code.WRONG_COLUMNS, "''"),
        (TXN.replace("\r\n", ",\r\n").replace(",\r\n", "\r\n", 1), Code.INVALID_FILE, "fields"),
        ("sep=;\r\n" + semicolons(TXN), Code.WRONG_COLUMNS, "sep="),
        (TXN.replace("event_id", "Event_ID", 1), Code.WRONG_COLUMNS, "'Event_ID'"),
        (TXN.replace("335.80", "1'335.80"), Code.INVALID_FILE, "thousands"),
        (TXN.replace("335.80", '"1,335.80"'), Code.INVALID_FILE, "thousands"),
        (TXN.replace("335.80", "1\u00a0335.80"), Code.INVALID_FILE, "thousands"),
        (semicolons(TXN).replace("335.80", "335,800"), Code.INVALID_FILE, "more than the 2 decimals"),
        (TXN.replace("335.80", "335.80-"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("335.80", "(335.80)"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("335.80", "\u2212335.80"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("335.80", "335.80 EUR"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("335.80", "3.358E+02"), Code.INVALID_FILE, "column principal"),
        (TXN.replace("335.80", "#####"), Code.INVALID_FILE, "column principal"),
        (TXN.encode("utf-32"), Code.WRONG_ENCODING, "UTF-16"),
        (TXN.encode("cp037"), Code.WRONG_ENCODING, "UTF-8"),
        (TXN.replace("ev-1", "ev\u200b1"), Code.INVALID_FILE, "nobody sees"),
        (TXN.replace("ev-1", f'"=""{COMMAND}"""'), Code.INVALID_FILE, f"changed on its way, {COMMAND}"),
        (TXN.replace("ev-1", COMMAND.lower()), Code.INVALID_FILE, "column event_id"),
        (TXN.replace("ev-1", f"{COMMAND}-x"), Code.INVALID_FILE, f"changed on its way, {COMMAND}"),
        (TXN.replace(PLAN, PLAN.lower()), Code.INVALID_FILE, f"changed on its way, {PLAN}"),
        (TXN.replace(PLAN, f"'{PLAN}"), Code.INVALID_FILE, f"changed on its way, {PLAN}"),
        (TXN.replace(PLAN, f"={PLAN}"), Code.INVALID_FILE, "column plan_id"),
        (TXN.replace(PLAN, "TOTAL"), Code.INVALID_FILE, "'TOTAL' is no plan"),
        (TXN.replace("ev-1", "x" * 70_000), Code.INVALID_FILE, "longer"),
        (TXN + TXN, Code.INVALID_FILE, "Line 3"),
        ("<html>not found</html>\r\n", Code.WRONG_COLUMNS, "<html>"),
        ("PK\x03\x04" + "a" * 50, Code.WRONG_COLUMNS, "unknown"),
    ],
)
def test_what_cannot_be_is_refused_with_a_code(content: str | bytes, code: Code, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content)
    assert refused.value.code is code, refused.value.detail
    assert says in refused.value.detail


@given(st.one_of([st.tuples(st.just(kind), st.lists(rows, max_size=4)) for kind, rows in ANY.items()]), st.booleans())
def test_what_we_write_is_read(given_rows: tuple[FileType, list[Row]], with_mark: bool) -> None:
    kind, rows = given_rows
    rows = [row for row in rows if kind is not FileType.TXN or row.business_on == rows[0].business_on]  # type: ignore[union-attr]
    on = rows[0].business_on if rows and kind is FileType.TXN else TUESDAY  # type: ignore[union-attr]
    text = ("\ufeff" if with_mark else "") + csv_head(kind) + csv_text(rows)
    assert read(text, ReceivedType(kind), on) == rows


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for kind in ReceivedType:
        with suppress(Refused):
            assert read(content, kind) == []


@given(st.integers(0, len(TXN) - 1), st.integers(0, 255))
def test_one_altered_byte_is_read_or_refused(place: int, byte: int) -> None:
    content = bytearray(TXN.encode())
    content[place] = byte
    try:
        rows = read(bytes(content))
    except Refused:
        return
    assert len(rows) <= 1


def test_a_day_in_any_file_is_held_against_the_day_it_is_sent_for() -> None:
    text = csv_head("POS").replace("currency", "currency,business_on")
    row = csv_text([GOOD[FileType.POS]]).replace("EUR", "EUR,2026-03-03")
    assert read(text + row, ReceivedType.POS) == [GOOD[FileType.POS]]
    with pytest.raises(Refused) as refused:
        read(text + row.replace("EUR,2026-03-03", "EUR,2026-03-04"), ReceivedType.POS)
    assert refused.value.code is Code.WRONG_DAY


def test_answers_are_read() -> None:
    rows = read(f"code;line;file_id\nok;;fi_1\nunknown;17;fi_1\n{PLAN};2;fi_1\n", ReceivedType.ACK)
    assert [(row.code, row.line) for row in rows] == [("ok", None), ("unknown", 17), (PLAN, 2)]  # type: ignore[union-attr]
