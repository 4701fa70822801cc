"""The account: a consumer's limit in one currency. Pure; the row in `accounts` is the authority."""

import msgspec

from service.errors import Code, Refused


class Account(msgspec.Struct, frozen=True):
    """A consumer in one currency. Amounts in minor units; `available = limit - reserved - used`."""

    bucket: int
    consumer_id: str
    currency: str
    limit: int
    reserved: int = 0  # promised by authorized plans
    used: int = 0  # principal owed
    version: int = 1  # counts every change

    @property
    def available(self) -> int:
        """What may still be promised; negative when the limit was lowered below what is out."""
        return self.limit - self.reserved - self.used


def reserve(account: Account, amount: int) -> Account:
    """Promise `amount`. Refuses with LIMIT_EXCEEDED: this is where every yes is decided."""
    assert amount >= 0
    if amount > account.available:
        raise Refused(
            Code.LIMIT_EXCEEDED,
            f"The plan needs {amount} of the limit, {max(account.available, 0)} is available (minor units).",
            "/offer_id",
        )
    return _with(account, account.reserved + amount, account.used)


def use(account: Account, amount: int) -> Account:
    """What was promised is now owed. No new yes: the amount was reserved before."""
    assert 0 <= amount <= account.reserved
    return _with(account, account.reserved - amount, account.used + amount)


def release(account: Account, amount: int) -> Account:
    """What was promised will not be needed."""
    assert 0 <= amount <= account.reserved
    return _with(account, account.reserved - amount, account.used)


def restore(account: Account, amount: int) -> Account:
    """Principal came back."""
    assert 0 <= amount <= account.used
    return _with(account, account.reserved, account.used - amount)


def _with(account: Account, reserved: int, used: int) -> Account:
    return Account(
        account.bucket, account.consumer_id, account.currency, account.limit, reserved, used, account.version + 1
    )
