"""The limit, on both sides of every edge."""

import pytest

from service.errors import Code, Refused
from service.limits.account import Account, expose, reserve

ACCOUNT = Account(7, "pe_1", "EUR", limit=1_000_00, reserved=300_00, used=200_00, version=5)


@pytest.mark.parametrize(
    ("after", "reserved", "used", "is_owed_again"),
    [
        (reserve(ACCOUNT, 0), 300_00, 200_00, False),
        (reserve(ACCOUNT, 500_00), 800_00, 200_00, False),
        (expose(ACCOUNT, -300_00, 300_00), 0, 500_00, False),
        (expose(ACCOUNT, -300_00, 0), 0, 200_00, False),
        (expose(ACCOUNT, 0, -200_00), 300_00, 0, False),
        (expose(ACCOUNT, 0, 900_00), 300_00, 1_100_00, True),  # a payment was taken back: it may exceed the limit
    ],
)
def test_moves(after: Account, reserved: int, used: int, is_owed_again: bool) -> None:
    assert (after.reserved, after.used, after.limit, after.version) == (reserved, used, 1_000_00, 6)
    assert after.available == 1_000_00 - reserved - used
    assert after.is_owed_again is is_owed_again


def test_what_moves_nothing_is_no_change() -> None:
    assert expose(ACCOUNT, 0, 0) is ACCOUNT


@pytest.mark.parametrize(("amount", "limit"), [(500_01, 1_000_00), (1, 500_00), (1, 499_99), (1, 0)])
def test_more_than_is_available_is_refused(amount: int, limit: int) -> None:
    account = Account(7, "pe_1", "EUR", limit=limit, reserved=300_00, used=200_00)
    with pytest.raises(Refused) as refused:
        reserve(account, amount)
    assert refused.value.code is Code.LIMIT_EXCEEDED
    assert f"{max(0, limit - 500_00)} is available" in refused.value.detail


@pytest.mark.parametrize(("reserved", "used"), [(-300_01, 0), (0, -200_01)])
def test_what_cannot_be_is_broken(reserved: int, used: int) -> None:
    with pytest.raises(AssertionError):
        expose(ACCOUNT, reserved, used)
