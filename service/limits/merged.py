"""What becomes of accounts when two people are found to be one, or one to be two. Pure.

merged    limit = the higher of both, reserved and used = the sums; what is out may then be above the limit
divided   what goes with the plans is the new account's limit too: nothing more is granted until it is reviewed
"""

from msgspec.structs import replace

from service.limits.account import Account


def merged(gone: Account, kept: Account | None, person_id: str, bucket: int) -> tuple[Account, Account]:
    """Both accounts of one currency after the person of `gone` was found to be `person_id`.

    The version is above both, so that nobody who knew either takes what comes for older.
    """
    if kept is None:
        kept = Account(bucket, person_id, gone.currency, 0, version=0)
    one = replace(
        kept,
        limit=max(gone.limit, kept.limit),
        reserved=gone.reserved + kept.reserved,
        used=gone.used + kept.used,
        version=max(gone.version, kept.version) + 1,
    )
    return replace(gone, limit=0, reserved=0, used=0, version=gone.version + 1), one


def divided(account: Account, person_id: str, bucket: int, reserved: int, used: int) -> tuple[Account, Account | None]:
    """The account without what goes to another person, and that person's; None: nothing goes there.

    Who takes nothing along has no account, and the next decision opens one.
    """
    assert 0 <= reserved <= account.reserved
    assert 0 <= used <= account.used
    version = account.version + 1
    rest = replace(account, reserved=account.reserved - reserved, used=account.used - used, version=version)
    if reserved + used == 0:
        return rest, None
    return rest, Account(bucket, person_id, account.currency, reserved + used, reserved, used, version)
