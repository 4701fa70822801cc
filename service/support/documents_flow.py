"""Parties, arrangements and waterfalls in the database: documents in versions, the last of which is in force."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, field

from service.db import Connection, Pool, load_queries
from service.errors import Code, Refused
from service.merchants.settlement_terms import Accounts, BankAccount
from service.support.arrangement import Arrangement, Name
from service.support.capacity_flow import open_capacity, require_terms
from service.support.pool_flow import know_funders
from service.support.recovering import RecoveryOrder
from service.support.waterfall import Tier

Q: Final = load_queries(Path(__file__).with_name("documents.sql"))

ArrangementId = Annotated[str, Meta(pattern=r"^sa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]
WaterfallId = Annotated[str, Meta(pattern=r"^wf_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")]


class Party(Struct, frozen=True):
    """An insurer, a guarantor, or whoever else bears losses and is neither merchant nor partner."""

    party_id: str = field(name="id")
    name: str
    accounts: Annotated[Accounts, Meta(max_length=200)] = {}  # where it is paid, by currency


class Agreed(Struct, frozen=True):
    """An arrangement as it is now."""

    arrangement_id: str = field(name="id")
    version: int  # 1, 2, 3 ...
    document: Arrangement  # what was agreed


class Waterfall(Struct, frozen=True, forbid_unknown_fields=True):
    """In which order losses are borne, and what comes back is shared out."""

    name: Name
    tiers: Annotated[tuple[ArrangementId, ...], Meta(min_length=1, max_length=20)]  # the first bears first
    recovery_order: RecoveryOrder


class AgreedWaterfall(Struct, frozen=True):
    """A waterfall as it is now."""

    waterfall_id: str = field(name="id")
    version: int  # 1, 2, 3 ...
    document: Waterfall  # what was agreed


async def register(conn: Connection, party_id: str, name: str, now: datetime) -> None:
    """Takes on a party that bears losses."""
    await conn.execute(Q.insert_party, party_id, name, now)


async def require_party(conn: Connection, party_id: str) -> None:
    """Refused: NOT_FOUND, for who was not taken on."""
    if not await conn.fetchval(Q.is_party, party_id):
        raise _no_party(party_id)


def _no_party(party_id: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"There is no party {party_id[:100]!r}.", "/id")


async def set_account(conn: Connection, party_id: str, currency: str, account: BankAccount) -> None:
    """From now on a party is paid there, in a currency. Refused: NOT_FOUND."""
    text = await conn.fetchval(Q.lock_accounts, party_id)
    if text is None:
        raise _no_party(party_id)
    accounts = msgspec.json.decode(text, type=Accounts) | {currency: account}
    await conn.execute(Q.set_accounts, party_id, msgspec.json.encode(accounts).decode())


async def agree(conn: Connection, arrangement_id: str, document: Arrangement, now: datetime) -> int:
    """Writes down an arrangement's next version; which it is."""
    await conn.execute(Q.hold, arrangement_id)
    text = msgspec.json.encode(document).decode()
    version: int = await conn.fetchval(Q.insert_arrangement, arrangement_id, text, now)
    await open_capacity(conn, arrangement_id, document)
    if document.pool is not None:
        await know_funders(conn, arrangement_id, document.pool, now)
    return version


async def agree_waterfall(conn: Connection, waterfall_id: str, document: Waterfall, now: datetime) -> int:
    """Writes down a waterfall's next version; which it is."""
    await conn.execute(Q.hold, waterfall_id)
    text = msgspec.json.encode(document).decode()
    version: int = await conn.fetchval(Q.insert_waterfall, waterfall_id, text, now)
    return version


async def require_beneficiary(conn: Connection, beneficiary_id: str) -> None:
    """Refused: NOT_FOUND, for a partner that there is not."""
    if not await conn.fetchval(Q.is_partner, beneficiary_id):
        raise Refused(Code.NOT_FOUND, f"There is no partner {beneficiary_id!r}.", "/document/beneficiary_id")


async def require_provider(conn: Connection, provider_id: str) -> None:
    """Refused: NOT_FOUND, for who is no merchant, partner or party here."""
    if not await conn.fetchval(Q.is_provider, provider_id):
        raise Refused(Code.NOT_FOUND, f"There is no party, partner or merchant {provider_id!r}.", "/provider_id")


async def require_arrangement_there(conn: Connection, arrangement_id: str, document: Arrangement) -> None:
    """An arrangement that may have another version. Refused: NOT_FOUND; INVALID_FIELD, in another currency, or without
    the funders that it has; CAPACITY_EXCEEDED, where it bears more than by these terms it has."""
    row = await conn.fetchrow(Q.load_arrangement, arrangement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id!r}.", "/arrangement_id")
    was = msgspec.json.decode(row["document"], type=Arrangement)
    if was.currency != document.currency:
        raise Refused(Code.INVALID_FIELD, f"The arrangement is in {was.currency}, and stays so.", "/document/currency")
    if was.pool is not None and document.pool is None:
        raise Refused(Code.INVALID_FIELD, "It has funders, whose money it is, and stays a pool.", "/document/pool")
    await require_terms(conn, arrangement_id, document)


async def terms_of(conn: Connection | Pool, arrangement_id: str) -> Arrangement:
    """An arrangement's newest document. Refused: NOT_FOUND."""
    row = await conn.fetchrow(Q.load_arrangement, arrangement_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no arrangement {arrangement_id[:100]!r}.", "/arrangement_id")
    return msgspec.json.decode(row["document"], type=Arrangement)


async def require_waterfall_there(conn: Connection | Pool, waterfall_id: str, pointer: str) -> None:
    """A waterfall that may have another version. Refused: NOT_FOUND."""
    if await conn.fetchrow(Q.load_waterfall, waterfall_id) is None:
        raise Refused(Code.NOT_FOUND, f"There is no waterfall {waterfall_id!r}.", pointer)


async def tiers_of(conn: Connection | Pool, document: Waterfall, pointer: str) -> tuple[Tier, ...]:
    """The arrangements in their order, each as it is now.

    Refused: NOT_FOUND, for one that there is not; INVALID_FIELD, for one named twice, or of another currency.
    """
    rows = await conn.fetch(Q.load_arrangements, list(document.tiers))
    known = {
        row["arrangement_id"]: Tier(
            row["arrangement_id"], row["version"], msgspec.json.decode(row["document"], type=Arrangement)
        )
        for row in rows
    }
    for number, one in enumerate(document.tiers):
        if one not in known:
            raise Refused(Code.NOT_FOUND, f"There is no arrangement {one!r}.", f"{pointer}/{number}")
        if one in document.tiers[:number]:
            raise Refused(Code.INVALID_FIELD, "An arrangement is named twice.", f"{pointer}/{number}")
        first = known[document.tiers[0]].terms.currency
        if known[one].terms.currency != first:
            raise Refused(Code.INVALID_FIELD, f"The tier before it is in {first}.", f"{pointer}/{number}")
    return tuple(known[one] for one in document.tiers)


async def waterfall_version(conn: Connection, waterfall_id: str, version: int) -> Waterfall:
    """A version of a waterfall that was agreed once."""
    text = await conn.fetchval(Q.load_waterfall_version, waterfall_id, version)
    return msgspec.json.decode(text, type=Waterfall)


async def waterfall(pool: Connection | Pool, waterfall_id: str) -> AgreedWaterfall:
    """A waterfall as it is now. Refused: NOT_FOUND."""
    row = await pool.fetchrow(Q.load_waterfall, waterfall_id)
    if row is None:
        raise Refused(Code.NOT_FOUND, f"There is no waterfall {waterfall_id[:100]!r}.", "/id")
    return AgreedWaterfall(waterfall_id, row["version"], msgspec.json.decode(row["document"], type=Waterfall))


async def parties(pool: Pool, after: str, limit: int) -> list[Party]:
    """All, the oldest first."""
    return [
        Party(party_id, name, msgspec.json.decode(accounts, type=Accounts))
        for party_id, name, accounts in await pool.fetch(Q.list_parties, after, limit)
    ]


async def arrangements(pool: Pool, after: str, limit: int) -> list[Agreed]:
    """All, the oldest first."""
    return [
        Agreed(arrangement_id, version, msgspec.json.decode(document, type=Arrangement))
        for arrangement_id, version, document in await pool.fetch(Q.list_arrangements, after, limit)
    ]


async def arrangements_of(pool: Pool, party_id: str, after: str, limit: int) -> list[Agreed]:
    """Those that the party bears losses by, the oldest first."""
    return [
        Agreed(arrangement_id, version, msgspec.json.decode(document, type=Arrangement))
        for arrangement_id, version, document in await pool.fetch(Q.list_arrangements_of, party_id, after, limit)
    ]


async def arrangement(pool: Connection | Pool, arrangement_id: str) -> Agreed | None:
    """An arrangement as it is now; None: there is none."""
    row = await pool.fetchrow(Q.load_arrangement, arrangement_id)
    if row is None:
        return None
    return Agreed(arrangement_id, row["version"], msgspec.json.decode(row["document"], type=Arrangement))


async def waterfalls(pool: Pool, after: str, limit: int) -> list[AgreedWaterfall]:
    """All, the oldest first."""
    return [
        AgreedWaterfall(waterfall_id, version, msgspec.json.decode(document, type=Waterfall))
        for waterfall_id, version, document in await pool.fetch(Q.list_waterfalls, after, limit)
    ]
