"""The account: a person's limit in one currency, at all merchants. Pure; the row in `accounts` is the authority."""

import msgspec

from service.errors import Code, Refused


class Account(msgspec.Struct, frozen=True):
    """A person in one currency. Amounts in minor units; `available = limit - reserved - used`."""

    bucket: int
    person_id: str  # whose it is: one human being, whichever merchants know them
    currency: str
    limit: int
    reserved: int = 0  # promised by authorized plans
    used: int = 0  # principal owed, and what a word says was paid that nobody has proved
    version: int = 1  # counts every change, also of what a checkout knows of the plans
    is_owed_again: bool = False  # a payment was taken back since it was read, which may lift it above the limit

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


def expose(account: Account, reserved: int, used: int, *, is_new: bool = False) -> Account:
    """So much more is promised, so much more is owed; less where negative.

    What is new in sum needs room, as it does for `reserve`: refused with LIMIT_EXCEEDED. What is not was owed before,
    and a payment of it was taken back; that may lift what is owed above the limit.
    """
    if not reserved and not used:
        return account
    if is_new and 0 < reserved + used > account.available:
        sentence = (
            f"It needs {reserved + used} more of the limit, {max(account.available, 0)} is available (minor units)."
        )
        raise Refused(Code.LIMIT_EXCEEDED, sentence, "/amount")
    assert account.reserved + reserved >= 0
    assert account.used + used >= 0
    after = _with(account, account.reserved + reserved, account.used + used)
    return msgspec.structs.replace(after, is_owed_again=account.is_owed_again or (reserved + used > 0 and not is_new))


def _with(account: Account, reserved: int, used: int) -> Account:
    return Account(
        account.bucket, account.person_id, account.currency, account.limit, reserved, used, account.version + 1
    )
