"""The limit, on both sides of every edge."""

from collections.abc import Callable

import pytest

from service.errors import Code, Refused
from service.limits.account import Account, release, reserve, restore, use

ACCOUNT = Account(7, "co_1", "EUR", limit=1_000_00, reserved=300_00, used=200_00, version=5)


@pytest.mark.parametrize(
    ("move", "amount", "reserved", "used"),
    [
        (reserve, 0, 300_00, 200_00),
        (reserve, 500_00, 800_00, 200_00),
        (use, 300_00, 0, 500_00),
        (release, 300_00, 0, 200_00),
        (restore, 200_00, 300_00, 0),
    ],
)
def test_moves(move: Callable[[Account, int], Account], amount: int, reserved: int, used: int) -> None:
    after = move(ACCOUNT, amount)
    assert (after.reserved, after.used, after.limit, after.version) == (reserved, used, 1_000_00, 6)
    assert after.available == 1_000_00 - reserved - used


@pytest.mark.parametrize(("amount", "limit"), [(500_01, 1_000_00), (1, 500_00), (1, 499_99), (1, 0)])
def test_more_than_is_available_is_refused(amount: int, limit: int) -> None:
    account = Account(7, "co_1", "EUR", limit=limit, reserved=300_00, used=200_00)
    with pytest.raises(Refused) as refused:
        reserve(account, amount)
    assert refused.value.code is Code.LIMIT_EXCEEDED
    assert f"{max(0, limit - 500_00)} is available" in refused.value.detail


@pytest.mark.parametrize(
    ("move", "amount"), [(use, 300_01), (release, 300_01), (restore, 200_01), (use, -1), (reserve, -1)]
)
def test_what_cannot_be_is_broken(move: Callable[[Account, int], Account], amount: int) -> None:
    with pytest.raises(AssertionError):
        move(ACCOUNT, amount)
