"""Numbers of cards and accounts are found however they are spaced, and tokens are let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Code, Refused
from service.payments.account_number import IBANS, looks_like_a_number, refuse_numbers
from tests import properties  # noqa: F401 - loads the profile

# Test numbers that processors and ISO 13616 publish.
NUMBERS = [
    "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111_1111_1111_1111", "4111.1111/1111 1111",
    "378282246310005", "6011 0009 9013 9424", "tok_4111111111111111", "4111111111111111 04 28", "x4111111111111111y",
    "4222222222222", "6304000000000000000", "\uff14111 1111 1111 1111", "\u0664111111111111111",
    "DE89370400440532013000", "de89 3704 0044 0532 0130 00", "GB29-NWBK-6016-1331-9268-19",
    "iban:DE89370400440532013000", "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S",
]  # fmt: skip

TOKENS = [
    "", "tok-ada-ok", "pm_1N3k4F2eZvKYlo2C5mVYh9Qw", "4242", "card of Ada, 04/28", "4111111111111112", "411111111111",
    "41111111111111110000000000", "DE89370400440532013001", "XDE89370400440532013000", "DE89370400440532013000X",
    "ZZ89370400440532013000", "4111    1111 1111 1111", "550e8400-e29b-41d4-a716-446655440000",
]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_found(text: str) -> None:
    assert looks_like_a_number(text)


@pytest.mark.parametrize("text", TOKENS)
def test_a_token_is_let_through(text: str) -> None:
    assert not looks_like_a_number(text)


def luhn(digits: str) -> str:
    """The digit that completes a number, by the rule as it is written down, from the right."""
    total = 0
    for place, one in enumerate(reversed(digits)):
        value = int(one) * 2 if place % 2 == 0 else int(one)
        total += value // 10 + value % 10
    return str(-total % 10)


@given(st.text("0123456789", min_size=12, max_size=18), st.text(" -._/", max_size=3), st.integers(1, 17))
def test_every_number_that_passes_is_found(body: str, gap: str, cut: int) -> None:
    whole = body + luhn(body)
    assert looks_like_a_number(f"card {whole[:cut]}{gap}{whole[cut:]}!")


def check_digits(country: str, body: str) -> str:
    """Those that complete an account's number, by ISO 7064's mod 97."""
    turned = "".join(str(int(letter, 36)) for letter in f"{body}{country}00")
    return f"{98 - int(turned) % 97:02}"


@given(st.sampled_from(sorted(IBANS)), st.data())
def test_every_account_that_passes_is_found(country: str, data: st.DataObject) -> None:
    _, shape = IBANS[country]
    body = data.draw(st.from_regex(shape, fullmatch=True))[4:]
    iban = f"{country}{check_digits(country, body)}{body}"
    spaced = " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
    assert looks_like_a_number(iban)
    assert looks_like_a_number(spaced.lower())


@pytest.mark.parametrize(
    "text",
    [
        "6922df4111111111111111", "a4111111111111111", "41111111-1111-1111-8111-123456789012", "order 4711",
        "at 2026-12-15 23:59:00+01:00",  # an Austrian IBAN has as many digits
        "order be80570f-1c5a-4e71-8cc5-0592c28275a2", "cart_ee910273-ae86-49df-b1ac-c60007a60475",  # nor a Belgian one
        "89ad24ab-0674-42e8-be06-1b487db510a5", "885A49AF-AD96-483C-9C85-8B167FA597DD",
    ],
)  # fmt: skip
def test_a_reference_that_holds_a_card_by_chance_is_kept(text: str) -> None:
    refuse_numbers(text, "/reference")


def test_an_order_number_that_counts_time_is_kept() -> None:
    """In milliseconds and microseconds: of such numbers one in ten passes Luhn's check."""
    for at in range(1_774_000_000_123, 1_774_000_001_123):
        refuse_numbers(f"{at}", "/merchant_reference")
        refuse_numbers(f"order {at}{at % 997:03}", "/merchant_reference")


@pytest.mark.parametrize("text", ["124-45-6789-1", "000-12-3456", "RE123456A", "RSSMRA85T10A562T", "185127512345699"])
def test_what_only_resembles_a_persons_number_is_kept(text: str) -> None:
    refuse_numbers(text, "/evidence")


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111", "card:4111-1111-1111-1111", "(4111111111111111)", "DE89 3704 0044 0532 0130 00",
        "378282246310005", "5555 5555 5555 4444", "2223003122003222", "30569309025904", "3530111333300000",
        "SSN 536-90-4399", "her number, JG 10 37 59 A", "rssmra85t10a562s", "2 55 08 14 168 025 38",
    ],
)  # fmt: skip
def test_a_number_where_none_belongs_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        refuse_numbers(text, "/reference")
    assert (refused.value.code, refused.value.pointer) == (Code.MISPLACED_NUMBER, "/reference")
    assert text not in refused.value.detail


def test_an_id_of_a_plan_is_no_account_in_poland_although_it_counts_as_one() -> None:
    """Two letters and 26 more, of which one in 97 passes the check: but there all of them are digits."""
    ids = (f"01M8NNGWSJNKVWYBQ5AJ{place:06}" for place in range(1_000))
    counted = [one for one in ids if check_digits("PL", one[2:]) == "98"]  # 01 leaves the same of 97
    assert len(counted) > 5
    for one in counted:
        refuse_numbers(f"refund 2 of pl_{one}", "/reference")
        assert not looks_like_a_number(f"pl_{one}")
